#include "storage/provisioning.h"

namespace pasokh::storage {
namespace {

constexpr std::string_view columns = "select id, device, transport, made_by, made_us, expires_us, opened_us, opened_from from provisioning ";
constexpr std::string_view insert_sql = "insert into provisioning(hash, device, transport, made_by, made_us, expires_us, opened_from) values ($1, $2, $3, $4, $5, $6, '') returning id";
constexpr std::string_view open_sql = "update provisioning set opened_us = $1, opened_from = $2 where hash = $3 and opened_us is null and expires_us > $4";
constexpr std::string_view close_sql = "update provisioning set opened_us = null, opened_from = '' where id = $1";
constexpr std::string_view revoke_sql = "update provisioning set expires_us = $1 where device = $2 and opened_us is null and expires_us > $3";

ProvisioningLink link_from(const Statement& row) {
  return {row.integer(0), std::string(row.text(1)), std::string(row.text(2)), std::string(row.text(3)), {row.integer(4)}, {row.integer(5)},
          row.is_null(6) ? std::nullopt : std::optional(Instant{row.integer(6)}), std::string(row.text(7))};
}

}  // namespace

Result<std::int64_t> Provisioning::add(const ProvisioningLink& link, std::string_view hash) {
  TRY(insert, database_.prepare(insert_sql));
  TRY(id, insert.number(Blob{hash}, link.device, link.transport, link.made_by, link.made.us, link.expires.us));
  return id.value_or(0);
}

Result<std::optional<ProvisioningLink>> Provisioning::find(std::string_view hash) {
  std::optional<ProvisioningLink> found;
  TRY(select, database_.prepare(std::string(columns) + "where hash = $1"));
  TRY_DONE(select.each([&](Statement& row) { found = link_from(row); }, Blob{hash}));
  return found;
}

Result<std::optional<ProvisioningLink>> Provisioning::closed(std::string_view hash, Instant now) {
  TRY(found, find(hash));
  if (found && (found->opened || found->expires <= now)) found.reset();
  return found;
}

// One statement decides who was first.
Result<std::optional<ProvisioningLink>> Provisioning::open(std::string_view hash, std::string_view from, Instant now) {
  TRY(update, database_.prepare(open_sql));
  TRY_DONE(update.run(now.us, from, Blob{hash}, now.us));
  if (database_.changes() == 0) return std::optional<ProvisioningLink>();
  return find(hash);
}

Result<> Provisioning::close_again(std::int64_t id) {
  TRY(update, database_.prepare(close_sql));
  return update.run(id);
}

Result<std::vector<ProvisioningLink>> Provisioning::of(std::string_view device) {
  std::vector<ProvisioningLink> all;
  TRY(select, database_.prepare(std::string(columns) + "where device = $1 order by id desc limit 50"));
  TRY_DONE(select.each([&](Statement& row) { all.push_back(link_from(row)); }, device));
  return all;
}

Result<std::int64_t> Provisioning::revoke(std::string_view device, Instant now) {
  TRY(update, database_.prepare(revoke_sql));
  TRY_DONE(update.run(now.us, device, now.us));
  return database_.changes();
}

}  // namespace pasokh::storage
