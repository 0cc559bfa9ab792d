// pasokh audit verify | list: who did what beside the journal (sign-ins, settings of people, recordings heard or exported).
#include <cstdio>
#include <cstdlib>

#include "app/print.h"
#include "app/args.h"
#include "base/json_text.h"
#include "storage/access_store.h"
#include "storage/report_queries.h"

namespace pasokh::app {
namespace {

int verify(storage::AccessStore& store) {
  const auto wrong = store.verify_audit();
  if (!wrong) return fail(wrong.error().text);
  if (!wrong->empty()) return fail("the audit log is not as it was written: " + *wrong);
  std::printf("every row as it was written, none missing between the first and the last\n");
  return done;
}

int list(storage::AccessStore& store, const Args& args) {
  const auto format = format_from(args.option("format").value_or("table"));
  if (!format) return wrong_usage("audit", format.error().text);
  const auto limit = std::atoi(args.option("limit").value_or("100").c_str());
  if (limit < 1) return wrong_usage("audit", "--limit is a number from 1 on");
  const auto rows = store.audit_rows(UINT64_MAX >> 1, limit);
  if (!rows) return fail(rows.error().text);
  auto reports = storage::Reports::open(data_dir(args));
  auto name = reports ? reports->time_zone() : Result<std::string>(std::string("UTC"));
  const storage::Zone zone(name ? *name : "UTC");
  const auto text = print_list(json_text(*rows), *format, &zone);
  if (!text) return fail(text.error().text);
  std::fputs(text->c_str(), stdout);
  return done;
}

}  // namespace

int audit_command(const Args& args) {
  const std::string verb = args.words.empty() ? "" : args.words[0];
  if ((verb != "verify" && verb != "list") || args.words.size() > 1) return wrong_usage("audit", "expected: pasokh audit verify, or pasokh audit list");
  if (auto centre = centre_stands_in(data_dir(args)); !centre) return fail(centre.error().text);
  auto store = storage::AccessStore::open(data_dir(args));
  if (!store) return fail(store.error().text);
  return verb == "verify" ? verify(**store) : list(**store, args);
}

}  // namespace pasokh::app
