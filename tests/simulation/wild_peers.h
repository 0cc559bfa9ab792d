// Phones and carriers that do whatever a peer may do, and much that it may not, in any order, around the real endpoint: wrong
// answers, answers of nobody, requests in every state, silence, lost connections, a phone that moves, restarts. The house gives its
// orders as wildly. Drawn from a seed; the same run on every machine. What must hold: nothing is ever left behind (`rest`).
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "../property/floor/random_floor.h"  // Dice
#include "../unit/sip/house.h"

namespace pasokh::simulate::test {

class WildPeers {
 public:
  explicit WildPeers(std::uint64_t seed) : dice_{seed} {
    settle_in();
    for (const int place : {0, 1, 2, 3}) sign_in(place);
  }

  void shake(int steps) { for (int step = 0; step < steps; ++step) act(); }

  // Everybody falls silent and the house ends what it has: after some minutes nothing may be left. What is, in words; "" nothing.
  std::string rest() {
    auto trunk = house_.trunk();
    trunk.trunk = TrunkId{2};
    trunk.networks = {"127.0.0.3"};
    trunk.targets = {carrier_};
    house_.endpoint->set_trunk(trunk, house_.now, house_.out);
    for (int round = 0; round < 3; ++round) {
      for (const auto& leg : house_.endpoint->legs()) house_.endpoint->end(leg.leg, house_.now, house_.out);
      pass(Duration::minutes(3));
    }
    const auto counted = house_.endpoint->counters();
    std::string left;
    if (counted.legs) left += std::to_string(counted.legs) + " legs ";
    if (counted.transactions) left += std::to_string(counted.transactions) + " transactions ";
    for (const auto& [key, bytes] : house_.out.rows) if (key.first == sip::RowKind::leg) { left += "rows of legs "; break; }
    return left;
  }

 private:
  using House = sip::test::House;
  struct Dialog {               // as the peer knows it
    std::string call_id, us, them, branch;   // From and To as the peer writes them; branch: of its INVITE
    sip::Flow flow;
    std::uint32_t cseq = 1, invite_cseq = 1;
    bool reliable = false;
  };
  struct Asked { sip::Message request; sip::Flow flow; int answers = 0; };
  struct Said { sip::Flow flow; std::string bytes; };

  int below(int n) { return dice_.below(n); }
  bool chance(int percent) { return dice_.chance(percent); }
  template <class T> T& one_of(std::vector<T>& all) { return all[static_cast<std::size_t>(below(static_cast<int>(all.size())))]; }
  template <class T> T& late_one_of(std::vector<T>& all) { const int n = static_cast<int>(all.size()); return all[static_cast<std::size_t>(chance(70) ? n - 1 - below(std::min(n, 4)) : below(n))]; }

  void settle_in() {
    phones_ = {{sip::Transport::udp, {"127.0.0.5", 7001}, 0}, {sip::Transport::udp, {"127.0.0.5", 7002}, 0}, {sip::Transport::tcp, {"127.0.0.6", 7003}, ++connections_}, {sip::Transport::tcp, {"127.0.0.6", 7004}, ++connections_}};
    second_carrier();
  }
  void second_carrier() {       // one that we register with
    auto trunk = house_.trunk();
    trunk.trunk = TrunkId{2};
    trunk.code = "second";
    trunk.networks = {"127.0.0.3"};
    trunk.targets = {carrier_, {sip::Transport::tcp, carrier_.remote, 0}};
    trunk.registers = true;
    trunk.register_for = Duration::seconds(90);
    trunk.options_every = Duration::seconds(40);
    house_.endpoint->set_trunk(trunk, house_.now, house_.out);
  }
  // Places 0 and 1 are two contacts of phone 201 behind a router (UDP), 2 and 3 of phone 202 (TCP).
  std::string user(int place) const { return place < 2 ? "201" : "202"; }
  std::string contact(int place) const { return "<sip:" + user(place) + "@10.9.9." + std::to_string(place + 1) + ":5060" + (place < 2 ? "" : ";transport=tcp") + ">"; }

