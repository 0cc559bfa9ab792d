// Links that give a phone its settings, in centre.db: each opens once. Only hashes of the links are kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/database.h"

namespace pasokh::storage {

struct ProvisioningLink {
  std::int64_t id = 0;
  std::string device, transport, made_by;
  Instant made, expires;
  std::optional<Instant> opened;
  std::string opened_from;
};

class Provisioning {
 public:
  explicit Provisioning(Database& database) : database_(database) {}
  Result<std::int64_t> add(const ProvisioningLink&, std::string_view hash);        // gives the id
  Result<std::optional<ProvisioningLink>> closed(std::string_view hash, Instant now);  // one that would open
  Result<std::optional<ProvisioningLink>> open(std::string_view hash, std::string_view from, Instant now);  // nothing: used, old or unknown
  Result<> close_again(std::int64_t id);                                           // what it was opened for has failed
  Result<std::vector<ProvisioningLink>> of(std::string_view device);               // newest first
  Result<std::int64_t> revoke(std::string_view device, Instant now);               // those that would open

 private:
  Result<std::optional<ProvisioningLink>> find(std::string_view hash);
  Database& database_;
};

}  // namespace pasokh::storage
