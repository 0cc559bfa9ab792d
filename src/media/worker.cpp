// The worker: one thread, one wait. Orders of control change the legs, packets go through the relay, and a few things are done
// by the clock (5 ms: programmes and digits; 20 ms: blocks of captures; 100 ms: RTCP, silence, orphans).
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "media/browsers.h"
#include "media/captures.h"
#include "media/client.h"
#include "media/control_link.h"
#include "media/leg.h"
#include "media/log.h"
#include "media/relay.h"
#include "media/rtcp.h"
#include "media/sounds.h"

namespace pasokh::media {
namespace {

constexpr std::int64_t tick_us = 5'000, sweep_us = 20'000, slow_us = 100'000;
constexpr std::int64_t report_interval_us = 5'000'000;       // RFC 3550 §6.2: the fixed minimum
constexpr std::int64_t browser_report_interval_us = 2'000'000;  // RFC 4585 §3.5: sooner is allowed; the agent looks at the figures
constexpr std::int64_t silence_us = 30'000'000;
constexpr std::int64_t shortest_life_us = 30'000'000;        // heard within this: a live leg
constexpr std::int64_t last_writes_us = 5'000'000;           // at the end: what the disk does not take by then stays in memory, for whoever comes next
constexpr int receive_buffer = 64 * 1024;                    // 300 packets, 6 s of audio
constexpr int shared_receive_buffer = 4 * 1024 * 1024;       // as the system allows: all browsers of the worker
constexpr int expedited = 0xb8;                              // DSCP EF (RFC 3246), as phones and switches expect of voice
constexpr const char* program = "pasokh media";

volatile sig_atomic_t told_to_end = 0;                  // SIGTERM: close the captures, then go

std::uint64_t random_bits() {
  std::uint64_t bits = 0;
  [[maybe_unused]] const ssize_t got = getrandom(&bits, sizeof bits, 0);
  return bits;
}

std::int64_t wall_us() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
}

// as many descriptors as the system lets us have: two for each leg, one for each capture
void raise_descriptor_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Worker final : TransportUser, RelayEvents, BrowserUser {
 public:
  explicit Worker(const WorkerOptions& options)
      : options_(options), family_(options.bind_ip.find(':') == options.bind_ip.npos ? AF_INET : AF_INET6), link_(transport_), captures_({.memory = options.memory}), relay_(transport_, captures_, *this), browsers_(transport_, *this) {}
  ~Worker();

  Result<> start();
  void run();

 private:
  // TransportUser
  void on_datagram(Token, std::uint8_t* bytes, std::size_t size, const Address& from) override;
  void on_ready(Token) override;
  void on_soon(Token, Ahead) override;
  // RelayEvents
  void heard_first(Leg&) override;
  void heard_digit(Leg&, Digit) override;
  void programme_done(Leg&) override;

  // BrowserUser
  void on_browser_rtp(Leg&, std::uint8_t* bytes, std::size_t size, const Address& from) override;
  void on_browser_rtcp(Leg&, std::uint8_t* bytes, std::size_t size, const Address& from) override;
  void browser_changed(Leg&, BrowserState, std::string why, const Address& peer) override;
  void measure_browser(Leg&) override;

  // orders
  void obey(const HelloControl&);
  void obey(const LegWanted&);
  void obey(const LegRemove&);
  void obey(const CaptureWanted&);
  void obey(const CaptureMark&);
  void obey(const CaptureClose&);
  void obey(const WantedIsComplete&);
  void obey(const SendDigit&);
  void obey(const StatisticsAsked&);
  void obey(const Quit&);
  void obey(const BrowserSocketWanted&);

  Leg* find(LegId);
  Leg* leg_of(Token);
  Result<int> bind_port(std::uint16_t port, int buffer = receive_buffer) const;
  Result<> open(Leg&, const LegWanted&);
  Result<> open_ports(Leg&, std::uint16_t port);
  void close_ports(Leg&);
  void change(Leg&, const LegWanted&, const LegAddresses&, bool is_new);
  void start_programme(Leg&, const LegWanted&);
  void pace(Leg&);
  void listen_to(Leg&, LegId heard_before, LegId heard_now);
  void remove(LegId);
  void close_capture(CaptureId);
  Captures::Tell told() { return [this](const FromWorker& message) { link_.tell(message); }; }

  // by the clock
  int timeout_ms() const;
  void by_the_clock();
  void tick();
  void slow();
  void report(Leg&);
  void on_rtcp(Leg&, const std::uint8_t* bytes, std::size_t size, const Address& from);
  bool is_orphan();

  WorkerOptions options_;
  int family_;
  Address bind_address_;
  Transport transport_;
  ControlLink link_;
  Captures captures_;
  Relay relay_;
  Browsers browsers_;
  std::uint16_t browser_port_ = 0;
  Sounds sounds_;
  std::unordered_map<LegId, std::unique_ptr<Leg>> legs_;
  std::unordered_map<LegId, std::vector<Leg*>> listeners_;  // by the leg they hear, be it there yet or not
  std::vector<Leg*> by_fd_;                      // the leg that a descriptor belongs to
  std::vector<std::uint32_t> turns_;             // how often a descriptor number was given to a leg
  std::vector<Leg*> paced_;
  std::uint32_t last_serial_ = 0;
  std::int64_t now_us_ = 0, tick_due_us_ = 0, sweep_due_us_ = 0, slow_due_us_ = 0, control_seen_us_ = 0;
  std::string canonical_name_;
  bool quit_ = false;
};

Worker::~Worker() {
  for (auto& [id, leg] : legs_) close_ports(*leg);
  browsers_.close();
}

Result<> Worker::start() {
  raise_descriptor_limit();
  const auto address = Address::parse(options_.bind_ip, 0, family_);
  if (!address) return trouble("media-bind", "not an IP address to bind to: " + options_.bind_ip);
  bind_address_ = *address;
  TRY_DONE(link_.listen(options_.socket));
  transport_.add({Token::Kind::sounds, static_cast<std::uint32_t>(sounds_.ready_fd()), 0});
  const std::uint64_t name = random_bits();      // RFC 7022 §4.2: tells nothing about the host
  char text[20];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(name));
  canonical_name_ = text;
  now_us_ = control_seen_us_ = monotonic_us();
  return Done{};
}

