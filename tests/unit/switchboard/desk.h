// A switchboard on a desk: no sockets, no threads, no journal file. Commits happen when the test says so; a "kill" throws away
// what was not committed and builds a new switchboard from what was.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sip/message.h"
#include "switchboard/switchboard.h"

namespace pasokh::desk {

using namespace pasokh::switchboard;

inline const sip::Flow customer_flow{sip::Transport::udp, {"127.0.0.1", 6001}, 0};
inline const sip::Flow phone_flow{sip::Transport::udp, {"127.0.0.1", 6201}, 0};

class Desk {
 public:
  Desk() { start(); }

  Switchboard& board() { return *board_; }
  Instant now{1'800'000'000'000'000};

  Reply ask(const std::string& noun, const std::string& verb, const std::string& target, std::map<std::string, std::string> settings = {}) {
    Reply reply;
    board_->command({{noun, verb, target, std::move(settings), "test"}}, [&](Reply given) { reply = std::move(given); }, now);
    commit();
    return reply;
  }

  // events and rows become durable, outputs leave
  void commit() {
    for (auto& datagram : board_->take_early()) sent.push_back(std::move(datagram));
    while (board_->has_turn()) {
      auto turn = board_->take_turn();
      for (auto& event : turn.events) journal.push_back(std::move(event));
      for (auto& row : turn.rows) {
        if (row.value) rows[{row.kind, row.key}] = *row.value;
        else rows.erase({row.kind, row.key});
      }
      for (auto& order : turn.orders) orders.push_back(std::move(order));
      for (auto& datagram : turn.datagrams) sent.push_back(std::move(datagram));
      for (auto& answer : turn.answers) answer.done(answer.reply);
      for (auto& word : turn.pages) told.push_back(std::move(word));
    }
  }
  // durable, but nothing leaves: the moment between commit and effects
  void commit_and_die() {
    while (board_->has_turn()) {
      auto turn = board_->take_turn();
      for (auto& event : turn.events) journal.push_back(std::move(event));
      for (auto& row : turn.rows) {
        if (row.value) rows[{row.kind, row.key}] = *row.value;
        else rows.erase({row.kind, row.key});
      }
    }
    kill();
  }
  void kill() {
    board_.reset();
    start();
  }

  void receive(const sip::Flow& from, const std::string& text) { board_->datagram(from, text, now); }
  void pass(Duration time) {
    const auto until = now + time;
    while (board_->deadline() <= until) {
      now = std::max(now, board_->deadline());
      board_->on_timeout(now);
      commit();
    }
    now = until;
  }

  // the newest message to that place that starts so; "" when there is none
  std::string last(const sip::Flow& to, const std::string& start) const {
    for (auto i = sent.rbegin(); i != sent.rend(); ++i)
      if (i->to.remote == to.remote && i->bytes.starts_with(start)) return i->bytes;
    return {};
  }
  std::vector<std::string> kinds() const {
    std::vector<std::string> out;
    for (const auto& recorded : journal) out.push_back(std::visit([](const auto& event) { return std::string(event.kind); }, recorded.event));
    return out;
  }

  std::vector<storage::Recorded> journal;
  std::map<std::pair<storage::LiveKind, std::string>, std::string> rows;
  std::vector<WorkerOrder> orders;
  std::vector<Datagram> sent;
  std::vector<PageWord> told;          // to pages of browser phones
  std::vector<CaptureId> finishing;

 private:
  void start() {
    Setup setup;
    setup.sip.listen_udp = {{"127.0.0.1", 5060}};
    setup.sip.local_networks = {"127.0.0.0/8"};
    setup.sip.nonce_secret = "0123456789abcdef0123456789abcdef";
    setup.sip.epoch = ++epoch_;
    setup.workers = {PortPool(20000, 20999), PortPool(21000, 21999)};
    setup.captures = "/nowhere";
    setup.browser = {10'000, "/nowhere/browser.pem", std::string(32, 'f'), {"192.0.2.10"}};
    setup.hooks.new_recording_key = [](CaptureId) { return std::pair(std::string(32, 'k'), std::string("wrapped")); };
    setup.hooks.unwrap_recording_key = [](CaptureId, std::string_view) { return std::string(32, 'k'); };
    setup.hooks.play_items = [](const floor::ProgrammeItem& item, floor::Language) { return std::vector<media::PlayItem>{{"/" + item.name, "", 0}}; };
    setup.hooks.capture_closed = [this](CaptureId capture, CallId, const std::string&, bool) { finishing.push_back(capture); };
    setup.hooks.live_row = [this](storage::LiveKind kind, std::string_view key) {
      auto found = rows.find({kind, std::string(key)});
      return found == rows.end() ? std::string() : found->second;
    };
    floor::Floor floor;
    for (const auto& recorded : journal) floor.evolve(recorded.event, recorded.at);
    board_ = std::make_unique<Switchboard>(std::move(setup), std::move(floor), journal.size());
    for (const auto& [key, value] : rows) board_->restore_row(key.first, key.second, value, now);
    board_->worker_present(0);
    board_->worker_present(1);
    board_->resume(now);
    board_->worker_up(0, now);
    board_->worker_up(1, now);
  }
  std::unique_ptr<Switchboard> board_;
  std::uint64_t epoch_ = 0;
};

}  // namespace pasokh::desk
