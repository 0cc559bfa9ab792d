// `pasokh call`: a telephone for tests. Calls a number (or registers and answers), plays and records, and prints what happened.
#include <csignal>
#include <cstdio>

#include <charconv>
#include <memory>
#include <vector>

#include "app/caller/demo_life.h"
#include "app/caller/sockets.h"
#include "app/caller/user_agent.h"
#include "app/args.h"
#include "app/commands.h"
#include "archive/files.h"
#include "archive/wav.h"
#include "base/json_text.h"

namespace pasokh::app {

namespace {

using namespace caller;

struct Wish {
  std::string number, to, from, user, password, play, record, digits;
  std::int64_t seconds = 0;          // talk for so long; 0: until the WAV is over, the other side hangs up, or 10 s
  std::int64_t wait = 0;             // give up after so long without an answer; 0: 60 s when calling, for ever when answering
  std::int64_t count = 1;
  bool answer = false, json = false;
};

struct CallResult {                     // one call, as --json prints it
  std::string number, from, outcome, ended_by, reason, codec, digits, recorded;
  std::int64_t status = 0, trying_ms = -1, ringing_ms = -1, answered_ms = -1, ended_ms = -1, talk_ms = 0;   // since the INVITE; -1: never
  std::int64_t packets_sent = 0, packets_received = 0, packets_lost = 0, largest_gap_ms = 0, jitter_us = 0;
  PASOKH_FIELDS(number, from, outcome, ended_by, reason, codec, digits, recorded, status, trying_ms, ringing_ms, answered_ms, ended_ms, talk_ms,
                packets_sent, packets_received, packets_lost, largest_gap_ms, jitter_us)
};

Result<std::int64_t> whole_number(const Args& args, const std::string& name, std::int64_t otherwise) {
  const auto given = args.option(name);
  if (!given) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(given->data(), given->data() + given->size(), value);
  if (error != std::errc{} || end != given->data() + given->size() || value < 0 || value > 86'400) return trouble("usage", "--" + name + " " + *given + ": expected a number from 0 to 86400");
  return value;
}

Result<Wish> read_wish(const Args& args) {
  Wish wish;
  const auto word = [&](const char* name) { return args.option(name).value_or(""); };
  wish.answer = args.option("answer").has_value();
  wish.json = args.option("json").has_value() || word("format") == "json";
  if (wish.answer ? !args.words.empty() : args.words.size() != 1) return trouble("usage", wish.answer ? "--answer takes no number" : "expected one number to call");
  if (!wish.answer) wish.number = args.words[0];
  wish.to = word("to");
  wish.from = word("from");
  wish.user = word("user");
  wish.password = word("password");
  wish.play = word("play");
  wish.record = word("record");
  wish.digits = word("digits");
  TRY(seconds, whole_number(args, "seconds", 0));
  TRY(wait, whole_number(args, "wait", 0));
  TRY(count, whole_number(args, "count", 1));
  wish.seconds = seconds;
  wish.wait = wait;
  wish.count = count;
  if (wish.answer && wish.user.empty()) return trouble("usage", "--answer needs --user (and --password): the device that is called");
  return wish;
}

// Without --to: the demo centre in --data DIR says where its server is; without --password, the one of its devices.
Result<> find_server(const Args& args, Wish& wish) {
  if (!wish.to.empty()) return Done{};
  TRY(demo, read_demo_file(data_dir(args) + "/demo.json"));
  wish.to = sip::text(demo.server);
  for (const auto& device : demo.devices)
    if (device.user == wish.user && !args.option("password")) wish.password = device.password;
  return Done{};
}

Loop* interrupted_loop = nullptr;
void interrupt(int) { if (interrupted_loop) interrupted_loop->stop(); }

std::string ended_by_text(EndedBy by) {
  switch (by) {
    case EndedBy::nobody: return "nobody";
    case EndedBy::us: return "us";
    case EndedBy::peer: return "peer";
    case EndedBy::refused: return "refused";
    case EndedBy::failed: return "failed";
  }
  return "";
}

class Telephone {
 public:
  explicit Telephone(Wish wish) : wish_(std::move(wish)) {}

  int run() {
    if (auto ready = prepare(); !ready) return fail(ready.error().text);
    interrupted_loop = &loop_;
    struct sigaction action{}, before_int{}, before_term{};
    action.sa_handler = interrupt;
    ::sigaction(SIGINT, &action, &before_int);
    ::sigaction(SIGTERM, &action, &before_term);
    started_ = loop_.now();
    if (wish_.answer) wait_for_calls();
    else place_call();
    loop_.run();
    leave();
    ::sigaction(SIGINT, &before_int, nullptr);
    ::sigaction(SIGTERM, &before_term, nullptr);
    interrupted_loop = nullptr;
    return report();
  }

 private:
  Result<> prepare() {
    TRY(server, resolve(wish_.to, 5060));
    if (!wish_.play.empty()) {
      TRY(wav, archive::read_wav(wish_.play));
      samples_ = std::make_shared<std::vector<std::int16_t>>(archive::mono_at(wav, 8'000));
    }
    agent_ = std::make_unique<UserAgent>(loop_, UserAgentSettings{.server = server, .user = wish_.user, .password = wish_.password});
    return agent_->open();
  }

  void place_call() {
    say("calling " + wish_.number + " at " + wish_.to + (wish_.from.empty() ? "" : " as " + wish_.from));
    const auto call = agent_->call(wish_.number, wish_.from);
    follow(call);
    call->on_progress = [this](int status, const std::string& reason) { say(std::to_string(status) + " " + reason); };
    loop_.after(Duration::seconds(wish_.wait ? wish_.wait : 60), [this, call] {
      if (call->answered() || call->ended()) return;
      say("no answer; we give up");
      call->hang_up();
      if (call->trying_at) return;                                          // CANCEL is under way and brings its answer
      trouble_ = "no answer from " + wish_.to + "; is a server listening there?";
      loop_.stop();
    });
  }

  void wait_for_calls() {
    agent_->on_call = [this](const std::shared_ptr<Call>& call) {
      if (calls_.size() >= static_cast<std::size_t>(wish_.count)) return call->refuse(486);
      say("a call from " + (call->number().empty() ? std::string("an unknown number") : call->number()));
      call->ring();
      follow(call);
      loop_.after(Duration::milliseconds(200), [call] { call->answer(); });
    };
    agent_->keep_registered(Duration::seconds(30), Duration::seconds(90), [this](const Registered& registered) {
      if (registered.status == 200) { if (!std::exchange(registered_, true)) say("registered as " + wish_.user + "; waiting for " + std::to_string(wish_.count) + (wish_.count == 1 ? " call" : " calls")); return; }
      trouble_ = registered.status == 0 ? "no answer from " + wish_.to : "the registrar refused " + wish_.user + ": " + std::to_string(registered.status);
      if (!registered_) loop_.stop();
    });
    if (wish_.wait > 0) loop_.after(Duration::seconds(wish_.wait), [this] {
      if (!calls_.empty()) return;
      trouble_ = "no call came within " + std::to_string(wish_.wait) + " s";
      loop_.stop();
    });
  }

  void follow(const std::shared_ptr<Call>& call) {
    calls_.push_back(call);
    if (!wish_.record.empty()) call->audio().keep_heard(3'600 * 8'000);
    call->audio().on_digit = [this](char digit) { say(std::string("digit ") + digit); };
    const std::weak_ptr<Call> weak = call;
    call->on_answered = [this, weak] { if (const auto answered = weak.lock()) talk(answered); };
    call->on_ended = [this, weak] { if (const auto ended = weak.lock()) over(*ended); };
  }

  void talk(const std::shared_ptr<Call>& call) {
    say("answered: " + call->codec() + ", their audio at " + sip::text(call->audio().plan().remote));
    if (samples_) call->audio().play(samples_, false, [this, call] {
      if (wish_.seconds == 0 && !wish_.answer) loop_.after(Duration::milliseconds(500), [call] { call->hang_up(); });
    });
    if (!wish_.digits.empty()) loop_.after(Duration::milliseconds(500), [this, call] { call->audio().send_digits(wish_.digits); });
    const auto seconds = wish_.seconds ? wish_.seconds : wish_.answer || samples_ ? 0 : 10;
    if (seconds > 0) loop_.at(*call->answered_at + Duration::seconds(seconds), [call] { call->hang_up(); });
  }

  void over(const Call& call) {
    say(call.ended_by() == EndedBy::peer ? "the other side hung up" : call.ended_by() == EndedBy::us ? "we hung up" : "ended: " + std::to_string(call.status()) + " " + call.reason());
    if (++ended_ < static_cast<std::size_t>(wish_.count) && wish_.answer) return;
    loop_.after(Duration::milliseconds(wish_.answer ? 0 : 300), [this] { loop_.stop(); });   // the answer to our BYE may still come
  }

  // What is still open is closed politely; half a second is enough on a working network.
  void leave() {
    for (const auto& call : calls_) call->hang_up();
    if (wish_.answer && registered_) agent_->unregister();
    loop_.after(Duration::milliseconds(wish_.answer ? 500 : 100), [this] { loop_.stop(); });
    loop_.run();
  }

  int report() {
    std::vector<CallResult> results;
    for (const auto& call : calls_) results.push_back(result_of(*call));
    if (!wish_.record.empty()) keep_recordings(results);
    if (wish_.json) std::printf("%s\n", json_text(results).c_str());
    else for (const auto& r : results) print(r);
    if (!trouble_.empty()) return fail(trouble_);
    if (wish_.answer && results.size() < static_cast<std::size_t>(wish_.count)) return fail("ended before " + std::to_string(wish_.count) + " calls had come");
    for (const auto& r : results)
      if (r.outcome != "answered") return fail("the call was not answered: " + (r.status ? std::to_string(r.status) + " " : "") + r.reason);
    return done;
  }

  CallResult result_of(const Call& call) const {
    const auto since = [&](const std::optional<Instant>& at) { return at ? (*at - call.begun_at).ms() : std::int64_t{-1}; };
    const auto& figures = call.audio().figures();
    CallResult r{.number = call.incoming() ? wish_.user : call.number(), .from = call.incoming() ? call.number() : wish_.from, .outcome = call.answered() ? "answered" : "not_answered",
              .ended_by = ended_by_text(call.ended_by()), .reason = call.reason(), .codec = call.answered() ? call.codec() : "", .digits = figures.digits};
    r.status = call.status();
    r.trying_ms = since(call.trying_at);
    r.ringing_ms = since(call.ringing_at);
    r.answered_ms = since(call.answered_at);
    r.ended_ms = since(call.ended_at);
    if (call.answered_at && call.ended_at) r.talk_ms = (*call.ended_at - *call.answered_at).ms();
    r.packets_sent = figures.sent;
    r.packets_received = figures.received;
    r.packets_lost = figures.lost;
    r.largest_gap_ms = figures.largest_gap_ms;
    r.jitter_us = static_cast<std::int64_t>(figures.jitter_ms * 1'000);
    return r;
  }

  // OUT.wav; of several calls OUT.wav, OUT-2.wav…
  void keep_recordings(std::vector<CallResult>& results) {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      auto file = wish_.record;
      if (i > 0) file.insert(file.ends_with(".wav") ? file.size() - 4 : file.size(), "-" + std::to_string(i + 1));
      if (auto written = archive::write_wav(file, {8'000, 1, calls_[i]->audio().heard()}); written) results[i].recorded = file;
      else trouble_ = written.error().text;
    }
  }

  void print(const CallResult& r) const {
    const auto at = [](std::int64_t ms) { return ms < 0 ? std::string("never") : std::to_string(ms) + " ms"; };
    std::printf("100 after %s, ringing after %s, answered after %s, ended after %s by %s\n", at(r.trying_ms).c_str(), at(r.ringing_ms).c_str(), at(r.answered_ms).c_str(), at(r.ended_ms).c_str(), r.ended_by.c_str());
    std::printf("audio: %lld packets sent, %lld received, %lld lost, jitter %.1f ms, largest gap %lld ms%s%s\n", static_cast<long long>(r.packets_sent), static_cast<long long>(r.packets_received),
                static_cast<long long>(r.packets_lost), static_cast<double>(r.jitter_us) / 1'000, static_cast<long long>(r.largest_gap_ms), r.digits.empty() ? "" : ", digits heard: ", r.digits.c_str());
    if (!r.recorded.empty()) std::printf("recorded to %s\n", r.recorded.c_str());
  }

  void say(const std::string& what) const {
    if (wish_.json) return;
    std::printf("%8.3f  %s\n", static_cast<double>((loop_.now() - started_).us) / 1e6, what.c_str());
    std::fflush(stdout);
  }

  const Wish wish_;
  Loop loop_;
  Instant started_;
  std::unique_ptr<UserAgent> agent_;
  Samples samples_;
  std::vector<std::shared_ptr<Call>> calls_;
  std::size_t ended_ = 0;
  bool registered_ = false;
  std::string trouble_;
};

}  // namespace

int call_command(const Args& args) {
  auto wish = read_wish(args);
  if (!wish) return wrong_usage("call", wish.error().text);
  if (auto found = find_server(args, *wish); !found) return fail(found.error().text + ". Say where to call with --to HOST:PORT");
  return Telephone(*wish).run();
}

}  // namespace pasokh::app