void Worker::run() {
  while (!quit_ && !told_to_end) {
    transport_.run_once(*this, timeout_ms(), now_us_);
    by_the_clock();
    link_.flush();
  }
  captures_.close_all(last_writes_us, told());
  link_.flush();
}

// --- what is ready

Leg* Worker::leg_of(Token token) {
  if (token.fd >= by_fd_.size() || turns_[token.fd] != token.turn) return nullptr;
  return by_fd_[token.fd];
}

void Worker::on_datagram(Token token, std::uint8_t* bytes, std::size_t size, const Address& from) {
  if (token.kind == Token::Kind::browsers) return browsers_.on_datagram(bytes, size, from, now_us_);
  Leg* leg = leg_of(token);
  if (!leg) return;
  if (token.kind == Token::Kind::rtp) relay_.on_rtp(*leg, bytes, size, from, now_us_);
  else on_rtcp(*leg, bytes, size, from);
}

// First the leg, then its capture, whose place stands in the leg, then the block in the making, whose place stands in the capture.
void Worker::on_soon(Token token, Ahead ahead) {
  if (token.kind != Token::Kind::rtp || token.fd >= by_fd_.size()) return;
  const Leg* leg = by_fd_[token.fd];
  if (!leg) return;
  switch (ahead) {
    case Ahead::two: return leg->fetch();
    case Ahead::one:
      if (leg->capture) __builtin_prefetch(leg->capture, 1);
      return;
    case Ahead::none:
      if (leg->capture) leg->capture->sealer.fetch();
      return;
  }
}

void Worker::on_ready(Token token) {
  if (token.kind == Token::Kind::listener) return link_.on_listener();
  if (token.kind == Token::Kind::sounds) return sounds_.take_over();
  std::vector<ToWorker> orders;
  link_.on_control(token, orders);
  for (const ToWorker& order : orders) std::visit([this](const auto& alternative) { obey(alternative); }, order);
}

void Worker::on_browser_rtp(Leg& leg, std::uint8_t* bytes, std::size_t size, const Address& from) { relay_.on_rtp(leg, bytes, size, from, now_us_); }
void Worker::on_browser_rtcp(Leg& leg, std::uint8_t* bytes, std::size_t size, const Address& from) { on_rtcp(leg, bytes, size, from); }
void Worker::browser_changed(Leg& leg, BrowserState state, std::string why, const Address& peer) {
  link_.tell(BrowserLegChanged{leg.wanted.leg, state, std::move(why), peer.known() ? peer.text() : ""});
}
void Worker::measure_browser(Leg& leg) { link_.tell(BrowserLegMeasured{leg.statistics()}); }

