#include "switchboard/loop.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>

#include "base/codec.h"
#include "media/certificate.h"
#include "media/client.h"
#include "switchboard/clock.h"
#include "switchboard/crash_points.h"
#include "switchboard/resolver.h"
#include "switchboard/sockets.h"

namespace pasokh::switchboard {
namespace {

constexpr Duration gather = Duration::milliseconds(15);        // at most one commit each…
constexpr std::uint64_t snapshot_every = 50'000;               // events
constexpr std::size_t datagrams_per_read = 32, bytes_per_datagram = 65'536;
constexpr std::size_t tcp_connections_max = 20'000, tcp_backlog_max = 1 << 20;
constexpr Duration stop_within = Duration::seconds(7);

// What an epoll entry stands for: kind in the high byte, index or connection number below.
enum class Source : std::uint64_t { udp = 1, tcp_listener, tcp, worker, control_listener, control, wake, signal };
std::uint64_t tag(Source source, std::uint64_t n) { return (static_cast<std::uint64_t>(source) << 56) | n; }

struct TcpConnection {
  int fd = -1;
  sip::Address remote;
  bool connecting = false;
  std::string out;
};
struct ControlConnection {
  int fd = -1;
  std::string in, out;
  bool busy = false;                 // a question is under way
};

std::string random_bytes(std::size_t n) {
  std::string out(n, '\0');
  std::size_t have = 0;
  while (have < n) {
    const auto got = getrandom(out.data() + have, n - have, 0);
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return out;
}

// At most so many in a second.
class Few {
 public:
  explicit Few(int a_second) : a_second_(a_second) {}
  bool allow(Instant now) {
    if (now - since_ >= Duration::seconds(1)) { since_ = now; used_ = 0; }
    return ++used_ <= a_second_;
  }

 private:
  int a_second_, used_ = 0;
  Instant since_;
};

class LoopImpl final : public Loop {
 public:
  explicit LoopImpl(LoopOptions options) : options_(std::move(options)) {}
  ~LoopImpl() override;

  Result<> start();
  int run() override;
  void post(std::function<void(Switchboard&, Instant)> task) override;
  Instant now() const override { return clock_->now(); }
  void ask(Commands commands, std::function<void(Reply)> done) override {
    post([commands = std::move(commands), done = std::move(done)](Switchboard& board, Instant now) { board.command(commands, done, now); });
  }
  void send_pages_by(Sender sender) override {
    std::lock_guard lock(page_mutex_);
    page_sender_ = std::move(sender);
  }
  void attach(Connection page, std::string device, std::string agent) override {
    post([=](Switchboard& board, Instant) { board.page_attached(page, device, agent); });
  }
  void message(Connection page, std::string json) override {
    post([page, json = std::move(json)](Switchboard& board, Instant now) { board.page_message(page, json, now); });
  }
  void detach(Connection page) override {
    post([page](Switchboard& board, Instant now) { board.page_detached(page, now); });
  }

 private:
  Result<floor::Floor> bring_back_floor();
  Result<> bind_sockets();
  void make_switchboard(floor::Floor floor);
  std::vector<std::string> browser_addresses(const std::vector<sip::Address>& own) const;
  void watch(int fd, Source source, std::uint64_t n, std::uint32_t events = EPOLLIN);
  void wake();

  bool connect_worker(std::size_t index);
  void start_worker(std::size_t index);
  void read_worker(std::size_t index);
  void worker_lost(std::size_t index);
  void tend_workers(Instant now);
  std::string worker_socket(std::size_t index) const { return options_.dir + "/media/worker-" + std::to_string(index) + ".sock"; }

  Instant tick() { return latest_ = std::max(latest_, clock_->now()); }  // what the board is told: never goes back
  Instant arrival_of(msghdr& header);
  void read_udp(std::size_t index);
  void read_refusals(std::size_t index);
  void accept_tcp(int listener);
  void read_tcp(std::uint64_t id);
  void write_tcp(std::uint64_t id);
  void close_tcp(std::uint64_t id);
  void open_tcp(const sip::Flow& to, std::string bytes);
  void accept_control();
  void read_control(std::uint64_t id);
  void write_control(std::uint64_t id);
  void close_control(std::uint64_t id);

  void transmit(std::vector<Datagram>& datagrams);
  void flush_early();
  void advance(Instant now);                     // submit what gathered, release what is durable
  void release(Turn turn);
  void on_wake();
  void watch_disk(Instant now);
  Duration sleep_time(Instant now) const;
  void begin_stop();
  bool stopped(Instant now);
  int finish();

  LoopOptions options_;
  std::unique_ptr<storage::JournalWriter> journal_;
  std::optional<storage::JournalReader> rows_;
  std::optional<Clock> clock_;
  std::unique_ptr<Switchboard> board_;
  std::unique_ptr<Resolver> resolver_;
  int epoll_ = -1, wake_ = -1, signals_ = -1, control_ = -1;
  std::vector<int> udp_, tcp_listeners_;
  Few refusals_{200};
  std::vector<sip::Address> udp_addresses_;
  std::unordered_map<std::uint64_t, TcpConnection> tcp_;
  std::unordered_map<std::uint64_t, ControlConnection> controls_;
  std::uint64_t next_connection_ = 1;
  std::vector<media::WorkerClient> workers_;
  std::vector<Instant> worker_retry_;
  std::vector<bool> worker_known_;

  std::mutex mutex_;                             // guards the two below
  std::vector<std::function<void(Switchboard&, Instant)>> posted_;
  std::vector<std::pair<std::uint64_t, std::optional<Trouble>>> committed_;

  std::mutex page_mutex_;                        // guards the next one; held while it runs, so that its owner can take it away
  Sender page_sender_;

  std::deque<std::pair<std::uint64_t, Turn>> in_flight_;
  std::uint64_t next_ticket_ = 1, snapshot_seq_ = 0;
  Instant latest_{0};
  Instant last_submit_{0}, disk_checked_{0}, stop_deadline_ = Instant::never();
  bool journal_trouble_ = false, refusing_ = false, stopping_ = false;
  std::vector<storage::RowChange> first_rows_;
  std::vector<char> receive_buffer_;
};

LoopImpl::~LoopImpl() {
  resolver_.reset();
  if (journal_) journal_->close();
  for (int fd : udp_) close(fd);
  for (int fd : tcp_listeners_) close(fd);
  for (auto& [id, connection] : tcp_) close(connection.fd);
  for (auto& [id, connection] : controls_) close(connection.fd);
  for (int fd : {epoll_, wake_, signals_, control_})
    if (fd >= 0) close(fd);
}

// --- start

Result<> LoopImpl::start() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) { files.rlim_cur = files.rlim_max; setrlimit(RLIMIT_NOFILE, &files); }
  mkdir((options_.dir + "/media").c_str(), 0700);
  mkdir(options_.captures.c_str(), 0700);
  TRY(journal, storage::JournalWriter::open(options_.dir, {.reserve_bytes = options_.reserve_bytes}));
  journal_ = std::move(journal);
  TRY(rows, storage::JournalReader::open(options_.dir));
  rows_.emplace(std::move(rows));
  TRY_DONE(bind_sockets());
  TRY(floor, bring_back_floor());
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  make_switchboard(std::move(floor));

