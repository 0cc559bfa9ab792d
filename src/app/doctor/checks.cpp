#include "app/doctor/checks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "api/tls_authority.h"
#include "archive/prompts.h"

namespace pasokh::app::doctor {
namespace {

struct Descriptor {
  int fd;
  explicit Descriptor(int f) : fd(f) {}
  ~Descriptor() { if (fd >= 0) ::close(fd); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

socklen_t fill(sockaddr_storage& to, const Listen& listen) {
  to = {};
  if (listen.host.find(':') == listen.host.npos) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&to);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(listen.port);
    inet_pton(AF_INET, listen.host.c_str(), &v4->sin_addr);
    return sizeof *v4;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&to);
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(listen.port);
  inet_pton(AF_INET6, listen.host.c_str(), &v6->sin6_addr);
  return sizeof *v6;
}

int bind_error(const Listen& listen, int type) {
  sockaddr_storage address;
  const socklen_t size = fill(address, listen);
  const Descriptor s(::socket(address.ss_family, type | SOCK_CLOEXEC, 0));
  if (s.fd < 0) return errno;
  const int yes = 1;
  if (type == SOCK_STREAM) ::setsockopt(s.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  return ::bind(s.fd, reinterpret_cast<sockaddr*>(&address), size) == 0 ? 0 : errno;
}

Listen here(Listen listen) {
  if (listen.host == "0.0.0.0") listen.host = "127.0.0.1";
  if (listen.host == "::") listen.host = "::1";
  return listen;
}

// what comes back within a second, or ""
std::string exchange(const Listen& to, int type, const std::string& bytes) {
  sockaddr_storage address;
  const socklen_t size = fill(address, to);
  const Descriptor s(::socket(address.ss_family, type | SOCK_CLOEXEC, 0));
  const timeval wait{1, 0};
  ::setsockopt(s.fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(s.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  if (::connect(s.fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::send(s.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return {};
  char room[4096];
  const auto n = ::recv(s.fd, room, sizeof room, 0);
  return n > 0 ? std::string(room, static_cast<std::size_t>(n)) : std::string();
}

std::string options_request(const Listen& to, const std::string& transport) {  // RFC 3261 §11
  const std::string target = listen_text(to), id = std::to_string(::getpid());
  return "OPTIONS sip:" + target + " SIP/2.0\r\nVia: SIP/2.0/" + transport + " 127.0.0.1:9;rport;branch=z9hG4bKdoctor" + id + "\r\nMax-Forwards: 5\r\nFrom: <sip:doctor@" +
         target + ">;tag=d" + id + "\r\nTo: <sip:" + target + ">\r\nCall-ID: doctor-" + id + transport + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
}

void free_port(const char* check, const Listen& listen, int type, Findings& findings) {
  const int error = bind_error(listen, type);
  const std::string where = listen_text(listen);
  if (error == 0) findings.push_back({check, Verdict::ok, where + " is free"});
  else if (error == EADDRINUSE)
    findings.push_back({check, Verdict::problem, where + " is taken by another program", "the server cannot start",
                        "find it with: ss -lnptu | grep " + std::to_string(listen.port) + " ; end it, or set another port in pasokh.toml"});
  else if (error == EADDRNOTAVAIL)
    findings.push_back({check, Verdict::problem, "this machine has no address " + listen.host, "the server cannot start", "set an address of this machine, or 0.0.0.0, in pasokh.toml"});
  else
    findings.push_back({check, Verdict::problem, where + ": " + std::strerror(error), "the server cannot start", error == EACCES ? "ports below 1024 need root or CAP_NET_BIND_SERVICE" : "set another address in pasokh.toml"});
}

void answers(const char* check, const Listen& listen, const std::string& what, bool good, Findings& findings) {
  if (good) findings.push_back({check, Verdict::ok, "our server answers " + what + " on " + listen_text(listen)});
  else findings.push_back({check, Verdict::problem, "the server runs, but " + listen_text(listen) + " does not answer " + what, "phones or browsers cannot reach it",
                           "was pasokh.toml changed since the start? then restart; else look at the log"});
}

bool is_private(const in_addr& address) {
  const std::uint32_t a = ntohl(address.s_addr);
  return (a >> 24) == 10 || (a >> 20) == 0xac1 || (a >> 16) == 0xc0a8 || (a >> 22) == (0x64400000u >> 22) || (a >> 24) == 127 || (a >> 16) == 0xa9fe;  // RFC 1918, 6598, 3927
}

std::pair<std::vector<std::string>, bool> own_addresses() {  // and whether one of them is public
  std::vector<std::string> all;
  bool some_public = false;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {all, false};
  for (const ifaddrs* i = list; i; i = i->ifa_next) {
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK)) continue;
    const auto& address = reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr;
    char text[INET_ADDRSTRLEN];
    all.push_back(std::string(i->ifa_name) + " " + inet_ntop(AF_INET, &address, text, sizeof text));
    some_public = some_public || !is_private(address);
  }
  ::freeifaddrs(list);
  return {all, some_public};
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + item;
  return out;
}

}  // namespace

bool server_runs(const std::string& dir) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = dir + "/control.sock";
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const Descriptor s(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return s.fd >= 0 && ::connect(s.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

void check_ports(const Configuration& c, bool server_running, Findings& findings) {
  if (server_running) {
    const Listen sip = here(c.sip), http = here(c.http);
    answers("sip-udp", sip, "OPTIONS", exchange(sip, SOCK_DGRAM, options_request(sip, "UDP")).rfind("SIP/2.0 200", 0) == 0, findings);
    answers("sip-tcp", sip, "OPTIONS", exchange(sip, SOCK_STREAM, options_request(sip, "TCP")).rfind("SIP/2.0 200", 0) == 0, findings);
    answers("http", http, "GET /health", exchange(http, SOCK_STREAM, "GET /health HTTP/1.1\r\nHost: " + listen_text(http) + "\r\nConnection: close\r\n\r\n").rfind("HTTP/1.1 200", 0) == 0, findings);
  } else {
    free_port("sip-udp", c.sip, SOCK_DGRAM, findings);
    free_port("sip-tcp", c.sip, SOCK_STREAM, findings);
    free_port("http", c.http, SOCK_STREAM, findings);
  }
  const int legs = (c.rtp_high - c.rtp_low + 1) / 2, calls = legs / 2;
  const std::string range = std::to_string(c.rtp_low) + "-" + std::to_string(c.rtp_high);
  unsigned low = 0, high = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high;
  if (calls < 50)
    findings.push_back({"rtp-ports", Verdict::warning, range + " is room for " + std::to_string(calls) + " calls", "further calls are refused", "widen [rtp] low and high in pasokh.toml"});
  else if (high != 0 && c.rtp_low <= high && c.rtp_high >= low)
    findings.push_back({"rtp-ports", Verdict::warning, range + " overlaps the system's own ports " + std::to_string(low) + "-" + std::to_string(high), "now and then a port is taken, and another must be tried",
                        "set [rtp] below " + std::to_string(low) + ", or: sysctl net.ipv4.ip_local_reserved_ports=" + range});
  else
    findings.push_back({"rtp-ports", Verdict::ok, range + " is room for " + std::to_string(calls) + " calls"});
}

// Names, expiry and key of what browsers are shown.
void check_certificate(const std::string& dir, const Configuration& c, Findings& findings) {
  if (!c.https) {
    const bool loopback_only = c.http.host == "::1" || c.http.host.rfind("127.", 0) == 0;
    if (loopback_only) findings.push_back({"certificate", Verdict::ok, "no HTTPS is set, and the web listens on this machine alone"});
    else findings.push_back({"certificate", Verdict::warning, "no HTTPS is set", "browsers on other machines give the page no microphone, and passwords cross the network in the clear",
                             "set [http] https = \"0.0.0.0:8443\" in pasokh.toml"});
    return;
  }
  const auto local = api::tls_files(dir);
  const bool own = !c.certificate.empty();
  const std::string file = own ? c.certificate : local.certificate, key = own ? c.key : local.key;
  const auto facts = api::read_certificate(file);
  if (!facts) {
    if (own) findings.push_back({"certificate", Verdict::problem, facts.error().text, "the server cannot start", "mend [http] certificate in pasokh.toml"});
    else findings.push_back({"certificate", Verdict::ok, "none yet; the local authority makes one at the next start"});
    return;
  }
  if (const auto fits = api::key_fits(file, key); !fits) {
    findings.push_back({"certificate", Verdict::problem, fits.error().text, "the server cannot start", own ? "put the right key beside the certificate" : "remove " + file + "; it is made anew"});
    return;
  }
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  const auto days = (facts->ends.us - now) / 86'400'000'000;
  if (own && c.names.empty())
    findings.push_back({"certificate-names", Verdict::warning, "[http] names is empty: the certificate covers " + joined(facts->covers.names) + ", and nothing says under which name people come",
                        "browsers warn under any other name", "set [http] names to the names that people type, so that this is watched"});
  const auto missing = api::missing_names(own ? api::HostNames{c.names, {}} : api::own_names(c.names), facts->covers);
  const std::string found = joined(facts->covers.names) + (facts->covers.addresses.empty() ? "" : ", " + joined(facts->covers.addresses)) + "; ends in " + std::to_string(days) + " days";
  if (days < 0) findings.push_back({"certificate", Verdict::problem, found, "browsers refuse the page", own ? "put a new certificate there; no restart is needed" : "start the server: it renews its certificate by itself"});
  else if (!missing.empty())
    findings.push_back({"certificate", Verdict::warning, found + "; does not cover " + joined(missing), "browsers warn under these names", own ? "get a certificate for them" : "nothing: the running server renews it by itself within seconds"});
  else if (days < (own ? 14 : 25))
    findings.push_back({"certificate", Verdict::warning, found, "browsers refuse the page after that", own ? "put a new certificate there; no restart is needed" : "start the server: it renews its certificate by itself"});
  else findings.push_back({"certificate", Verdict::ok, found});
}

// Each media worker has a UDP port of its own for all browsers' audio. That it is open to the outside, only a browser there can tell.
void check_browser_phones(const Configuration& c, bool server_running, Findings& findings) {
  if (c.browser_port == 0) {
    findings.push_back({"browser-ports", Verdict::warning, "[browser] port = 0: there are no browser phones", "agents need a SIP phone each", "set [browser] port = 10000 in pasokh.toml"});
    return;
  }
  const std::int64_t last = c.browser_port + c.workers - 1;
  const std::string range = "UDP " + std::to_string(c.browser_port) + (c.workers > 1 ? "-" + std::to_string(last) : "");
  if (last > 65'535 || (c.browser_port <= c.rtp_high && last >= c.rtp_low)) {
    findings.push_back({"browser-ports", Verdict::problem, range + " lies " + (last > 65'535 ? "beyond 65535" : "within [rtp]"), "some media workers take no browser phones", "set another [browser] port in pasokh.toml"});
    return;
  }
  std::vector<std::string> wrong;
  for (std::int64_t port = c.browser_port; port <= last; ++port) {
    const int error = bind_error({"0.0.0.0", static_cast<std::uint16_t>(port)}, SOCK_DGRAM);
    if (server_running ? error != EADDRINUSE : error != 0) wrong.push_back(std::to_string(port));
  }
  if (!wrong.empty() && server_running)
    findings.push_back({"browser-ports", Verdict::problem, "the server runs, but nobody listens on UDP " + joined(wrong), "browser phones have no audio there", "look in the log for browser-port-refused; free the port and restart"});
  else if (!wrong.empty())
    findings.push_back({"browser-ports", Verdict::problem, "UDP " + joined(wrong) + " is taken by another program", "browser phones have no audio there", "find it with: ss -lnpu | grep " + wrong.front() + " ; end it, or set another [browser] port"});
  else if (!own_addresses().second && c.browser_addresses.empty() && c.browser_turn.empty())
    findings.push_back({"browser-ports", Verdict::ok, range + (server_running ? " is ours" : " is free") + "; agents at home need [browser] addresses (the router's public one) and " + range + " forwarded"});
  else
    findings.push_back({"browser-ports", Verdict::ok, range + (server_running ? " is ours" : " is free")});
}

void check_mail(const Configuration& c, Findings& findings) {
  const auto& mail = c.mail;
  if (!mail.on()) {
    findings.push_back({"mail", Verdict::ok, "no mail server is set; reports and alarms are not sent by mail"});
    return;
  }
  const std::string where = mail.host + ":" + std::to_string(mail.port);
  if (!mail.user.empty() && !std::ifstream(mail.password_file))
    findings.push_back({"mail", Verdict::problem, "the password file " + mail.password_file + " cannot be read", "no mail is sent", "write the password into its first line; chmod 0600, owner: the user that runs pasokh"});
  else if (struct stat info{}; !mail.user.empty() && ::stat(mail.password_file.c_str(), &info) == 0 && (info.st_mode & 0077) != 0)
    findings.push_back({"mail", Verdict::warning, "the password file " + mail.password_file + " can be read by others", "whoever reads it sends mail in your name", "chmod 0600 " + mail.password_file});
  else if (const auto greeted = outbox::greet(mail); !greeted)
    findings.push_back({"mail", Verdict::problem, where + ": " + greeted.error().text, "scheduled reports and alarms wait, and are given up after a day", "check [mail] in pasokh.toml, then: pasokh mail test ADDRESS"});
  else if (mail.security == outbox::MailSecurity::none && mail.host != "127.0.0.1" && mail.host != "localhost" && mail.host != "::1")
    findings.push_back({"mail", Verdict::warning, where + " greets us, without TLS", "callers' numbers and the password cross the network in the clear", "set [mail] security = \"starttls\""});
  else
    findings.push_back({"mail", Verdict::ok, where + " greets us"});
}

void check_addresses(const Configuration& c, Findings& findings) {
  const auto [addresses, some_public] = own_addresses();
  const std::string list = addresses.empty() ? "no interface but loopback" : joined(addresses);
  if (addresses.empty()) findings.push_back({"addresses", Verdict::warning, list, "phones on other machines cannot reach this one", "connect it to the network"});
  else findings.push_back({"addresses", Verdict::ok, list});
  if (!c.advertise.empty())
    findings.push_back({"nat", Verdict::ok, "peers outside are told " + c.advertise});
  else if (some_public)
    findings.push_back({"nat", Verdict::ok, "a public address stands on this machine; nothing to translate"});
  else
    findings.push_back({"nat", Verdict::warning, "all addresses are private, and none is set to be told outside",
                        "phones and trunks beyond the router may hear nothing; with a registered trunk the address is learnt from its answers",
                        "set [sip] advertise to the router's public address, and forward UDP/TCP " + std::to_string(c.sip.port) + " and UDP " + std::to_string(c.rtp_low) + "-" + std::to_string(c.rtp_high)});
}

void check_clock(Findings& findings) {
  using namespace std::chrono;
  const auto wall = system_clock::now();
  const auto steady = steady_clock::now();
  std::this_thread::sleep_for(milliseconds(200));
  const auto drift = duration_cast<milliseconds>((system_clock::now() - wall) - (steady_clock::now() - steady)).count();
  if (std::abs(drift) > 20)
    findings.push_back({"clock", Verdict::problem, "the wall clock moved by " + std::to_string(drift) + " ms within 200 ms", "times in reports are off; calls are measured by another clock and are right",
                        "find who sets the clock; let one service (systemd-timesyncd or chrony) do it"});
  else if (timex state{}; ::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC))
    findings.push_back({"clock", Verdict::warning, "nobody keeps this clock in step", "times in reports and in the carrier's bills drift apart", "apt install systemd-timesyncd && timedatectl set-ntp true"});
  else
    findings.push_back({"clock", Verdict::ok, "the clock is steady and kept in step"});
}

void check_disk(const std::string& dir, const Configuration& c, Findings& findings) {
  struct statvfs disk {};
  if (::statvfs(dir.c_str(), &disk) != 0) {
    findings.push_back({"disk", Verdict::problem, dir + ": " + std::strerror(errno), "nothing can be written", "check the path"});
    return;
  }
  const auto free_mib = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize) >> 20;
  const std::string found = std::to_string(free_mib) + " MiB free";
  if (free_mib < c.recording_stop_mib)
    findings.push_back({"disk", Verdict::problem, found, "recordings stop below " + std::to_string(c.recording_stop_mib) + " MiB; new calls are refused at " + std::to_string(c.journal_reserve_mib) + " MiB", "make room"});
  else if (free_mib < 4 * c.recording_stop_mib)
    findings.push_back({"disk", Verdict::warning, found, "recordings stop below " + std::to_string(c.recording_stop_mib) + " MiB", "make room soon"});
  else
    findings.push_back({"disk", Verdict::ok, found});

  const std::string probe = dir + "/doctor.probe";
  const Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.fd < 0) {
    findings.push_back({"disk-sync", Verdict::problem, "cannot write into " + dir + ": " + std::strerror(errno), "the server cannot start", "chown the folder to the user that runs pasokh"});
    return;
  }
  std::vector<double> times;
  const std::string page(4096, 'x');
  for (int i = 0; i < 15; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (::write(file.fd, page.data(), page.size()) < 0 || ::fdatasync(file.fd) != 0) break;
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  ::unlink(probe.c_str());
  if (times.empty()) {
    findings.push_back({"disk-sync", Verdict::problem, std::string("writing fails: ") + std::strerror(errno), "nothing can be journalled", "check the disk"});
    return;
  }
  std::sort(times.begin(), times.end());
  char text[80];
  std::snprintf(text, sizeof text, "a synced write takes %.1f ms (median), %.1f ms (longest)", times[times.size() / 2], times.back());
  if (times[times.size() / 2] > 50)
    findings.push_back({"disk-sync", Verdict::warning, text, "each step of a call waits so long; callers notice beyond 100 ms", "use a local SSD; no network file system"});
  else
    findings.push_back({"disk-sync", Verdict::ok, text});
}

void check_limits(Findings& findings) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const std::string found = std::to_string(files.rlim_cur) + " open files allowed (" + std::to_string(files.rlim_max) + " at most)";
  if (files.rlim_max < 4'096)
    findings.push_back({"limits", Verdict::warning, found, "each call needs four sockets; beyond that, calls are refused", "LimitNOFILE=65536 in the service file, or ulimit -n 65536"});
  else
    findings.push_back({"limits", Verdict::ok, found});
}

void check_prompts(const Configuration& c, Findings& findings) {
  std::error_code error;
  std::size_t files = 0;
  for (std::filesystem::recursive_directory_iterator at(c.prompts, error), end; !error && at != end; at.increment(error)) files += at->is_regular_file(error) ? 1 : 0;
  if (files > 0)
    findings.push_back({"prompts", Verdict::ok, std::to_string(files) + " announcements and pieces of music in " + c.prompts});
  else
    findings.push_back({"prompts", Verdict::warning, "no announcements in " + c.prompts, "callers hear tones instead of words, and a beep before recording",
                        archive::can_speak() ? "make the data folder anew, or put WAV files there" : "apt install espeak-ng, or put recorded WAV files there"});
}

}  // namespace pasokh::app::doctor