void Worker::heard_first(Leg& leg) { link_.tell(LegHeard{leg.wanted.leg}); }
void Worker::heard_digit(Leg& leg, Digit digit) { link_.tell(DigitHeard{leg.wanted.leg, static_cast<std::uint8_t>(digit.digit), digit.duration_ms}); }
void Worker::programme_done(Leg& leg) {
  leg.programme_done_told = link_.connection();
  link_.tell(ProgrammeDone{leg.wanted.leg, leg.wanted.programme});
}

// --- orders

void Worker::obey(const HelloControl& hello) {
  if (hello.version != wire_version)
    log_line("info", "control speaks another version of the wire; what both know is done", {{"control", std::to_string(hello.version)}, {"worker", std::to_string(wire_version)}});
  HelloWorker answer;
  answer.program = program;
  answer.pid = getpid();
  for (const auto& [id, leg] : legs_) answer.legs.push_back(id);
  std::sort(answer.legs.begin(), answer.legs.end());
  answer.captures = captures_.ids();
  link_.greet(std::move(answer));
}

void Worker::obey(const LegWanted& wanted) {
  const auto addresses = addresses_of(wanted, family_);
  if (!addresses) return link_.tell(LegRefused{wanted.leg, addresses.error().text});
  Leg* leg = find(wanted.leg);
  const bool is_new = !leg;
  if (is_new) {
    auto made = std::make_unique<Leg>();
    made->serial = ++last_serial_;
    const std::uint64_t bits = random_bits(), more = random_bits();
    made->out.begin(static_cast<std::uint32_t>(bits), static_cast<std::uint16_t>(bits >> 32), static_cast<std::uint32_t>(more));
    made->silent_since_us = now_us_;
    made->report_due_us = now_us_ + report_interval_us / 2 + static_cast<std::int64_t>(more >> 32) % report_interval_us;
    leg = made.get();
    if (const auto opened = open(*leg, wanted); !opened) return link_.tell(LegRefused{wanted.leg, opened.error().text});
    leg->listeners = &listeners_[wanted.leg];
    legs_[wanted.leg] = std::move(made);
  } else if (leg->wanted.port != wanted.port || leg->wanted.browser != wanted.browser) {
    if (const auto opened = open(*leg, wanted); !opened) return link_.tell(LegRefused{wanted.leg, opened.error().text});
  }
  leg->confirmed_in = link_.connection();
  if (is_new || !(leg->wanted == wanted)) return change(*leg, wanted, *addresses, is_new);
  const bool done = wanted.programme && !wanted.hears && !leg->programme_active && !wanted.repeat_last;
  if (done && leg->programme_done_told != link_.connection()) programme_done(*leg);  // perhaps the control before never heard it
  leg->capture = captures_.find(wanted.capture);
}

void Worker::change(Leg& leg, const LegWanted& wanted, const LegAddresses& addresses, bool is_new) {
  const bool anew = is_new || wanted.media_version > leg.wanted.media_version;
  leg.latch.expect(addresses.told, addresses.network, anew);
  if (anew) leg.rtcp_peer = Address();
  leg.rtcp_told = addresses.rtcp_told;
  leg.frame = static_cast<std::size_t>(std::clamp<std::uint16_t>(wanted.ptime_ms, 10, 60)) * samples_per_ms;
  if (leg.reframer) leg.reframer->clear();
  if (wanted.detect_in_band != (leg.in_band != nullptr)) leg.in_band = wanted.detect_in_band ? std::make_unique<InBandDetector>() : nullptr;
  leg.capture = captures_.find(wanted.capture);
  if (wanted.receive && !leg.wanted.receive) leg.silent_since_us = now_us_;
  const bool heard_a_leg = static_cast<bool>(leg.wanted.hears);
  const bool other_programme = is_new || wanted.programme != leg.wanted.programme || (heard_a_leg && !wanted.hears);
  listen_to(leg, leg.wanted.hears, wanted.hears);
  leg.wanted = wanted;
  leg.speak_opus(wanted.browser && wanted.browser->send_opus && wanted.browser->opus_payload >= 0, now_us_);
  if (wanted.hears || !wanted.programme) leg.programme_active = false;
  else if (other_programme) start_programme(leg, wanted);
}