  worker_retry_.assign(options_.media_workers, Instant{0});
  worker_known_.assign(options_.media_workers, false);
  workers_.resize(options_.media_workers);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (!connect_worker(i)) start_worker(i);
  for (int tries = 0; tries < 400; ++tries) {  // the workers just started need a moment
    bool all = true;
    for (std::size_t i = 0; i < workers_.size(); ++i) all = (workers_[i].connected() || connect_worker(i)) && all;
    if (all) break;
    usleep(5'000);
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].connected()) board_->worker_present(i);
    else return trouble("media-worker", "media worker " + std::to_string(i) + " does not start; see " + options_.dir + "/media/worker-" + std::to_string(i) + ".log");
  }
  const auto at = clock_->now();
  crash_point("restored");
  board_->resume(at);
  for (std::size_t i = 0; i < workers_.size(); ++i) board_->worker_up(i, at);
  crash_point("resumed");

  for (std::size_t i = 0; i < udp_.size(); ++i) watch(udp_[i], Source::udp, i);
  for (std::size_t i = 0; i < tcp_listeners_.size(); ++i) watch(tcp_listeners_[i], Source::tcp_listener, i);
  watch(wake_, Source::wake, 0);
  watch(signals_, Source::signal, 0);
  TRY(control, listen_unix(options_.dir + "/control.sock"));
  control_ = control;
  watch(control_, Source::control_listener, 0);
  journal_->start([this](std::uint64_t ticket, const Trouble* trouble) {
    {
      std::lock_guard lock(mutex_);
      committed_.emplace_back(ticket, trouble ? std::optional(*trouble) : std::nullopt);
    }
    wake();
  });
  return Done{};
}

Result<floor::Floor> LoopImpl::bring_back_floor() {
  const auto& opened = journal_->opened();
  floor::Floor floor;
  if (!opened.snapshot.empty()) {
    if (auto loaded = floor::Floor::load(opened.snapshot)) floor = std::move(*loaded);
    else return within("reading the floor's snapshot", loaded.error());
  }
  TRY_DONE(rows_->read(opened.snapshot_seq, UINT64_MAX, [&](const storage::Recorded& recorded) {
    floor.evolve(recorded.event, recorded.at);
    return true;
  }));
  snapshot_seq_ = opened.snapshot_seq;
  if (!opened.damaged.empty() && options_.hooks.log)
    options_.hooks.log("error", "journal-damaged", {{"range", opened.damaged}, {"do", "run `pasokh journal verify`; what is before the range is used"}});
  return floor;
}

