// `pasokh user …`: people who sign in. They live in centre.db, not in the journal; a running server sees changes at once.
#pragma once

#include "app/args.h"
#include "app/print.h"
#include "base/describe.h"
#include "storage/access_store.h"

namespace pasokh::app {

int user_command(const Args& args, Format format);

// From the settings of `add` and `set`, and of an import: role=…, agent=…; others are refused.
Result<> apply_user_settings(storage::User& user, const std::map<std::string, std::string>& settings);

}  // namespace pasokh::app
