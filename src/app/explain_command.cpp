// pasokh explain CALL: for each offer of the call, why that agent (api/explain rebuilds the floor as it stood, and tells).
#include <algorithm>
#include <cstdio>

#include "api/explain.h"
#include "app/report_print.h"
#include "base/persian.h"
#include "base/json_text.h"
#include "floor/events.h"

namespace pasokh::app {

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
  std::vector<std::uint64_t> offers;
  for (const auto& row : detail->timeline) if (row.event == floor::CallOffered::kind) offers.push_back(row.seq);
  const auto told = api::explain_offers(dir, offers, *language, args.option("all").has_value());
  if (!told) return fail("rebuilding the floor: " + told.error().text);
  for (std::size_t i = 0; i < told->size(); ++i) {
    const auto& offer = (*told)[i];
    const auto row = std::find_if(detail->timeline.begin(), detail->timeline.end(), [&](const auto& one) { return std::to_string(one.seq) == offer.seq; });
    std::printf("%s%s  %s\n", i ? "\n" : "", when_text(offer.at, zone, *language).c_str(), row == detail->timeline.end() ? "" : row->text.c_str());
    std::string text = offer.text;  // tells the moment for programs; here a person reads
    if (const std::string moment = rfc3339(offer.at); text.find(moment) != text.npos) text.replace(text.find(moment), moment.size(), when_text(offer.at, zone, *language));
    if (!text.empty()) std::printf("%s%s", text.c_str(), text.ends_with('\n') ? "" : "\n");
  }
  if (told->empty()) std::puts(*language == floor::Language::fa ? "این تماس به هیچ کارشناسی عرضه نشد." : "This call was not offered to any agent.");
  return done;
}

}  // namespace pasokh::app