Result<> LoopImpl::bind_sockets() {
  for (const auto& address : options_.sip_listen) {
    TRY(udp, bind_udp(address));
    udp_.push_back(udp);
    udp_addresses_.push_back(address);
    TRY(tcp, listen_tcp(address));
    tcp_listeners_.push_back(tcp);
  }
  return Done{};
}

void LoopImpl::make_switchboard(floor::Floor floor) {
  auto setting = [&](std::string_view key) { return rows_->live(storage::LiveKind::setting, key).value_or(""); };
  auto put = [&](std::string key, std::string value) { first_rows_.push_back({storage::LiveKind::setting, std::move(key), std::move(value)}); };
  clock_.emplace(setting("clock"), journal_->opened().last_at);
  put("clock", clock_->anchor());
  const auto epoch = std::strtoull(setting("epoch").c_str(), nullptr, 10) + 1;
  put("epoch", std::to_string(epoch));
  auto nonce_secret = setting("nonce-secret");
  if (nonce_secret.empty()) { nonce_secret = random_bytes(32); put("nonce-secret", nonce_secret); }

  Setup setup;
  auto& sip = setup.sip;
  const auto own = own_interfaces();
  for (const auto& address : options_.sip_listen) {
    const bool any = address.ip == "0.0.0.0" || address.ip == "::";
    if (!any) sip.listen_udp.push_back(address);
    for (const auto& ip : own.addresses)
      if (any && (address.ip == "::" || ip.find(':') == ip.npos)) sip.listen_udp.push_back({ip, address.port});
  }
  sip.listen_tcp = sip.listen_udp;
  sip.advertise = options_.advertise;
  sip.local_networks = options_.local_networks.empty() ? own.networks : options_.local_networks;
  if (options_.local_networks.empty()) for (const char* network : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "::1/128", "fc00::/7", "fe80::/10"})
    sip.local_networks.emplace_back(network);
  sip.nonce_secret = nonce_secret;
  sip.epoch = epoch;
  sip.max_transactions = options_.max_transactions;
  sip.requests_per_second_per_source = options_.requests_per_second_per_source;
  sip.new_calls_per_second = options_.new_calls_per_second;

  // the RTP range in equal slices, one per worker: a port tells its worker, also after a restart
  const std::uint32_t size = (options_.rtp_high - options_.rtp_low + 1u) / static_cast<std::uint32_t>(options_.media_workers) & ~1u;
  for (std::size_t i = 0; i < options_.media_workers; ++i) {
    const auto low = options_.rtp_low + static_cast<std::uint32_t>(i) * size;
    setup.workers.emplace_back(static_cast<std::uint16_t>(low), static_cast<std::uint16_t>(low + size - 1));
  }
  setup.captures = options_.captures;
  setup.hooks = options_.hooks;
  if (options_.browser_port != 0) {
    auto& browser = setup.browser;
    browser.certificate = options_.dir + "/keys/browser.pem";
    mkdir((options_.dir + "/keys").c_str(), 0700);
    if (auto made = media::browser_certificate(browser.certificate)) {
      browser.port = options_.browser_port;
      browser.fingerprint = *made;
      browser.addresses = browser_addresses(sip.listen_udp);
      browser.turn = {options_.turn, options_.turn_secret};
    } else if (options_.hooks.log) {
      options_.hooks.log("error", "browser-phones-off", {{"why", made.error().text}});
    }
  }
  setup.hooks.live_row = [this](storage::LiveKind kind, std::string_view key) { return rows_->live(kind, key).value_or(""); };
  resolver_ = std::make_unique<Resolver>([this](std::string trunk, std::vector<sip::Flow> targets) {
    post([trunk = std::move(trunk), targets = std::move(targets)](Switchboard& board, Instant now) { board.resolved(trunk, targets, now); });
  }, [this](std::string host, std::uint16_t port, sip::Transport transport, std::vector<sip::Flow> addresses) {
    post([host = std::move(host), port, transport, addresses = std::move(addresses)](Switchboard& board, Instant now) { board.name_resolved(host, port, transport, addresses, now); });
  });
  setup.hooks.resolve_name = [this](const std::string& host, std::uint16_t port, sip::Transport transport) { return resolver_->resolve_name(host, port, transport); };
  setup.hooks.resolve = [this](const std::string& trunk, const std::string& host, std::uint16_t port, sip::Transport transport) { resolver_->resolve(trunk, host, port, transport); };

  board_ = std::make_unique<Switchboard>(std::move(setup), std::move(floor), journal_->opened().last_seq);
  const auto at = clock_->now();
  using storage::LiveKind;
  // the settings' secrets first; dialogs and bindings need no settings to be read
  for (const auto kind : {LiveKind::setting, LiveKind::device_secret, LiveKind::trunk_secret, LiveKind::person_name, LiveKind::media_leg, LiveKind::browser_leg, LiveKind::sip_other, LiveKind::sip_trunk, LiveKind::sip_binding, LiveKind::sip_leg})
    (void)rows_->each_live(kind, [&](std::string_view key, std::string_view value) { board_->restore_row(kind, key, value, at); });
}