void Worker::start_programme(Leg& leg, const LegWanted& wanted) {
  std::vector<Programme::Step> steps;
  for (const PlayItem& item : wanted.items) {
    Programme::Step step;
    if (!item.file.empty()) {
      step.sound = sounds_.file(item.file);
    } else if (!item.tone.empty()) {
      step.sound = sounds_.tone(item.tone);
      if (!step.sound) { log_line("warning", "there is no such tone, it is left out", {{"tone", item.tone}}); continue; }
    } else {
      step.silence = static_cast<std::size_t>(std::clamp<std::int64_t>(item.silence_ms, 0, 3'600'000)) * samples_per_ms;
    }
    steps.push_back(std::move(step));
  }
  leg.programme = Programme(std::move(steps), wanted.repeat_last);
  leg.programme_active = true;
  leg.frame_due_us = 0;
  pace(leg);
}

void Worker::pace(Leg& leg) {
  if (std::find(paced_.begin(), paced_.end(), &leg) == paced_.end()) paced_.push_back(&leg);
}

void Worker::obey(const LegRemove& order) {
  if (!find(order.leg)) {
    LegRemoved removed;
    removed.statistics.leg = order.leg;
    return link_.tell(removed);                  // told twice, or after a restart of ours: it is gone
  }
  remove(order.leg);
}

void Worker::remove(LegId id) {
  const auto found = legs_.find(id);
  Leg& leg = *found->second;
  LegRemoved removed{leg.statistics()};
  close_ports(leg);
  if (leg.browser) browsers_.end(*leg.browser);
  std::erase(paced_, &leg);
  listen_to(leg, leg.wanted.hears, {});
  if (leg.listeners->empty()) listeners_.erase(id);
  legs_.erase(found);
  link_.tell(removed);
}

void Worker::obey(const CaptureWanted& wanted) {
  if (!captures_.want(wanted, link_.connection())) return;
  for (auto& [id, leg] : legs_)                  // said in the wrong order
    if (leg->wanted.capture == wanted.capture) leg->capture = captures_.find(wanted.capture);
}
void Worker::obey(const CaptureMark& mark) { captures_.mark(mark, now_us_); }
void Worker::obey(const CaptureClose& order) { close_capture(order.capture); }

void Worker::close_capture(CaptureId id) {
  Capture* capture = captures_.find(id);
  for (auto& [leg_id, leg] : legs_)
    if (capture && leg->capture == capture) leg->capture = nullptr;
  captures_.close(id, told());
}

void Worker::obey(const WantedIsComplete&) {
  std::vector<LegId> unwanted;
  for (const auto& [id, leg] : legs_)
    if (leg->confirmed_in != link_.connection()) unwanted.push_back(id);
  std::sort(unwanted.begin(), unwanted.end());
  for (const LegId id : unwanted) remove(id);
  const auto captures = captures_.not_confirmed_in(link_.connection());
  for (const CaptureId id : captures) close_capture(id);
  if (!unwanted.empty() || !captures.empty())
    log_line("info", "ended what control does not want any more", {{"legs", std::to_string(unwanted.size())}, {"captures", std::to_string(captures.size())}});
}

void Worker::obey(const SendDigit& order) {
  Leg* leg = find(order.leg);
  if (!leg) return;
  leg->event_sender.add(order.digits);
  pace(*leg);
}

void Worker::obey(const StatisticsAsked&) {
  WorkerStatistics told;
  told.legs = static_cast<std::int64_t>(legs_.size());
  told.packets = relay_.packets();
  timespec cpu;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  told.cpu_us = cpu.tv_sec * 1'000'000 + cpu.tv_nsec / 1'000;
  for (const auto& [id, leg] : legs_) told.each.push_back(leg->statistics());
  std::sort(told.each.begin(), told.each.end(), [](const auto& a, const auto& b) { return a.leg < b.leg; });
  link_.tell(told);
}

void Worker::obey(const Quit&) { quit_ = true; }

// Said again after each start of control; the socket that is open already stays.
void Worker::obey(const BrowserSocketWanted& wanted) {
  if (browsers_.is_open() && browser_port_ == wanted.port) return;
  const auto bound = bind_port(wanted.port, shared_receive_buffer);
  if (!bound) return link_.tell(BrowserSocketRefused{wanted.port, bound.error().text});
  const int before = browsers_.fd();
  if (const auto opened = browsers_.open(*bound, wanted.certificate); !opened) {
    close(*bound);
    return link_.tell(BrowserSocketRefused{wanted.port, opened.error().text});
  }
  if (before >= 0) {
    transport_.remove({Token::Kind::browsers, static_cast<std::uint32_t>(before), 0});
    close(before);
  }
  browser_port_ = wanted.port;
  transport_.add({Token::Kind::browsers, static_cast<std::uint32_t>(*bound), 0});
}

// --- legs and ports

