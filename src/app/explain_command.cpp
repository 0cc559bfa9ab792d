// pasokh explain CALL: for each offer of the call, why that agent. The floor as it stood at that moment is rebuilt from the
// newest snapshot before the offer and the events after it; then the floor itself tells.
#include <cstdio>

#include "app/report_print.h"
#include "base/persian.h"
#include "floor/floor.h"
#include "storage/journal.h"

namespace pasokh::app {

namespace {

// The floor just before event `seq`, going on from where `floor` is when that is nearer than a snapshot.
Result<> bring_before(floor::Floor& floor, std::uint64_t& at, std::uint64_t seq, storage::JournalReader& journal) {
  TRY(snapshot, journal.snapshot(seq - 1));
  if (snapshot && snapshot->first > at) {
    TRY(loaded, floor::Floor::load(snapshot->second));
    floor = std::move(loaded);
    at = snapshot->first;
  }
  if (at + 1 >= seq) return Done{};
  auto read = journal.read(at, seq - 1 - at, [&](const storage::Recorded& recorded) {
    floor.evolve(recorded.event, recorded.at);
    at = recorded.seq;
    return true;
  });
  return read;
}

}  // namespace

int explain_command(const Args& args) {
  if (args.words.size() != 1) return wrong_usage("explain", "which call? explain CALL");
  const std::string id = latin_digits(args.words[0]);
  if (id.empty() || id.find_first_not_of("0123456789") != id.npos || id.size() > 19) return wrong_usage("explain", "\"" + args.words[0] + "\" is not the id of a call");
  auto language = language_from(args);
  if (!language) return wrong_usage("explain", language.error().text);
  const std::string dir = data_dir(args);
  auto reports = storage::Reports::open(dir);
  if (!reports) return fail(reports.error().text);
  auto detail = reports->call({std::stoull(id)}, *language);
  if (!detail) return fail(detail.error().text);
  auto zone_name = reports->time_zone();
  const storage::Zone zone(zone_name ? *zone_name : "UTC");
  auto journal = storage::JournalReader::open(dir);
  if (!journal) return fail(journal.error().text);

  floor::Floor floor;
  std::uint64_t at = 0;
  int offers = 0;
  for (const auto& row : detail->timeline) {
    if (row.event != "CallOffered") continue;
    if (auto brought = bring_before(floor, at, row.seq, *journal); !brought) return fail("rebuilding the floor: " + brought.error().text);
    std::string told;
    auto read = journal->read_these({row.seq}, [&](const storage::Recorded& recorded) {
      if (const auto* offer = std::get_if<floor::CallOffered>(&recorded.event)) told = floor.explain(*offer, recorded.at, *language, args.option("all").has_value());
      return true;
    });
    if (!read) return fail(read.error().text);
    std::printf("%s%s  %s\n", offers++ ? "\n" : "", when_text(row.at, zone, *language).c_str(), row.text.c_str());
    if (!told.empty()) std::printf("%s%s", told.c_str(), told.ends_with('\n') ? "" : "\n");
  }
  if (offers == 0) std::puts(*language == floor::Language::fa ? "این تماس به هیچ کارشناسی عرضه نشد." : "This call was not offered to any agent.");
  return done;
}

}  // namespace pasokh::app