// Our own addresses, those that only this machine can reach last; and what the configuration names for browsers outside.
std::vector<std::string> LoopImpl::browser_addresses(const std::vector<sip::Address>& own) const {
  constexpr std::size_t most = 6;                // each is one more candidate that every browser tries
  std::vector<std::string> out = options_.browser_addresses;
  if (!options_.advertise.empty()) out.push_back(options_.advertise);
  for (const bool near : {false, true})
    for (const auto& address : own) {
      const bool is_near = address.ip.starts_with("127.") || address.ip == "::1" || address.ip.starts_with("fe80:");
      if (is_near == near && std::find(out.begin(), out.end(), address.ip) == out.end() && (!near || out.empty())) out.push_back(address.ip);
    }
  if (out.size() > most) out.resize(most);
  return out;
}

void LoopImpl::watch(int fd, Source source, std::uint64_t n, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag(source, n);
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0 && errno == EEXIST) epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void LoopImpl::wake() {
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);
}

void LoopImpl::post(std::function<void(Switchboard&, Instant)> task) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  wake();
}

// --- media workers

bool LoopImpl::connect_worker(std::size_t index) {
  if (!workers_[index].connect(worker_socket(index))) return false;
  watch(workers_[index].fd(), Source::worker, index);
  workers_[index].send(media::HelloControl{});
  return workers_[index].flush();
}

void LoopImpl::start_worker(std::size_t index) {
  const auto bind_ip = options_.sip_listen.size() == 1 ? options_.sip_listen[0].ip : std::string("0.0.0.0");
  if (auto spawned = media::spawn_worker(options_.program, worker_socket(index), bind_ip, options_.dir + "/media/worker-" + std::to_string(index) + ".log"); !spawned && options_.hooks.log)
    options_.hooks.log("error", "media-worker-start", {{"why", spawned.error().text}});
}

void LoopImpl::read_worker(std::size_t index) {
  std::vector<media::FromWorker> messages;
  const bool alive = workers_[index].receive(messages);
  const auto at = tick();
  for (const auto& message : messages) board_->worker_message(index, message, at);
  if (!alive) worker_lost(index);
}

void LoopImpl::worker_lost(std::size_t index) {
  if (stopping_) return;
  board_->worker_down(index, tick());
  worker_retry_[index] = tick();
  tend_workers(tick());
}

// A lost worker is started anew; until it answers it is tried every 20 ms.
void LoopImpl::tend_workers(Instant now) {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].connected() || stopping_ || worker_retry_[i] > now) continue;
    if (connect_worker(i)) {
      worker_known_[i] = false;
      board_->worker_up(i, now);
      continue;
    }
    if (!worker_known_[i]) start_worker(i);
    worker_known_[i] = true;  // started once; start again only after a while
    worker_retry_[i] = now + Duration::milliseconds(20);
  }
}

// --- SIP sockets

// The kernel's receive time of a datagram as an instant of ours: a busy machine may wake us late, but the caller has waited since.
Instant LoopImpl::arrival_of(msghdr& header) {
  const auto now = clock_->now();
  for (auto* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec stamped{}, wall{};
    std::memcpy(&stamped, CMSG_DATA(c), sizeof stamped);
    clock_gettime(CLOCK_REALTIME, &wall);
    const Duration ago{(wall.tv_sec - stamped.tv_sec) * 1'000'000 + (wall.tv_nsec - stamped.tv_nsec) / 1000};
    if (ago < Duration{0} || ago > Duration::seconds(5)) break;  // the wall clock was set meanwhile
    return latest_ = std::max(latest_, now - ago);
  }
  return latest_ = std::max(latest_, now);
}

