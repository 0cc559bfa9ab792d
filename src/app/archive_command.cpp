// pasokh archive list … and pasokh archive export CALL --to FILE.
#include <chrono>
#include <cstdio>

#include "app/configuration.h"
#include "app/report_print.h"
#include "app/retention.h"
#include "archive/archive.h"
#include "archive/finisher.h"
#include "archive/keys.h"
#include "base/calendar.h"
#include "base/persian.h"
#include "storage/journal.h"

namespace pasokh::app {

namespace {

int list(const Args& args, storage::Reports& reports) {
  auto question = question_from(args, reports);
  if (!question) {
    const auto& code = question.error().code;
    return code == "usage" || code == "bad-time" ? wrong_usage("archive", question.error().text) : fail(question.error().text);
  }
  auto rows = reports.archive(question->filter);
  return rows ? print_rows(*rows, *question) : fail(rows.error().text);
}

Result<> export_call(const std::string& dir, const storage::ArchiveRow& row, const std::string& to) {
  if (row.state != "finished")
    return trouble("not-finished", "the recording of call " + text(row.call) + " is " + row.state + (row.why.empty() ? "" : " (" + row.why + ")") +
                                       (row.state == "capturing" || row.state == "stopped" ? "; try again in a moment" : ""));
  TRY(configuration, read_configuration(dir));
  TRY(master, archive::MasterKey::load_or_create(dir));
  TRY(journal, storage::JournalReader::open(dir));
  const auto wrapped = journal.live(storage::LiveKind::recording_key, text(row.capture));
  if (!wrapped) return trouble("no-key", "the key of this recording is gone; it has been erased");
  TRY(key, master.unwrap(*wrapped, row.capture));
  const std::string file = archive::find_recording({configuration.captures, configuration.recordings}, row.capture);
  if (file.empty()) return trouble("no-file", "the recording's file is missing in " + configuration.recordings);
  return archive::export_recording(file, key, to);
}

int export_one(const Args& args, storage::Reports& reports) {
  const auto to = args.option("to");
  if (args.words.size() != 2) return wrong_usage("archive", "which call? archive export CALL --to FILE.wav|.opus");
  if (!to) return wrong_usage("archive", "where to? archive export " + args.words[1] + " --to FILE.wav|.opus");
  if (!to->ends_with(".wav") && !to->ends_with(".opus") && !to->ends_with(".ogg")) return wrong_usage("archive", "--to must end in .wav or .opus");
  const std::string id = latin_digits(args.words[1]);
  if (id.empty() || id.find_first_not_of("0123456789") != id.npos || id.size() > 19) return wrong_usage("archive", "\"" + args.words[1] + "\" is not the id of a call");
  auto row = reports.recording({std::stoull(id)});
  if (!row) return fail(row.error().text);
  if (!*row) return fail("there is no recording of call " + id);
  if (auto exported = export_call(data_dir(args), **row, *to); !exported) return fail(exported.error().text);
  std::printf("%s\n", to->c_str());
  return done;
}

// What the server does each night, now.
int retention(const Args& args) {
  const std::string dir = data_dir(args);
  const auto configuration = read_configuration(dir);
  if (!configuration) return fail(configuration.error().text);
  auto office = storage::OfficeDatabase::open(dir);
  if (!office) return fail(office.error().text);
  Instant at{std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
  if (const auto asked = args.option("as-of")) {
    const auto typed = parse_time(*asked);
    if (!typed) return wrong_usage("archive", typed.error().text);
    at = {typed->us};
  }
  const bool dry = args.option("dry-run").has_value();
  const auto done_now = apply_retention(dir, configuration->recordings, **office, at, dry, [&](const switchboard::Commands& commands) { return switchboard::ask_centre(dir, commands); });
  if (!done_now) return fail(done_now.error().text);
  std::printf("%s %lld, held %lld\n", dry ? "would erase" : "erased", static_cast<long long>(done_now->erased), static_cast<long long>(done_now->held));
  return done;
}

}  // namespace

int archive_command(const Args& args) {
  const std::string verb = args.words.empty() ? "" : args.words[0];
  if (verb == "retention" && args.words.size() == 1) return retention(args);
  if (verb != "list" && verb != "export") return wrong_usage("archive", "expected archive list, archive export CALL --to FILE, or archive retention");
  if (verb == "list" && args.words.size() > 1) return wrong_usage("archive", "unexpected \"" + args.words[1] + "\"");
  auto reports = storage::Reports::open(data_dir(args));
  if (!reports) return fail(reports.error().text);
  return verb == "list" ? list(args, *reports) : export_one(args, *reports);
}

}  // namespace pasokh::app
