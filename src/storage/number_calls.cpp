#include "storage/number_calls.h"

#include <algorithm>

#include "office/contacts/contacts.h"

namespace pasokh::storage {
namespace {

namespace f = pasokh::floor;

constexpr std::string_view position_sql = "select seq, sum from number_call_position where id = 1";
constexpr std::string_view put_position_sql = "insert into number_call_position(id, seq, sum) values (1, $1, $2) on conflict(id) do update set seq = excluded.seq, sum = excluded.sum";
constexpr std::string_view put_sql = "insert into number_call(key, call) values ($1, $2) on conflict(key, call) do nothing";
constexpr std::string_view calls_sql = "select call from number_call where key = $1 order by call desc limit $2";
constexpr std::string_view forget_sql = "delete from number_call where key = $1";
constexpr std::size_t key_least = 3;                    // shorter ones are extensions of ours

struct Pair { PartyId party; CallId call; };

// Whom a call is about: who called in, or whom it was placed to.
struct Reading {
  std::vector<Pair>& found;
  void operator()(const f::CallArrived& e) const { if (e.direction == f::Direction::inbound && e.caller) found.push_back({e.caller, e.call}); }
  void operator()(const f::LegDialled& e) const { if (e.party && !e.to_agent) found.push_back({e.party, e.call}); }
  template <class Other> void operator()(const Other&) const {}
};

}  // namespace

Result<> NumberCalls::catch_up(JournalReader& journal, std::uint64_t limit) {
  std::uint64_t seq = 0;
  std::string sum;
  TRY_DONE(office_.read([&](Database& database) -> Result<> {
    TRY(position, database.prepare(position_sql));
    return position.each([&](Statement& row) { seq = static_cast<std::uint64_t>(row.integer(0)); sum = row.blob(1); });
  }));
  const bool same_journal = seq == 0 || journal.sum_of(seq) == sum;
  if (same_journal && journal.last_seq() == seq) return Done{};
  if (!same_journal) seq = 0;
  std::vector<Pair> found;
  auto read = journal.read(seq, limit, [&](const Recorded& recorded) { seq = recorded.seq; std::visit(Reading{found}, recorded.event); return true; });
  if (!read) {                                         // damaged there: the rest is read, as the projector does
    TRY(next, journal.next_sound(seq));
    seq = next - 1;
  }
  return office_.write([&](Database& database) -> Result<> {
    if (!same_journal) TRY_DONE(database.run("delete from number_call"));
    TRY(put, database.prepare(put_sql));
    for (const Pair& pair : found) {
      const std::string party = journal.live(LiveKind::party, text(pair.party)).value_or("");
      const std::string key = office::contacts::number_key(party.substr(0, party.find('\n')));
      if (key.size() >= key_least) TRY_DONE(put.run(key, static_cast<std::int64_t>(pair.call.value)));
    }
    TRY(move, database.prepare(put_position_sql));
    return move.run(seq, Blob{journal.sum_of(seq)});
  });
}

Result<std::vector<CallId>> NumberCalls::calls_of(const std::vector<std::string>& number_keys, std::int64_t limit) {
  std::vector<CallId> calls;
  auto read = office_.read([&](Database& database) -> Result<> {
    TRY(select, database.prepare(calls_sql));
    for (const std::string& key : number_keys) TRY_DONE(select.each([&](Statement& row) { calls.push_back({static_cast<std::uint64_t>(row.integer(0))}); }, key, limit));
    return Done{};
  });
  if (!read) return std::move(read).error();
  std::sort(calls.begin(), calls.end(), [](CallId a, CallId b) { return b < a; });
  calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
  if (static_cast<std::int64_t>(calls.size()) > limit) calls.resize(static_cast<std::size_t>(limit));
  return calls;
}

Result<> NumberCalls::forget(const std::vector<std::string>& number_keys) {
  return office_.write([&](Database& database) -> Result<> {
    TRY(forget, database.prepare(forget_sql));
    for (const std::string& key : number_keys) TRY_DONE(forget.run(key));
    return Done{};
  });
}

}  // namespace pasokh::storage
