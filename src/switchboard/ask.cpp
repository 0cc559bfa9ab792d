// The command line's way in: a running server over its control socket, or the data folder itself when none runs.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "base/codec.h"
#include "switchboard/clock.h"
#include "switchboard/switchboard.h"

namespace pasokh::switchboard {
namespace {

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool read_exactly(int fd, char* into, std::size_t n) {
  while (n > 0) {
    const auto got = recv(fd, into, n, 0);
    if (got <= 0) return false;
    into += got;
    n -= static_cast<std::size_t>(got);
  }
  return true;
}

// nothing: no server listens there
std::optional<Reply> ask_server(const std::string& dir, const Commands& commands) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  const auto path = dir + "/control.sock";
  if (path.size() >= sizeof name.sun_path) return std::nullopt;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) {
    if (fd >= 0) close(fd);
    return std::nullopt;
  }
  const auto body = to_bytes(commands);
  auto size = static_cast<std::uint32_t>(body.size());
  std::optional<Reply> reply;
  std::string answer;
  if (write_all(fd, {reinterpret_cast<const char*>(&size), 4}) && write_all(fd, body) && read_exactly(fd, reinterpret_cast<char*>(&size), 4)) {
    answer.resize(size);
    if (read_exactly(fd, answer.data(), size)) reply = from_bytes<Reply>(answer);
  }
  close(fd);
  if (!reply) reply = Reply{false, "server-gone", "the server ended before it answered; ask again: what it had confirmed is kept", {}};
  return reply;
}

// The same switchboard, without sockets and workers: one turn, committed.
Result<Reply> ask_folder(const std::string& dir, const Commands& commands) {
  TRY(journal, storage::JournalWriter::open(dir));
  TRY(reader, storage::JournalReader::open(dir));
  const auto& opened = journal->opened();
  floor::Floor floor;
  if (!opened.snapshot.empty()) {
    TRY(loaded, floor::Floor::load(opened.snapshot));
    floor = std::move(loaded);
  }
  TRY_DONE(reader.read(opened.snapshot_seq, UINT64_MAX, [&](const storage::Recorded& recorded) { floor.evolve(recorded.event, recorded.at); return true; }));

  using storage::LiveKind;
  auto setting = [&](std::string_view key) { return reader.live(LiveKind::setting, key).value_or(""); };
  const Clock clock(setting("clock"), opened.last_at);
  Setup setup;
  setup.sip.epoch = std::strtoull(setting("epoch").c_str(), nullptr, 10) + 1;
  setup.sip.nonce_secret = "offline";  // no message leaves
  setup.hooks.live_row = [&](LiveKind kind, std::string_view key) { return reader.live(kind, key).value_or(""); };
  const auto epoch = setup.sip.epoch;
  Switchboard board(std::move(setup), std::move(floor), opened.last_seq);
  for (const auto kind : {LiveKind::device_secret, LiveKind::trunk_secret, LiveKind::person_name})
    TRY_DONE(reader.each_live(kind, [&](std::string_view key, std::string_view value) { board.restore_row(kind, key, value, clock.now()); }));

  Reply reply;
  board.command(commands, [&](Reply given) { reply = std::move(given); }, clock.now());
  auto turn = board.take_turn();
  std::erase_if(turn.rows, [](const auto& row) { return row.kind <= LiveKind::sip_other; });
  if (turn.durable_part()) {
    turn.rows.push_back({LiveKind::setting, "clock", clock.anchor()});
    turn.rows.push_back({LiveKind::setting, "epoch", std::to_string(epoch)});
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<std::optional<Trouble>> outcome;
    journal->start([&](std::uint64_t, const Trouble* trouble) {
      std::lock_guard lock(mutex);
      if (!outcome) outcome = trouble ? std::optional(*trouble) : std::nullopt;
      changed.notify_all();
    });
    storage::Batch batch;
    batch.ticket = 1;
    if (turn.events.size() > 10'000) batch.snapshot = board.snapshot();  // an import: the next start reads it at once
    batch.events = std::move(turn.events);
    batch.rows = std::move(turn.rows);
    journal->submit(std::move(batch));
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return outcome.has_value(); });
    if (*outcome) return within("writing the journal", **outcome);
  }
  journal->close();
  for (auto& answer : turn.answers) answer.done(std::move(answer.reply));
  return reply;
}

}  // namespace

Reply ask_centre(const std::string& dir, const Commands& commands) {
  Trouble last;
  for (int tries = 0; tries < 50; ++tries) {
    if (auto reply = ask_server(dir, commands)) return *reply;
    if (commands.size() == 1 && commands[0].noun == "centre" && commands[0].verb == "health")   // a folder is never in good health by itself
      return {false, "no-server", "no server runs on " + dir + "; start one: pasokh serve " + dir, {}};
    auto reply = ask_folder(dir, commands);
    if (reply) return *reply;
    last = reply.error();
    if (last.code != "locked") break;
    usleep(100'000);  // a server is starting or stopping
  }
  return {false, last.code, last.text, {}};
}

}  // namespace pasokh::switchboard
