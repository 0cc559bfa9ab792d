#include "storage/agent_codes.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view find_sql = "select code from agent where id = $1";

}  // namespace

Result<AgentCodes> AgentCodes::open(const std::string& dir) {
  TRY(database, Database::open(dir + "/reports.db", Database::Mode::read_only));
  return AgentCodes(std::move(database));
}

Result<std::string> AgentCodes::find(AgentId agent) {
  std::string code;
  TRY(select, database_.prepare(find_sql));
  TRY_DONE(select.each([&](Statement& row) { code = std::string(row.text(0)); }, static_cast<std::int64_t>(agent.value)));
  return code;
}

}  // namespace pasokh::storage
