#include "api/explain.h"

#include "floor/floor.h"
#include "storage/journal.h"

namespace pasokh::api {
namespace {

// the floor as it stood just before `seq`
Result<std::pair<floor::Floor, std::uint64_t>> floor_before(storage::JournalReader& journal, std::uint64_t seq) {
  TRY(snapshot, journal.snapshot(seq - 1));
  if (!snapshot) return std::pair(floor::Floor(), std::uint64_t{0});
  TRY(loaded, floor::Floor::load(snapshot->second));
  return std::pair(std::move(loaded), snapshot->first);
}

}  // namespace

Result<std::vector<OfferExplained>> explain_offers(const std::string& dir, const std::vector<std::uint64_t>& offers, floor::Language language, bool all) {
  std::vector<OfferExplained> told;
  if (offers.empty()) return told;
  TRY(journal, storage::JournalReader::open(dir));
  TRY(start, floor_before(journal, offers.front()));
  auto& [floor, at_seq] = start;
  std::size_t next = 0;
  TRY_DONE(journal.read(at_seq, UINT64_MAX, [&](const storage::Recorded& recorded) {
    if (recorded.seq == offers[next]) {
      if (const auto* offer = std::get_if<floor::CallOffered>(&recorded.event))
        told.push_back({std::to_string(recorded.seq), recorded.at, std::string(floor.code(offer->agent)), floor.explain(*offer, recorded.at, language, all)});
      if (++next == offers.size()) return false;
    }
    floor.evolve(recorded.event, recorded.at);
    return true;
  }));
  return told;
}

}  // namespace pasokh::api
