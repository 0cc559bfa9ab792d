// Codes of agents by their id, from the read models, for whoever sees events of the journal without a floor.
#pragma once

#include <string>

#include "base/ids.h"
#include "storage/database.h"

namespace pasokh::storage {

class AgentCodes {
 public:
  static Result<AgentCodes> open(const std::string& dir);
  Result<std::string> find(AgentId);               // "" when the read models do not know it (yet)

 private:
  explicit AgentCodes(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace pasokh::storage