  void sign_in(int place, const std::string& expires = "600", bool old = false) {
    auto& flow = phones_[static_cast<std::size_t>(place)];
    if (flow.transport == sip::Transport::tcp) house_.endpoint->connected(flow, house_.now, house_.out);
    auto request = house_.registration(flow, user(place));
    request.call_id = "register-" + std::to_string(place) + "-" + std::to_string(lives_[place]);
    request.cseq = old ? 1 : ++registers_;
    const auto contacts = expires == "*" ? std::string("Contact: *\r\nExpires: 0\r\n") : "Contact: " + contact(place) + ";expires=" + expires + "\r\n";
    request.extra = contacts;
    const auto challenged = give(flow, house_.write(flow, request));
    if (challenged.empty()) return;
    const auto challenge = sip::test::parsed(challenged.front().bytes);
    if (challenge.status() != 401) return;
    request.cseq = old ? 1 : ++registers_;
    request.extra += House::authorization(challenge, user(place), "secret", "REGISTER", request.uri, 1, false);
    give(flow, house_.write(flow, request));
  }

  std::vector<sip::test::Sent> give(const sip::Flow& flow, const std::string& bytes) {
    said_.push_back({flow, bytes});
    if (said_.size() > 40) said_.erase(said_.begin());
    return seen(house_.give(flow, bytes));
  }
  void pass(Duration time) { seen(house_.pass(time)); }
  template <class Order> void order(Order&& order) { house_.out.sent.clear(); order(*house_.endpoint); seen(house_.take()); }

  // What the house has sent is remembered, to be answered or not.
  std::vector<sip::test::Sent> seen(std::vector<sip::test::Sent> sent) {
    for (const auto& one : sent) {
      auto message = sip::Message::parse(one.bytes);
      if (!message) continue;
      if (message->is_request()) {
        if (message->method() == sip::Method::ack) continue;
        if (message->method() == sip::Method::invite && message->to_tag().empty())
          remember({std::string(message->call_id()), std::string(message->first(sip::Field::to)) + ";tag=p1", std::string(message->first(sip::Field::from)), "", one.to, 1, message->cseq()});
        asked_.push_back({std::move(*message), one.to});
        if (asked_.size() > 30) asked_.erase(asked_.begin());
      } else if (message->method() == sip::Method::invite && message->status() > 100) {
        for (Dialog& dialog : dialogs_)
          if (dialog.call_id == message->call_id()) {
            dialog.them = message->first(sip::Field::to);
            dialog.reliable = message->has(sip::Field::rseq);
          }
      }
    }
    for (const auto& event : house_.out.events)
      if (const auto* arrived = std::get_if<sip::LegArrived>(&event)) legs_.push_back(arrived->leg);
    house_.out.events.clear();
    if (legs_.size() > 12) legs_.erase(legs_.begin());
    return sent;
  }
  void remember(Dialog dialog) {
    dialogs_.push_back(std::move(dialog));
    if (dialogs_.size() > 12) dialogs_.erase(dialogs_.begin());
  }

