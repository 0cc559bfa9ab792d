// Contacts in centre.db. Rules and the forms that searches compare: office/contacts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "office/contacts/contacts.h"
#include "storage/database.h"

namespace pasokh::storage {

class Contacts {
 public:
  explicit Contacts(Database& database) : database_(database) {}

  struct Asked {
    std::string search, number;      // words of the name, the organisation, the note, parts of numbers; a whole number
    std::int64_t after = 0;          // the last contact of the page before
    std::int64_t limit = 50;
  };
  Result<std::vector<office::contacts::Contact>> list(const Asked&);           // by name
  Result<std::optional<office::contacts::Contact>> find(std::int64_t id);
  Result<std::int64_t> save(const office::contacts::Contact&, Instant now);    // id 0: added; "contact-unknown"
  Result<> remove(std::int64_t id);                                            // "contact-unknown"

 private:
  Result<> read_numbers(office::contacts::Contact&);
  Database& database_;
};

}  // namespace pasokh::storage