Leg* Worker::find(LegId id) {
  const auto found = legs_.find(id);
  return found == legs_.end() ? nullptr : found->second.get();
}

Result<int> Worker::bind_port(std::uint16_t port, int buffer) const {
  const int fd = socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return trouble("media-descriptors", std::string("no more sockets: ") + std::strerror(errno));
  const int off = 0;
  if (family_ == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
  if (family_ == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof expedited);
  const Address address = bind_address_.with_port(port);
  if (bind(fd, address.get(), address.size()) == 0) return fd;
  const int error = errno;
  close(fd);
  return trouble("media-port-taken", "port " + std::to_string(port) + " cannot be had: " + std::strerror(error));
}

// what it needs to be reached: a place at the browsers' socket, or two ports of its own
Result<> Worker::open(Leg& leg, const LegWanted& wanted) {
  if (!wanted.browser) {
    if (leg.browser) { browsers_.end(*leg.browser); leg.browser.reset(); }
    return open_ports(leg, wanted.port);
  }
  if (!browsers_.is_open()) return trouble("media-browser-port", "the port for browsers is not open");
  close_ports(leg);
  if (leg.browser) browsers_.change(*leg.browser, *wanted.browser, now_us_);
  else leg.browser = browsers_.begin(leg, *wanted.browser, now_us_);
  return Done{};
}

// both ports or none; a leg that has ports keeps them when the new ones cannot be had
Result<> Worker::open_ports(Leg& leg, std::uint16_t port) {
  if (port == 0 || port == 65535) return trouble("media-port", "a leg needs a port and the one after it");
  TRY(rtp, bind_port(port));
  const auto rtcp = bind_port(static_cast<std::uint16_t>(port + 1));
  if (!rtcp) {
    close(rtp);
    return rtcp.error();
  }
  close_ports(leg);
  leg.rtp = {Token::Kind::rtp, static_cast<std::uint32_t>(rtp), 0};
  leg.rtcp = {Token::Kind::rtcp, static_cast<std::uint32_t>(*rtcp), 0};
  for (Token* token : {&leg.rtp, &leg.rtcp}) {
    if (by_fd_.size() <= token->fd) { by_fd_.resize(token->fd + 64); turns_.resize(token->fd + 64); }
    token->turn = ++turns_[token->fd];
    by_fd_[token->fd] = &leg;
    transport_.add(*token);
  }
  return Done{};
}

void Worker::close_ports(Leg& leg) {
  for (Token* token : {&leg.rtp, &leg.rtcp}) {
    if (token->fd == 0) continue;
    transport_.remove(*token);
    ++turns_[token->fd];
    by_fd_[token->fd] = nullptr;
    close(static_cast<int>(token->fd));
    token->fd = 0;
  }
}

void Worker::listen_to(Leg& leg, LegId before, LegId now) {
  if (before == now) return;
  if (before) {
    const auto list = listeners_.find(before);
    std::erase(list->second, &leg);
    if (list->second.empty() && !find(before)) listeners_.erase(list);
  }
  if (now) listeners_[now].push_back(&leg);
}

// --- by the clock

int Worker::timeout_ms() const {
  std::int64_t due = slow_due_us_;
  if (!paced_.empty()) due = std::min(due, tick_due_us_);
  if (!captures_.idle()) due = std::min(due, sweep_due_us_);
  return static_cast<int>(std::clamp<std::int64_t>((due - monotonic_us() + 999) / 1000, 0, 1000));
}

void Worker::by_the_clock() {
  if (now_us_ >= tick_due_us_ && !paced_.empty()) tick();
  if (now_us_ >= sweep_due_us_ && !captures_.idle()) {
    captures_.sweep(now_us_, told());
    sweep_due_us_ = now_us_ + sweep_us;
  }
  if (now_us_ >= slow_due_us_) slow();
}

void Worker::tick() {
  tick_due_us_ = std::max(tick_due_us_ + tick_us, now_us_);
  for (Leg* leg : paced_) relay_.on_tick(*leg, now_us_);
  std::erase_if(paced_, [](const Leg* leg) { return !Relay::is_paced(*leg); });
}

void Worker::slow() {
  slow_due_us_ = now_us_ + slow_us;
  browsers_.on_time(now_us_);
  if (link_.connected()) control_seen_us_ = now_us_;
  for (auto& [id, leg] : legs_) {
    if (const auto digit = leg->events.on_time(now_us_)) heard_digit(*leg, *digit);
    if (now_us_ >= leg->report_due_us) report(*leg);
    if (!leg->wanted.receive) continue;
    const std::int64_t since = std::max({leg->heard_us, leg->silent_since_us});
    if (now_us_ - std::max(since, leg->silence_told_us) >= silence_us) {
      leg->silence_told_us = now_us_;
      link_.tell(LegSilent{id, (now_us_ - since) / 1000});
    }
  }
  if (is_orphan()) {
    log_line("info", "no control and no live leg: the worker ends", {{"after_ms", std::to_string(options_.orphan_after.ms())}});
    quit_ = true;
  }
}

bool Worker::is_orphan() {
  if (now_us_ - control_seen_us_ < options_.orphan_after.us) return false;
  const std::int64_t life_us = std::max(options_.orphan_after.us, shortest_life_us);
  return std::none_of(legs_.begin(), legs_.end(), [&](const auto& entry) { return entry.second->heard_us != 0 && now_us_ - entry.second->heard_us < life_us; });
}

void Worker::report(Leg& leg) {
  // §6.3.1: 0.5 to 1.5 of the interval, so that reports of many legs never fall together
  const std::int64_t interval = leg.browser ? browser_report_interval_us : report_interval_us;
  leg.report_due_us = now_us_ + interval / 2 + static_cast<std::int64_t>(random_bits() % static_cast<std::uint64_t>(interval));
  Address to = leg.rtcp_peer.known() ? leg.rtcp_peer : leg.rtcp_told;
  if (!to.known() && leg.latch.latched()) to = leg.latch.peer().with_port(static_cast<std::uint16_t>(leg.latch.peer().port() + 1));
  if (!to.known() && !(leg.browser && leg.browser->connected())) return;
  RtcpToSend told;
  told.ssrc = leg.out.ssrc();
  told.sent_since = leg.out.packets() > leg.packets_at_report;
  leg.packets_at_report = leg.out.packets();
  told.ntp = ntp_from_unix_us(wall_us());
  told.rtp_timestamp = leg.out.timestamp_at(now_us_);
  if (leg.opus_out) told.rtp_timestamp = leg.opus_out->at_48khz(told.rtp_timestamp);
  told.packets = static_cast<std::uint32_t>(leg.out.packets());
  told.octets = static_cast<std::uint32_t>(leg.out.octets());
  told.heard = leg.reception.started();
  told.peer = leg.reception.ssrc();
  told.report = leg.reception.take_report();
  if (leg.opus_in && leg.opus_in->active()) told.report.jitter *= 6;  // in the clock of what it speaks
  told.last_sr = leg.last_sr;
  told.delay = leg.last_sr ? static_cast<std::uint32_t>((now_us_ - leg.last_sr_us) * 65536 / 1'000'000) : 0;
  told.canonical_name = canonical_name_;
  std::uint8_t packet[largest_rtcp];
  const std::size_t size = write_rtcp(packet, told);
  if (leg.browser) leg.browser->send_rtcp(packet, size);
  else transport_.send(static_cast<int>(leg.rtcp.fd), packet, size, to);
}

void Worker::on_rtcp(Leg& leg, const std::uint8_t* bytes, std::size_t size, const Address& from) {
  const bool from_peer = leg.browser             ? true
                         : leg.rtcp_peer.known() ? from == leg.rtcp_peer
                         : leg.latch.latched() ? from.same_host(leg.latch.peer())
                                               : leg.latch.allows(from);
  if (!from_peer) { ++leg.dropped_foreign; return; }
  const RtcpRead read = read_rtcp(bytes, size, leg.out.ssrc());
  if (!read.valid) { ++leg.dropped_bad; return; }
  if (!leg.rtcp_peer.known()) leg.rtcp_peer = from;
  if (read.sender_report) {
    leg.last_sr = *read.sender_report;
    leg.last_sr_us = now_us_;
  }
  if (!read.about_us) return;
  leg.take_peer_report(*read.about_us);
  if (const auto trip = round_trip_us(ntp_from_unix_us(wall_us()), *read.about_us)) leg.round_trip_us = *trip;
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);                      // a file size limit is a write error, not the end of calls
  signal(SIGTERM, [](int) { told_to_end = 1; });
  (void)setpriority(PRIO_PROCESS, 0, -10);       // audio before everything else, a starting control included; refused without the right to it
  Worker worker(options);
  if (const auto started = worker.start(); !started) {
    log_line("error", "a media worker cannot start", {{"why", started.error().text}});
    return 1;
  }
  worker.run();
  return 0;
}

}  // namespace pasokh::media
