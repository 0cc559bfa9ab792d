#include "outbox/post.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace pasokh::outbox {
namespace {

using Clock = std::chrono::steady_clock;

struct Socket {
  int fd = -1;
  ~Socket() { if (fd >= 0) ::close(fd); }
};
template <auto Free>
struct Freer { template <class T> void operator()(T* p) const { Free(p); } };
using Context = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freer<SSL_free>>;

class Deadline {
 public:
  explicit Deadline(int ms) : at_(Clock::now() + std::chrono::milliseconds(ms)) {}
  bool wait(int fd, short events) const {  // false: too late
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(at_ - Clock::now()).count();
    pollfd p{fd, events, 0};
    return left > 0 && ::poll(&p, 1, static_cast<int>(left)) > 0;
  }

 private:
  Clock::time_point at_;
};

// Looked up once; what is judged is what is connected to, so that a name cannot mean another machine a moment later (DNS rebinding).
Result<> connect_to(const Destination& to, bool inside, const Deadline& deadline, Socket& into) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (const int error = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &list); error != 0)
    return trouble("unreachable", to.host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, Freer<freeaddrinfo>> owner(list);
  std::string last = "no address";
  for (const addrinfo* a = list; a; a = a->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0) continue;
    if (!inside && !is_public_address(text)) return trouble("address-inside", to.host + " stands for " + text + ", which is inside; name it as private:" + to.host + " in pasokh.toml if that is meant");
    Socket socket{::socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    int error = 0;
    socklen_t size = sizeof error;
    if (socket.fd < 0 || (::connect(socket.fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS)) { last = std::strerror(errno); continue; }
    if (!deadline.wait(socket.fd, POLLOUT)) { last = "no answer in time"; continue; }
    ::getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) { last = std::strerror(error); continue; }
    std::swap(into.fd, socket.fd);
    return Done{};
  }
  return trouble("unreachable", to.host + ":" + std::to_string(to.port) + ": " + last);
}

// Bytes of a connection, with TLS or without.
class Wire {
 public:
  Wire(int fd, const Deadline& deadline) : fd_(fd), deadline_(deadline) {}

  Result<> secure(const std::string& host) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_ || !SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION) || !SSL_CTX_set_default_verify_paths(context_.get())) return tls("making a context");
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    session_.reset(SSL_new(context_.get()));
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(session_.get());
    const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1;
    if (!is_address && (!SSL_set1_host(session_.get(), host.c_str()) || !SSL_set_tlsext_host_name(session_.get(), host.c_str()))) return tls("naming the host");
    SSL_set_fd(session_.get(), fd_);
    for (;;) {
      const int done = SSL_connect(session_.get());
      if (done == 1) return Done{};
      if (!wait_for(done)) return tls("greeting " + host);
    }
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = session_ ? SSL_write(session_.get(), bytes.data(), static_cast<int>(bytes.size())) : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (n > 0) { bytes.remove_prefix(static_cast<std::size_t>(n)); continue; }
      if (!wait_for(n, POLLOUT)) return false;
    }
    return true;
  }
  int read(char* room, int size) {
    for (;;) {
      const int n = session_ ? SSL_read(session_.get(), room, size) : static_cast<int>(::recv(fd_, room, static_cast<std::size_t>(size), 0));
      if (n > 0) return n;
      if (!wait_for(n)) return 0;
    }
  }

 private:
  bool wait_for(int result, short plain = POLLIN) const {
    if (session_) {
      const int why = SSL_get_error(session_.get(), result);
      if (why == SSL_ERROR_WANT_READ) return deadline_.wait(fd_, POLLIN);
      if (why == SSL_ERROR_WANT_WRITE) return deadline_.wait(fd_, POLLOUT);
      return false;
    }
    return result < 0 && (errno == EAGAIN || errno == EINTR) && deadline_.wait(fd_, plain);
  }
  Trouble tls(const std::string& doing) const {
    const long verified = session_ ? SSL_get_verify_result(session_.get()) : X509_V_OK;
    ERR_clear_error();
    return trouble("tls", doing + ": " + (verified != X509_V_OK ? X509_verify_cert_error_string(verified) : "no TLS was agreed on"));
  }
  int fd_;
  const Deadline& deadline_;
  Context context_;
  Session session_;
};

}  // namespace

Result<int> post(const Destination& to, const AllowedHosts& hosts, const Headers& headers, const std::string& body, int within_ms) {
  TRY_DONE(allowed(to, hosts));
  const Deadline deadline(within_ms);
  Socket socket;
  TRY_DONE(connect_to(to, hosts.allows(to.host) == AllowedHosts::Answer::inside, deadline, socket));
  Wire wire(socket.fd, deadline);
  if (to.secure) TRY_DONE(wire.secure(to.host));
  const std::string host = to.host.find(':') == to.host.npos ? to.host : "[" + to.host + "]";
  std::string request = "POST " + to.path + " HTTP/1.1\r\nHost: " + host + (to.port == (to.secure ? 443 : 80) ? "" : ":" + std::to_string(to.port)) +
                        "\r\nUser-Agent: Pasokh\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) request += name + ": " + value + "\r\n";
  if (!wire.write(request + "\r\n" + body)) return trouble("no-answer", "the request could not be sent in time");
  std::string answer;
  char room[1024];
  while (answer.size() < 12) {  // "HTTP/1.1 200"
    const int n = wire.read(room, sizeof room);
    if (n <= 0) return trouble("no-answer", "no answer came in time");
    answer.append(room, static_cast<std::size_t>(n));
  }
  const int status = answer.rfind("HTTP/1.", 0) == 0 ? std::atoi(answer.c_str() + 9) : 0;
  if (status < 200 || status > 599) return trouble("no-answer", "what answered speaks no HTTP");
  return status;
}

std::string signature(std::string_view secret, std::int64_t unix_seconds, std::string_view body) {
  const std::string time = std::to_string(unix_seconds), signed_text = time + "." + std::string(body);
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), sum, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[sum[i] >> 4];
    hex += "0123456789abcdef"[sum[i] & 15];
  }
  return "t=" + time + ",v1=" + hex;
}

}  // namespace pasokh::outbox