void LoopImpl::read_udp(std::size_t index) {
  if (receive_buffer_.empty()) receive_buffer_.resize(datagrams_per_read * bytes_per_datagram);
  mmsghdr headers[datagrams_per_read];
  iovec vectors[datagrams_per_read];
  sockaddr_storage names[datagrams_per_read];
  alignas(cmsghdr) char controls[datagrams_per_read][CMSG_SPACE(sizeof(timespec))];
  std::memset(headers, 0, sizeof headers);
  for (std::size_t i = 0; i < datagrams_per_read; ++i) {
    vectors[i] = {receive_buffer_.data() + i * bytes_per_datagram, bytes_per_datagram};
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &names[i];
    headers[i].msg_hdr.msg_namelen = sizeof names[i];
    headers[i].msg_hdr.msg_control = controls[i];
    headers[i].msg_hdr.msg_controllen = sizeof controls[i];
  }
  const int count = recvmmsg(udp_[index], headers, datagrams_per_read, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) {
    const sip::Flow from{sip::Transport::udp, from_socket_address(names[i]), 0};
    board_->datagram(from, {receive_buffer_.data() + static_cast<std::size_t>(i) * bytes_per_datagram, headers[i].msg_len}, arrival_of(headers[i].msg_hdr));
  }
}

// RFC 3261 §18.4: host, network, port or protocol unreachable.
bool is_refusal(int error) { return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == ENOPROTOOPT; }

