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
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "api/tls_authority.h"
#include "archive/prompts.h"
#include "base/persian.h"

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
  if (error == 0) findings.push_back({check, Verdict::ok, say(Say::port_free, {where})});
  else if (error == EADDRINUSE)
    findings.push_back({check, Verdict::problem, say(Say::port_taken, {where}), say(Say::cannot_start), say(Say::end_the_other_program, {std::to_string(listen.port)})});
  else if (error == EADDRNOTAVAIL)
    findings.push_back({check, Verdict::problem, say(Say::no_such_address, {listen.host}), say(Say::cannot_start), say(Say::set_own_address)});
  else
    findings.push_back({check, Verdict::problem, say(Say::port_refused, {where, std::strerror(error)}), say(Say::cannot_start), say(error == EACCES ? Say::low_ports_need_rights : Say::set_other_address)});
}

void answers(const char* check, const Listen& listen, const std::string& what, bool good, Findings& findings) {
  if (good) findings.push_back({check, Verdict::ok, say(Say::answers, {what, listen_text(listen)})});
  else findings.push_back({check, Verdict::problem, say(Say::does_not_answer, {what, listen_text(listen)}), say(Say::cannot_be_reached), say(Say::restart_or_log)});
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

Text tenths(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", ms);
  std::string persian = persian_digits(text);
  if (const auto point = persian.find('.'); point != persian.npos) persian.replace(point, 1, "٫");
  return {text, persian};
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
  const Text ours = range(c.rtp_low, c.rtp_high);
  unsigned low = 0, high = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high;
  if (calls < 50)
    findings.push_back({"rtp-ports", Verdict::warning, say(Say::rtp_few, {ours, number(calls)}), say(Say::further_calls_refused), say(Say::widen_rtp)});
  else if (high != 0 && c.rtp_low <= high && c.rtp_high >= low)
    findings.push_back({"rtp-ports", Verdict::warning, say(Say::rtp_overlaps, {ours, range(low, high)}), say(Say::port_taken_at_times), say(Say::set_rtp_below, {std::to_string(low), ours.en})});
  else
    findings.push_back({"rtp-ports", Verdict::ok, say(Say::rtp_room, {ours, number(calls)})});
}

// Names, expiry and key of what browsers are shown.
void check_certificate(const std::string& dir, const Configuration& c, Findings& findings) {
  if (!c.https) {
    const bool loopback_only = c.http.host == "::1" || c.http.host.rfind("127.", 0) == 0;
    if (loopback_only) findings.push_back({"certificate", Verdict::ok, say(Say::no_https_loopback)});
    else findings.push_back({"certificate", Verdict::warning, say(Say::no_https), say(Say::no_microphone), say(Say::set_https)});
    return;
  }
  const auto local = api::tls_files(dir);
  const bool own = !c.certificate.empty();
  const std::string file = own ? c.certificate : local.certificate, key = own ? c.key : local.key;
  const auto facts = api::read_certificate(file);
  if (!facts) {
    if (own) findings.push_back({"certificate", Verdict::problem, say(Say::certificate_unreadable, {facts.error().text}), say(Say::cannot_start), say(Say::mend_certificate)});
    else findings.push_back({"certificate", Verdict::ok, say(Say::certificate_not_yet)});
    return;
  }
  if (const auto fits = api::key_fits(file, key); !fits) {
    findings.push_back({"certificate", Verdict::problem, say(Say::key_does_not_fit, {fits.error().text}), say(Say::cannot_start), own ? say(Say::put_right_key) : say(Say::remove_certificate, {file})});
    return;
  }
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  const auto days = (facts->ends.us - now) / 86'400'000'000;
  if (own && c.names.empty())
    findings.push_back({"certificate-names", Verdict::warning, say(Say::names_empty, {joined(facts->covers.names)}), say(Say::warn_other_name), say(Say::set_names)});
  const auto missing = api::missing_names(own ? api::HostNames{c.names, {}} : api::own_names(c.names), facts->covers);
  const Text covers = joined(facts->covers.names) + (facts->covers.addresses.empty() ? "" : ", " + joined(facts->covers.addresses));
  const Text found = say(Say::certificate_found, {covers, number(days)}), renew = say(own ? Say::put_new_certificate : Say::start_to_renew);
  if (days < 0) findings.push_back({"certificate", Verdict::problem, found, say(Say::certificate_ended), renew});
  else if (!missing.empty())
    findings.push_back({"certificate", Verdict::warning, say(Say::certificate_misses, {covers, number(days), joined(missing)}), say(Say::warn_these_names), say(own ? Say::get_certificate : Say::renewed_by_itself)});
  else if (days < (own ? 14 : 25)) findings.push_back({"certificate", Verdict::warning, found, say(Say::certificate_ends), renew});
  else findings.push_back({"certificate", Verdict::ok, found});
}

// Each media worker has a UDP port of its own for all browsers' audio. That it is open to the outside, only a browser there can tell.
void check_browser_phones(const Configuration& c, bool server_running, Findings& findings) {
  if (c.browser_port == 0) {
    findings.push_back({"browser-ports", Verdict::warning, say(Say::no_browser_phones), say(Say::need_sip_phones), say(Say::set_browser_port)});
    return;
  }
  const std::int64_t last = c.browser_port + c.workers - 1;
  const Text ours = c.workers > 1 ? range(c.browser_port, last) : number(c.browser_port);
  if (last > 65'535 || (c.browser_port <= c.rtp_high && last >= c.rtp_low)) {
    findings.push_back({"browser-ports", Verdict::problem, say(last > 65'535 ? Say::browser_range_high : Say::browser_range_in_rtp, {ours}), say(Say::some_workers_no_browsers), say(Say::set_other_browser_port)});
    return;
  }
  std::vector<std::string> wrong;
  for (std::int64_t port = c.browser_port; port <= last; ++port) {
    const int error = bind_error({"0.0.0.0", static_cast<std::uint16_t>(port)}, SOCK_DGRAM);
    if (server_running ? error != EADDRINUSE : error != 0) wrong.push_back(std::to_string(port));
  }
  if (!wrong.empty() && server_running)
    findings.push_back({"browser-ports", Verdict::problem, say(Say::browser_nobody_listens, {joined(wrong)}), say(Say::browser_no_audio), say(Say::browser_look_in_log)});
  else if (!wrong.empty())
    findings.push_back({"browser-ports", Verdict::problem, say(Say::browser_port_taken, {joined(wrong)}), say(Say::browser_no_audio), say(Say::browser_end_other_program, {wrong.front()})});
  else if (!own_addresses().second && c.browser_addresses.empty() && c.browser_turn.empty())
    findings.push_back({"browser-ports", Verdict::ok, say(server_running ? Say::browser_ours_private : Say::browser_free_private, {ours})});
  else
    findings.push_back({"browser-ports", Verdict::ok, say(server_running ? Say::browser_ours : Say::browser_free, {ours})});
}

void check_mail(const Configuration& c, Findings& findings) {
  const auto& mail = c.mail;
  if (!mail.on()) {
    findings.push_back({"mail", Verdict::ok, say(Say::no_mail)});
    return;
  }
  const std::string where = mail.host + ":" + std::to_string(mail.port);
  if (!mail.user.empty() && !std::ifstream(mail.password_file))
    findings.push_back({"mail", Verdict::problem, say(Say::mail_password_unreadable, {mail.password_file}), say(Say::no_mail_is_sent), say(Say::write_mail_password)});
  else if (struct stat info{}; !mail.user.empty() && ::stat(mail.password_file.c_str(), &info) == 0 && (info.st_mode & 0077) != 0)
    findings.push_back({"mail", Verdict::warning, say(Say::mail_password_open, {mail.password_file}), say(Say::mail_in_your_name), say(Say::chmod_mail_password, {mail.password_file})});
  else if (const auto greeted = outbox::greet(mail); !greeted)
    findings.push_back({"mail", Verdict::problem, say(Say::mail_trouble, {where, greeted.error().text}), say(Say::mail_waits), say(Say::check_mail_settings)});
  else if (mail.security == outbox::MailSecurity::none && mail.host != "127.0.0.1" && mail.host != "localhost" && mail.host != "::1")
    findings.push_back({"mail", Verdict::warning, say(Say::mail_without_tls, {where}), say(Say::mail_in_the_clear), say(Say::set_starttls)});
  else
    findings.push_back({"mail", Verdict::ok, say(Say::mail_greets, {where})});
}

void check_addresses(const Configuration& c, Findings& findings) {
  const auto [addresses, some_public] = own_addresses();
  if (addresses.empty()) findings.push_back({"addresses", Verdict::warning, say(Say::only_loopback), say(Say::others_cannot_reach), say(Say::connect_network)});
  else findings.push_back({"addresses", Verdict::ok, say(Say::addresses, {joined(addresses)})});
  if (!c.advertise.empty()) findings.push_back({"nat", Verdict::ok, say(Say::told_outside, {c.advertise})});
  else if (some_public) findings.push_back({"nat", Verdict::ok, say(Say::public_address)});
  else
    findings.push_back({"nat", Verdict::warning, say(Say::all_private), say(Say::no_audio_beyond_router),
                        say(Say::set_advertise, {std::to_string(c.sip.port), std::to_string(c.rtp_low) + "-" + std::to_string(c.rtp_high)})});
}

void check_clock(Findings& findings) {
  using namespace std::chrono;
  const auto wall = system_clock::now();
  const auto steady = steady_clock::now();
  std::this_thread::sleep_for(milliseconds(200));
  const auto drift = duration_cast<milliseconds>((system_clock::now() - wall) - (steady_clock::now() - steady)).count();
  if (std::abs(drift) > 20)
    findings.push_back({"clock", Verdict::problem, say(Say::clock_jumps, {number(drift)}), say(Say::reports_times_off), say(Say::one_clock_service)});
  else if (timex state{}; ::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC))
    findings.push_back({"clock", Verdict::warning, say(Say::clock_not_kept), say(Say::times_drift), say(Say::install_timesync)});
  else
    findings.push_back({"clock", Verdict::ok, say(Say::clock_steady)});
}

void check_disk(const std::string& dir, const Configuration& c, Findings& findings) {
  struct statvfs disk {};
  if (::statvfs(dir.c_str(), &disk) != 0) {
    findings.push_back({"disk", Verdict::problem, say(Say::disk_unreadable, {dir, std::strerror(errno)}), say(Say::nothing_written), say(Say::check_path)});
    return;
  }
  const auto free_mib = static_cast<std::int64_t>(disk.f_bavail) * static_cast<std::int64_t>(disk.f_frsize) >> 20;
  const Text found = say(Say::disk_free, {number(free_mib)});
  if (free_mib < c.recording_stop_mib)
    findings.push_back({"disk", Verdict::problem, found, say(Say::recordings_and_calls_stop, {number(c.recording_stop_mib), number(c.journal_reserve_mib)}), say(Say::make_room)});
  else if (free_mib < 4 * c.recording_stop_mib)
    findings.push_back({"disk", Verdict::warning, found, say(Say::recordings_stop, {number(c.recording_stop_mib)}), say(Say::make_room_soon)});
  else
    findings.push_back({"disk", Verdict::ok, found});

  const std::string probe = dir + "/doctor.probe";
  const Descriptor file(::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.fd < 0) {
    findings.push_back({"disk-sync", Verdict::problem, say(Say::cannot_write, {dir, std::strerror(errno)}), say(Say::cannot_start), say(Say::chown_folder)});
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
    findings.push_back({"disk-sync", Verdict::problem, say(Say::write_fails, {std::strerror(errno)}), say(Say::nothing_journalled), say(Say::check_disk)});
    return;
  }
  std::sort(times.begin(), times.end());
  const Text took = say(Say::sync_takes, {tenths(times[times.size() / 2]), tenths(times.back())});
  if (times[times.size() / 2] > 50)
    findings.push_back({"disk-sync", Verdict::warning, took, say(Say::steps_wait), say(Say::use_local_disk)});
  else
    findings.push_back({"disk-sync", Verdict::ok, took});
}

void check_limits(Findings& findings) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const Text found = say(Say::files_allowed, {number(static_cast<std::int64_t>(files.rlim_cur)), number(static_cast<std::int64_t>(files.rlim_max))});
  if (files.rlim_max < 4'096)
    findings.push_back({"limits", Verdict::warning, found, say(Say::four_sockets), say(Say::raise_limit)});
  else
    findings.push_back({"limits", Verdict::ok, found});
}

void check_prompts(const Configuration& c, Findings& findings) {
  std::error_code error;
  std::size_t files = 0;
  for (std::filesystem::recursive_directory_iterator at(c.prompts, error), end; !error && at != end; at.increment(error)) files += at->is_regular_file(error) ? 1 : 0;
  if (files > 0)
    findings.push_back({"prompts", Verdict::ok, say(Say::prompts_there, {number(static_cast<std::int64_t>(files)), c.prompts})});
  else
    findings.push_back({"prompts", Verdict::warning, say(Say::no_prompts, {c.prompts}), say(Say::tones_instead), say(archive::can_speak() ? Say::make_folder_anew : Say::install_espeak)});
}

}  // namespace pasokh::app::doctor