  std::string session_header() {
    switch (below(6)) {
      case 0: return "Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n";
      case 1: return "Supported: timer\r\nSession-Expires: 90;refresher=uas\r\n";
      case 2: return "Session-Expires: 100\r\n";
      case 3: return chance(30) ? "Session-Expires: 20\r\n" : "Supported: timer\r\n";
      default: return "";
    }
  }
  std::string some_sdp() {
    if (chance(8)) return "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 1.2.3.4\r\nt=0 0\r\nm=video 5000 RTP/AVP 99\r\n";
    return sip::test::sdp(40'000 + 2 * below(50), "127.0.0.9", chance(70) ? "sendrecv" : "sendonly");
  }

  void call_us() {
    Dialog dialog;
    dialog.flow = chance(70) ? house_.carrier : sip::Flow{sip::Transport::tcp, {"127.0.0.2", 5090}, 900};
    if (dialog.flow.connection) house_.endpoint->connected(dialog.flow, house_.now, house_.out);
    House::Request request;
    request.call_id = dialog.call_id = "wild-" + std::to_string(++calls_) + "@peer";
    request.branch = dialog.branch = house_.branch();
    request.from = dialog.us = "<sip:09121234567@carrier.example>;tag=p1";
    request.to = dialog.them = "<sip:8000@127.0.0.1>";
    request.extra = session_header() + (chance(40) ? "Allow: INVITE, ACK, BYE, UPDATE\r\n" : "") + (chance(25) ? "Require: 100rel\r\n" : "");
    if (chance(75)) request.body = some_sdp();
    const auto flow = dialog.flow;
    remember(std::move(dialog));
    give(flow, house_.write(flow, request));
  }
  void phone_calls(int place) {
    Dialog dialog;
    dialog.flow = phones_[static_cast<std::size_t>(place)];
    House::Request request;
    request.call_id = dialog.call_id = "own-" + std::to_string(++calls_) + "@phone";
    request.from = dialog.us = "<sip:" + user(place) + "@127.0.0.1>;tag=p1";
    request.to = dialog.them = "<sip:8000@127.0.0.1>";
    request.body = some_sdp();
    const auto flow = dialog.flow;
    const auto challenged = give(flow, house_.write(flow, request));
    if (challenged.empty()) return;
    const auto challenge = sip::test::parsed(challenged.front().bytes);
    if (challenge.status() != 401) return;
    dialog.cseq = dialog.invite_cseq = request.cseq = 2;
    request.branch = dialog.branch = house_.branch();
    request.extra = House::authorization(challenge, user(place), "secret", "INVITE", request.uri, 1, false);
    remember(std::move(dialog));
    give(flow, house_.write(flow, request));
  }
  void in_dialog(Dialog& dialog) {
    static const std::vector<std::string> methods{"BYE", "INVITE", "INVITE", "INVITE", "UPDATE", "UPDATE", "PRACK", "INFO", "REFER", "OPTIONS", "NOTIFY", "MESSAGE", "ACK", "ACK", "ACK", "CANCEL"};
    auto text = methods[static_cast<std::size_t>(below(static_cast<int>(methods.size())))];
    if (text == "BYE" && chance(60)) text = "ACK";
    House::Request request;
    request.method = text;
    request.uri = "sip:pasokh@127.0.0.1:5060";
    request.from = dialog.us;
    request.to = dialog.them;
    request.call_id = dialog.call_id;
    request.contact = chance(50);
    if (text == "ACK") {
      request.cseq = dialog.invite_cseq;
      if (chance(25)) request.branch = dialog.branch;
      if (chance(60)) request.body = some_sdp();
    } else if (text == "CANCEL") {
      request.cseq = dialog.invite_cseq;
      request.branch = dialog.branch;
      request.to = dialog.them.substr(0, dialog.them.find(";tag="));
    } else {
      request.cseq = ++dialog.cseq;
    }
    if (text == "INVITE") {
      dialog.invite_cseq = dialog.cseq;
      request.branch = dialog.branch = house_.branch();
      request.extra = session_header();
      if (chance(60)) request.body = some_sdp();
    }
    if (text == "UPDATE") { request.extra = session_header(); if (chance(50)) request.body = some_sdp(); }
    if (text == "PRACK") request.extra = "RAck: 1 " + std::to_string(dialog.invite_cseq) + " INVITE\r\n";
    if (text == "INFO") { request.type = "application/dtmf-relay"; request.body = "Signal=5\r\nDuration=160\r\n"; }
    if (text == "REFER") request.extra = "Refer-To: <sip:8001@127.0.0.1>\r\n";
    const auto branch = dialog.branch;
    give(dialog.flow, house_.write(dialog.flow, request));
    if (text != "ACK" || request.branch.empty() || !chance(30)) return;
    for (const Said& before : said_)                      // and the INVITE that it acknowledges, late, once more
      if (before.bytes.starts_with("INVITE ") && before.bytes.find(branch) != std::string::npos) { const Said again = before; seen(house_.give(again.flow, again.bytes)); return; }
  }
  void answer(Asked& asked) {
    const auto& request = asked.request;
    const bool invite = request.method() == sip::Method::invite;
    ++asked.answers;
    static const std::vector<int> failures{486, 486, 401, 407, 422, 491, 491, 481, 408, 500, 503, 603, 405, 423};
    const int roll = below(100);
    int status = roll < 35 ? (chance(30) ? 100 : chance(50) ? 180 : 183) : roll < 75 ? 200 : failures[static_cast<std::size_t>(below(static_cast<int>(failures.size())))];
    if (!invite && status > 100 && status < 200) status = 100;
    std::string extra, body;
    if (status == 401) extra = "WWW-Authenticate: Digest realm=\"carrier\",nonce=\"n" + std::to_string(below(9)) + "\",algorithm=MD5,qop=\"auth\"\r\n";
    if (status == 407) extra = "Proxy-Authenticate: Digest realm=\"carrier\",nonce=\"n" + std::to_string(below(9)) + "\",algorithm=MD5,qop=\"auth\"\r\n";
    if (status == 422) extra = "Min-SE: 3600\r\n";
    if (status == 423) extra = "Min-Expires: " + std::to_string(60 + 60 * below(30)) + "\r\n";
    if (status == 500) extra = "Retry-After: 2\r\n";
    if (status == 200) extra = (chance(30) ? "" : "Session-Expires: 90;refresher=" + std::string(chance(50) ? "uac" : "uas") + "\r\n") + (chance(50) ? "Allow: INVITE, ACK, BYE, UPDATE\r\n" : "");
    if (invite && (status == 200 ? chance(90) : status == 183 || chance(10))) body = some_sdp();
    if (invite && status == 183 && chance(40)) extra += "Require: 100rel\r\nRSeq: " + std::to_string(asked.answers) + "\r\n";
    auto bytes = House::answer(request, status, chance(95) ? "p1" : "p2", asked.flow, extra, body);
    if (chance(3)) {                                      // of no transaction that anybody knows
      const auto at = bytes.find("branch=z9hG4bK");
      if (at != bytes.npos) bytes.insert(at + 14, "x");
    }
    auto flow = asked.flow;
    if (flow.transport == sip::Transport::tcp && flow.connection == 0) flow.connection = ++connections_;
    give(flow, bytes);
  }
  // An answer to what was never asked: a 2xx whose Call-ID and tag are of a dialog that the peer began itself.
  void answer_of_nobody(const Dialog& dialog) {
    const auto tag = dialog.them.find(";tag=");
    if (tag == std::string::npos) return;
    const std::string bytes = "SIP/2.0 200 OK\r\n" + house_.via({sip::Transport::udp, {"127.0.0.1", 5060}, 0}, house_.branch()) + "From: " + dialog.them + "\r\nTo: " + dialog.us +
                              "\r\nCall-ID: " + dialog.call_id + "\r\nCSeq: " + std::to_string(1 + below(3)) + " INVITE\r\nContact: <sip:peer@127.0.0.2:5080>\r\nContent-Length: 0\r\n\r\n";
    give(dialog.flow, bytes);
  }

  void house_acts() {
    const sip::LocalMedia media{static_cast<std::uint16_t>(30'000 + 2 * below(100))};
    if (legs_.empty() || chance(20)) {
      const LegId leg{next_leg_ += 2};
      legs_.push_back(leg);
      const int whom = below(4);
      return order([&](sip::Endpoint& e) {
        if (whom < 2) e.dial_device(leg, DeviceId{static_cast<std::uint64_t>(whom + 1)}, {"09121234567", ""}, media, house_.now, house_.out);
        else e.dial_trunk(leg, TrunkId{static_cast<std::uint64_t>(whom - 1)}, "02188888888", {"02122222222", ""}, media, house_.now, house_.out);
      });
    }
    const LegId leg = late_one_of(legs_);
    const int what = below(12);
    order([&](sip::Endpoint& e) {
      if (what < 3) e.ring(leg, house_.now, house_.out);
      else if (what < 7) e.accept(leg, media, house_.now, house_.out);
      else if (what < 8) e.refuse(leg, 480, "", house_.now, house_.out);
      else if (what < 9) e.end(leg, house_.now, house_.out);
      else if (what < 11) e.renegotiate(leg, media, house_.now, house_.out);
      else e.transfer_progress(leg, chance(50), chance(50), house_.now, house_.out);
    });
  }
  void phone_acts() {
    const int place = below(4);
    auto& flow = phones_[static_cast<std::size_t>(place)];
    const int roll = below(100);
    if (roll < 25) {
      if (chance(40)) ++lives_[place];                    // it began anew and remembers nothing
      return sign_in(place);
    }
    if (roll < 60) {                                      // elsewhere: another mapping of its router, another connection
      if (flow.transport == sip::Transport::udp) flow.remote.port = static_cast<std::uint16_t>(7'000 + below(50));
      else flow.connection = ++connections_;
      return sign_in(place);
    }
    if (roll < 66) return sign_in(place, "600", true);
    if (roll < 74) return sign_in(place, "60");
    if (roll < 80) return sign_in(place, "0");
    if (roll < 83) return sign_in(place, "*");
    if (roll < 95) {
      const auto connection = chance(60) ? phones_[static_cast<std::size_t>(2 + below(2))].connection : 900;
      return order([&](sip::Endpoint& e) { e.connection_lost(connection, house_.now, house_.out); });
    }
    if (roll < 97) {
      const auto id = static_cast<std::uint64_t>(place < 2 ? 1 : 2);
      house_.endpoint->remove_device(DeviceId{id});
      house_.endpoint->set_device(House::device(id, user(place)));
      return;
    }
    const auto to = chance(50) ? flow : carrier_;
    order([&](sip::Endpoint& e) { e.unreachable(to, house_.now, house_.out); });
  }
  void time_acts() {
    const int roll = below(100);
    if (roll < 70) return pass(Duration::milliseconds(below(900)));
    if (roll < 85) return pass(Duration::seconds(1 + below(6)));
    if (roll < 93) return pass(Duration::seconds(20 + below(20)));
    if (roll < 99) return pass(Duration::seconds(60 + below(40)));
    order([&](sip::Endpoint&) { house_.restart(); });
    second_carrier();
  }
  void act() {
    const int roll = below(100);
    if (roll < 7) return call_us();
    if (roll < 9) return phone_calls(below(4));
    if (roll < 27) return dialogs_.empty() ? call_us() : in_dialog(late_one_of(dialogs_));
    if (roll < 50) { if (!asked_.empty()) answer(late_one_of(asked_)); return; }
    if (roll < 52) { if (!dialogs_.empty()) answer_of_nobody(late_one_of(dialogs_)); return; }
    if (roll < 57) { if (!said_.empty()) { const Said again = late_one_of(said_); seen(house_.give(again.flow, again.bytes)); } return; }
    if (roll < 80) return house_acts();
    if (roll < 87) return phone_acts();
    time_acts();
  }

  floor::test::Dice dice_;
  House house_;
  sip::Flow carrier_{sip::Transport::udp, {"127.0.0.3", 5080}, 0};
  std::vector<sip::Flow> phones_;
  std::vector<Dialog> dialogs_;
  std::vector<Asked> asked_;
  std::vector<Said> said_;
  std::vector<LegId> legs_;
  std::uint64_t connections_ = 1'000, calls_ = 0, next_leg_ = 0;
  std::uint32_t registers_ = 1;
  int lives_[4] = {};
};

}  // namespace pasokh::simulate::test