// What came back by ICMP for datagrams of ours (ip(7), IP_RECVERR): to whom they were. It is believed of a first INVITE that has no
// answer, and of nothing else; whoever forges addresses can make us look for so many a second.
void LoopImpl::read_refusals(std::size_t index) {
  for (int i = 0; i < 64; ++i) {
    sockaddr_storage name{};
    alignas(cmsghdr) char control[512];
    msghdr header{};
    header.msg_name = &name;
    header.msg_namelen = sizeof name;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    if (recvmsg(udp_[index], &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return;
    for (auto* c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c)) {
      const bool told = (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) || (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR);
      if (!told) continue;
      sock_extended_err error{};
      std::memcpy(&error, CMSG_DATA(c), sizeof error);
      if (is_refusal(static_cast<int>(error.ee_errno)) && refusals_.allow(clock_->now())) board_->unreachable({sip::Transport::udp, from_socket_address(name), 0}, tick());
    }
  }
}

void LoopImpl::accept_tcp(int listener) {
  for (int i = 0; i < 64; ++i) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    const int fd = accept4(listener, reinterpret_cast<sockaddr*>(&name), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (tcp_.size() >= tcp_connections_max) { close(fd); continue; }
    const int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto id = next_connection_++;
    tcp_.emplace(id, TcpConnection{fd, from_socket_address(name), false, {}});
    watch(fd, Source::tcp, id);
  }
}

void LoopImpl::open_tcp(const sip::Flow& to, std::string bytes) {
  // an open or opening connection to the same place serves too
  for (auto& [id, connection] : tcp_)
    if (connection.remote == to.remote) {
      connection.out += bytes;
      if (!connection.connecting) write_tcp(id);
      return;
    }
  const auto where = to_socket_address(to.remote);
  const auto id = next_connection_++;
  const int fd = where ? socket(where->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
  if (fd < 0 || (connect(fd, where->get(), where->length) != 0 && errno != EINPROGRESS)) {
    if (fd >= 0) close(fd);
    board_->unreachable(to, tick());
    return;
  }
  tcp_.emplace(id, TcpConnection{fd, to.remote, true, std::move(bytes)});
  watch(fd, Source::tcp, id, EPOLLIN | EPOLLOUT);
}

void LoopImpl::read_tcp(std::uint64_t id) {
  char buffer[16'384];
  for (int i = 0; i < 8; ++i) {
    auto found = tcp_.find(id);
    if (found == tcp_.end()) return;
    const auto got = recv(found->second.fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) { close_tcp(id); return; }
    if (!board_->stream({sip::Transport::tcp, found->second.remote, id}, {buffer, static_cast<std::size_t>(got)}, tick())) { close_tcp(id); return; }
  }
}

void LoopImpl::write_tcp(std::uint64_t id) {
  auto found = tcp_.find(id);
  if (found == tcp_.end()) return;
  auto& connection = found->second;
  if (connection.connecting) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    sockaddr_storage peer{};
    socklen_t peer_length = sizeof peer;
    if (error != 0) { close_tcp(id); return; }
    if (getpeername(connection.fd, reinterpret_cast<sockaddr*>(&peer), &peer_length) != 0) return;  // not yet
    connection.connecting = false;
    board_->connected({sip::Transport::tcp, connection.remote, id}, tick());
  }
  while (!connection.out.empty()) {
    const auto sent = ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (sent <= 0) { close_tcp(id); return; }
    connection.out.erase(0, static_cast<std::size_t>(sent));
  }
  if (connection.out.size() > tcp_backlog_max) { close_tcp(id); return; }  // a peer that does not read
  epoll_event event{};
  event.events = EPOLLIN | (connection.out.empty() ? 0u : EPOLLOUT);
  event.data.u64 = tag(Source::tcp, id);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoopImpl::close_tcp(std::uint64_t id) {
  auto found = tcp_.find(id);
  if (found == tcp_.end()) return;
  const bool was_connecting = found->second.connecting;
  const auto remote = found->second.remote;
  close(found->second.fd);
  tcp_.erase(found);
  if (was_connecting) board_->unreachable({sip::Transport::tcp, remote, 0}, tick());
  else board_->connection_lost(id, tick());
}

void LoopImpl::transmit(std::vector<Datagram>& datagrams) {
  constexpr std::size_t at_once = 64;
  mmsghdr headers[at_once];
  iovec vectors[at_once];
  SocketAddress names[at_once];
  std::size_t n = 0;
  int fd = -1;
  auto push = [&] {
    std::size_t done = 0, told = 0;
    while (done < n) {
      const int sent = sendmmsg(fd, headers + done, static_cast<unsigned>(n - done), 0);
      if (sent <= 0) {
        if (errno == EINTR) continue;
        if (is_refusal(errno) && ++told <= at_once) continue;  // of an earlier datagram: nothing of these was sent yet
        ++done;  // unreachable or a full buffer: as if lost on the way; timers of RFC 3261 §17 send again
      } else {
        done += static_cast<std::size_t>(sent);
      }
    }
    n = 0;
  };
  for (auto& [to, bytes] : datagrams) {
    if (to.transport == sip::Transport::tcp) {
      auto found = tcp_.find(to.connection);
      if (found != tcp_.end()) { found->second.out += bytes; write_tcp(to.connection); }
      else open_tcp(to, std::move(bytes));
      continue;
    }
    auto where = to_socket_address(to.remote);
    if (!where) continue;
    int chosen = -1;
    for (std::size_t i = 0; i < udp_.size() && chosen < 0; ++i)
      if ((udp_addresses_[i].ip.find(':') != std::string::npos) == (where->storage.ss_family == AF_INET6)) chosen = udp_[i];
    if (chosen < 0 && where->storage.ss_family == AF_INET) {  // a socket at [::] reaches IPv4 by mapped addresses
      where = to_socket_address({"::ffff:" + to.remote.ip, to.remote.port});
      for (std::size_t i = 0; i < udp_.size() && chosen < 0; ++i) if (udp_addresses_[i].ip == "::") chosen = udp_[i];
    }
    if (chosen < 0 || !where) continue;
    if (n == at_once || (n > 0 && chosen != fd)) push();
    fd = chosen;
    names[n] = *where;
    vectors[n] = {bytes.data(), bytes.size()};
    headers[n] = {};
    headers[n].msg_hdr.msg_iov = &vectors[n];
    headers[n].msg_hdr.msg_iovlen = 1;
    headers[n].msg_hdr.msg_name = &names[n].storage;
    headers[n].msg_hdr.msg_namelen = names[n].length;
    ++n;
  }
  if (n) push();
  datagrams.clear();
}

void LoopImpl::flush_early() {
  auto early = board_->take_early(in_flight_.empty() ? nullptr : &in_flight_.front().second);
  if (!early.empty()) transmit(early);
}

// --- control socket: [u32 length][Commands] -> [u32 length][Reply]

void LoopImpl::accept_control() {
  const int fd = accept4(control_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const auto id = next_connection_++;
  controls_.emplace(id, ControlConnection{fd, {}, {}, false});
  watch(fd, Source::control, id);
}

void LoopImpl::read_control(std::uint64_t id) {
  auto found = controls_.find(id);
  if (found == controls_.end()) return;
  auto& connection = found->second;
  char buffer[65'536];
  for (;;) {
    const auto got = recv(connection.fd, buffer, sizeof buffer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got <= 0) { close_control(id); return; }
    connection.in.append(buffer, static_cast<std::size_t>(got));
  }
  if (connection.busy || connection.in.size() < 4) return;
  std::uint32_t length = 0;
  std::memcpy(&length, connection.in.data(), 4);
  if (length > (256u << 20)) { close_control(id); return; }
  if (connection.in.size() < 4 + std::size_t{length}) return;
  const auto commands = from_bytes<Commands>(std::string_view(connection.in).substr(4, length));
  connection.in.erase(0, 4 + std::size_t{length});
  auto answer = [this, id](const Reply& reply) {
    auto asker = controls_.find(id);
    if (asker == controls_.end()) return;
    const auto body = to_bytes(reply);
    const auto size = static_cast<std::uint32_t>(body.size());
    asker->second.out.append(reinterpret_cast<const char*>(&size), 4).append(body);
    asker->second.busy = false;
    write_control(id);
  };
  if (!commands) { answer({false, "protocol", "the running server is of another version; use its own pasokh", {}}); return; }
  connection.busy = true;
  board_->command(*commands, answer, tick());
}

void LoopImpl::write_control(std::uint64_t id) {
  auto found = controls_.find(id);
  if (found == controls_.end()) return;
  auto& connection = found->second;
  while (!connection.out.empty()) {
    const auto sent = ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (sent <= 0) { close_control(id); return; }
    connection.out.erase(0, static_cast<std::size_t>(sent));
  }
  epoll_event event{};
  event.events = EPOLLIN | (connection.out.empty() ? 0u : EPOLLOUT);
  event.data.u64 = tag(Source::control, id);
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoopImpl::close_control(std::uint64_t id) {
  auto found = controls_.find(id);
  if (found == controls_.end()) return;
  close(found->second.fd);
  controls_.erase(found);
}

// --- the order of things: submit, wait for the commit, release

void LoopImpl::advance(Instant now) {
  if (!board_->has_turn()) return;
  if (!in_flight_.empty()) return;                        // gathers meanwhile
  if (now < last_submit_ + gather) return;                // sleep_time() wakes us
  auto turn = board_->take_turn();
  if (!turn.durable_part() && first_rows_.empty()) { release(std::move(turn)); return; }
  storage::Batch batch;
  batch.ticket = next_ticket_++;
  batch.events = std::move(turn.events);
  batch.rows = std::move(turn.rows);
  if (!first_rows_.empty()) batch.rows.insert(batch.rows.begin(), std::make_move_iterator(first_rows_.begin()), std::make_move_iterator(first_rows_.end()));
  first_rows_.clear();
  if (!batch.events.empty() && board_->last_seq() - snapshot_seq_ >= snapshot_every) {
    batch.snapshot = board_->snapshot();
    snapshot_seq_ = board_->last_seq();
  }
  turn.events.clear();
  turn.rows.clear();
  in_flight_.emplace_back(batch.ticket, std::move(turn));
  last_submit_ = now;
  crash_point("submit");
  journal_->submit(std::move(batch));
}

// Workers first: a port must be open before the peer is told of it.
void LoopImpl::release(Turn turn) {
  for (auto& [worker, order] : turn.orders) workers_[worker].send(order);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (workers_[i].connected() && workers_[i].wants_write()) {
      if (!workers_[i].flush()) worker_lost(i);
      else if (workers_[i].wants_write()) {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT;
        event.data.u64 = tag(Source::worker, i);
        epoll_ctl(epoll_, EPOLL_CTL_MOD, workers_[i].fd(), &event);
      }
    }
  crash_point("orders");
  if (turn.datagrams.size() > 1) {
    std::vector<Datagram> first(std::make_move_iterator(turn.datagrams.begin()), std::make_move_iterator(turn.datagrams.begin() + static_cast<std::ptrdiff_t>(turn.datagrams.size() / 2)));
    turn.datagrams.erase(turn.datagrams.begin(), turn.datagrams.begin() + static_cast<std::ptrdiff_t>(first.size()));
    transmit(first);
    crash_point("datagrams");
  }
  transmit(turn.datagrams);
  for (auto& answer : turn.answers)
    if (answer.done) answer.done(std::move(answer.reply));
  std::lock_guard lock(page_mutex_);
  if (page_sender_)
    for (auto& [page, json] : turn.pages) page_sender_(page, std::move(json));
}

void LoopImpl::on_wake() {
  std::uint64_t count = 0;
  (void)!read(wake_, &count, sizeof count);
  std::vector<std::function<void(Switchboard&, Instant)>> posted;
  std::vector<std::pair<std::uint64_t, std::optional<Trouble>>> committed;
  {
    std::lock_guard lock(mutex_);
    posted.swap(posted_);
    committed.swap(committed_);
  }
  for (auto& [ticket, trouble] : committed) {
    if (trouble) {
      if (!journal_trouble_ && options_.hooks.log)
        options_.hooks.log("error", "journal-" + trouble->code, {{"why", trouble->text}, {"calls", "new ones are refused; those in progress go on"}, {"do", "free disk space; it recovers by itself"}});
      journal_trouble_ = refusing_ = true;  // watch_disk lifts it when there is space, also when that is at once
      board_->set_overload(true, trouble->code, tick());
      continue;
    }
    journal_trouble_ = false;
    while (!in_flight_.empty() && in_flight_.front().first <= ticket) {
      auto turn = std::move(in_flight_.front().second);
      in_flight_.pop_front();
      crash_point("committed");
      release(std::move(turn));
      if (options_.committed) options_.committed();
    }
  }
  for (auto& task : posted) task(*board_, tick());
}

// New calls are refused before the journal's reserve is touched; calls in progress end from the reserve.
void LoopImpl::watch_disk(Instant now) {
  if (now < disk_checked_ + Duration::seconds(1)) return;
  disk_checked_ = now;
  const bool refuse = journal_trouble_ || (journal_->free_bytes() >= 0 && journal_->free_bytes() < options_.reserve_bytes);
  if (refuse == refusing_ || stopping_) return;
  refusing_ = refuse;
  board_->set_overload(refuse, refuse ? "disk-full" : "disk-free", now);
  if (options_.hooks.log) options_.hooks.log(refuse ? "error" : "info", refuse ? "disk-full" : "disk-free", {{"calls", refuse ? "new ones are refused; those in progress go on" : "are taken again"}});
}

Duration LoopImpl::sleep_time(Instant now) const {
  auto until = std::min(board_->deadline(), now + Duration::seconds(1));
  if (board_->has_turn() && in_flight_.empty()) until = std::min(until, last_submit_ + gather);
  for (std::size_t i = 0; i < workers_.size(); ++i)
    if (!workers_[i].connected()) until = std::min(until, worker_retry_[i]);
  return std::max(until - now, Duration{0});
}

int LoopImpl::run() {
  if (options_.hooks.log) options_.hooks.log("info", "started", {{"journal", std::to_string(board_->last_seq())}});
  bool told_ready = false;
  epoll_event events[256];
  for (;;) {
    auto at = tick();
    board_->on_timeout(at);
    tend_workers(at);
    watch_disk(at);
    flush_early();
    advance(tick());
    if (!told_ready && in_flight_.empty() && first_rows_.empty()) {
      told_ready = true;
      if (options_.ready) options_.ready();
    }
    if (stopping_ && stopped(tick())) return finish();
    const auto sleep = sleep_time(tick());
    timespec timeout{sleep.us / 1'000'000, (sleep.us % 1'000'000) * 1000};
    const int count = epoll_pwait2(epoll_, events, 256, &timeout, nullptr);
    for (int i = 0; i < count; ++i) {
      const auto source = static_cast<Source>(events[i].data.u64 >> 56);
      const auto n = events[i].data.u64 & 0x00ff'ffff'ffff'ffff;
      switch (source) {
        case Source::udp:
          if (events[i].events & EPOLLERR) read_refusals(n);
          read_udp(n);
          break;
        case Source::tcp_listener: accept_tcp(tcp_listeners_[n]); break;
        case Source::tcp:
          if (events[i].events & EPOLLOUT) write_tcp(n);
          if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_tcp(n);
          break;
        case Source::worker:
          if (!workers_[n].connected()) break;
          if (events[i].events & EPOLLOUT) {
            if (!workers_[n].flush()) { worker_lost(n); break; }
            if (!workers_[n].wants_write()) watch(workers_[n].fd(), Source::worker, n);
          }
          read_worker(n);
          break;
        case Source::control_listener: accept_control(); break;
        case Source::control:
          if (events[i].events & EPOLLOUT) write_control(n);
          if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read_control(n);
          break;
        case Source::wake: on_wake(); break;
        case Source::signal: begin_stop(); break;
      }
    }
  }
}

// --- a clean stop: calls are ended (BYE), recordings closed and finished, then the journal

void LoopImpl::begin_stop() {
  signalfd_siginfo info{};
  (void)!read(signals_, &info, sizeof info);
  if (stopping_) { stop_deadline_ = tick(); return; }  // a second Ctrl-C: at once
  stopping_ = true;
  stop_deadline_ = tick() + stop_within;
  if (options_.hooks.log) options_.hooks.log("info", "stopping", {{"legs", std::to_string(board_->live_legs())}});
  board_->hang_up_all(tick());
}

bool LoopImpl::stopped(Instant now) {
  if (now >= stop_deadline_) return true;
  const bool quiet = board_->live_legs() == 0 && board_->endpoint().legs().empty() && !board_->has_turn() && in_flight_.empty() && board_->captures_closing() == 0;
  return quiet && (!options_.recordings_idle || options_.recordings_idle());
}

int LoopImpl::finish() {
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (!workers_[i].connected()) continue;
    workers_[i].send(media::Quit{});
    (void)workers_[i].flush();
  }
  auto turn = board_->take_turn();
  storage::Batch batch;
  batch.ticket = next_ticket_++;
  batch.events = std::move(turn.events);
  batch.rows = std::move(turn.rows);
  batch.snapshot = board_->snapshot();
  journal_->submit(std::move(batch));
  journal_->close();
  unlink((options_.dir + "/control.sock").c_str());
  if (options_.hooks.log) options_.hooks.log("info", "stopped", {});
  return 0;
}

}  // namespace

Result<std::unique_ptr<Loop>> Loop::open(LoopOptions options) {
  auto loop = std::make_unique<LoopImpl>(std::move(options));
  TRY_DONE(loop->start());
  return std::unique_ptr<Loop>(std::move(loop));
}

}  // namespace pasokh::switchboard
