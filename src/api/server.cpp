// HTTP. With live_socket.cpp the only files that see Beast (half a minute to compile, each).
#include "api/server.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <mutex>
#include <thread>

#include "api/console_files.h"
#include "api/live_socket.h"
#include "api/report_clock.h"
#include "api/sound_head.h"
#include "api/tls_authority.h"
#include "api/workers.h"
#include "base/json_text.h"
#include "base/log.h"

namespace pasokh::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 16 << 10;
constexpr std::int64_t piece_bytes = 64 << 10;
constexpr int requests_per_connection_max = 10'000;
constexpr auto send_within = std::chrono::seconds(30);
// Who is refused in the midst of a large body reads our answer only when it can send on for a while (RFC 9112 §9.6).
constexpr std::chrono::seconds lingering(10);
constexpr std::size_t lingering_bytes_max = 256 << 20;

struct Lanes {
  Workers ordinary{4, 512}, hashing{2, 40}, reading{2, 128};
  Workers& of(Lane lane) {
    switch (lane) {
      case Lane::ordinary: return ordinary;
      case Lane::hashing: return hashing;
      case Lane::reading: return reading;
    }
    return ordinary;
  }
  void stop() { ordinary.stop(); hashing.stop(); reading.stop(); }
};

// Connections in being, in all and by address.
class Census {
 public:
  bool enter(const std::string& address, const ServerOptions& options) {
    const std::scoped_lock lock(guard_);
    if (total_ >= options.connections_max || of_[address] >= options.connections_per_address_max) {
      if (of_[address] == 0) of_.erase(address);
      return false;
    }
    ++total_;
    ++of_[address];
    return true;
  }
  void leave(const std::string& address) {
    const std::scoped_lock lock(guard_);
    --total_;
    if (--of_[address] == 0) of_.erase(address);
  }
  int total() const {
    const std::scoped_lock lock(guard_);
    return total_;
  }

 private:
  mutable std::mutex guard_;
  int total_ = 0;
  std::map<std::string, int> of_;
};

// What TLS is spoken here: 1.2 and 1.3, forward secrecy and authenticated encryption only (RFC 9325). HSTS is never sent: a browser
// that was told of it refuses a page whose authority it does not know (RFC 6797 §12.1), and whoever lost the local authority would be locked out.
Result<std::shared_ptr<asio::ssl::context>> make_context(const std::string& certificate, const std::string& key) {
  TRY_DONE(key_fits(certificate, key));
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  Error error;
  context->use_certificate_chain_file(certificate, error);
  if (!error) context->use_private_key_file(key, asio::ssl::context::pem, error);
  if (error) return trouble("certificate", "using " + certificate + ": " + error.message());
  SSL_CTX* const c = context->native_handle();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(c, [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size, void*) {
    static constexpr unsigned char ours[] = "\x08http/1.1";
    const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), size, ours, sizeof ours - 1, in, in_size);
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
  }, nullptr);
  return context;
}

// The certificate in use. Others' connections keep the one under which they began.
class Certificate {
 public:
  explicit Certificate(const ServerOptions& options) : options_(options) {}
  std::shared_ptr<asio::ssl::context> context() const {
    const std::scoped_lock lock(guard_);
    return context_;
  }
  // Looks whether another certificate is due, or lies there, and takes it.
  Result<> look(Instant now) {
    const bool own = !options_.certificate.empty();
    const TlsFiles local = tls_files(options_.dir);
    const std::string certificate = own ? options_.certificate : local.certificate, key = own ? options_.key : local.key;
    if (!own) TRY_DONE(keep_certificate(options_.dir, own_names(options_.names), now));
    TRY(facts, read_certificate(certificate));
    if (context() && facts.fingerprint == fingerprint_) return Done{};
    TRY(made, make_context(certificate, key));
    if (context()) log(LogLevel::info, "a new certificate is used", {{"ends", rfc3339(facts.ends)}, {"fingerprint", facts.fingerprint}});
    const std::scoped_lock lock(guard_);
    context_ = std::move(made);
    fingerprint_ = facts.fingerprint;
    return Done{};
  }

 private:
  const ServerOptions& options_;
  mutable std::mutex guard_;
  std::shared_ptr<asio::ssl::context> context_;
  std::string fingerprint_;
};

struct House {  // what all connections share
  ServerOptions options;
  Services services;
  Router router;
  Lanes lanes;
  Census census;
  ConsoleFiles console;
  LiveHub live{services};
  ReportClock clock{services};
  Certificate certificate{options};
  std::atomic<std::uint16_t> https_port{0};
  House(const ServerOptions& o, switchboard::Centre& centre, std::unique_ptr<storage::AccessStore> access, Hooks hooks)
      : options(o), services(o.dir, o.recordings.empty() ? o.dir + "/recordings" : o.recordings, centre, std::move(access), std::move(hooks)), router(services, o.limits), console(o.console) { services.remember_sign_ins(); }
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// "bytes=0-99", "bytes=100-", "bytes=-100"; one range only. nothing: not a range that we serve, so the whole is sent (RFC 9110 §14.2).
struct Range { std::int64_t from = 0, to = 0; bool possible = true; };
std::optional<Range> range_of(std::string_view text, std::int64_t size) {
  if (text.rfind("bytes=", 0) != 0 || text.find(',') != text.npos) return std::nullopt;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == text.npos) return std::nullopt;
  const auto number = [](std::string_view t) -> std::int64_t {
    if (t.empty() || t.size() > 15 || t.find_first_not_of("0123456789") != t.npos) return -1;
    return std::stoll(std::string(t));
  };
  const std::int64_t first = number(text.substr(0, dash)), last = number(text.substr(dash + 1));
  if (dash == 0) return last < 0 ? std::nullopt : std::optional(Range{std::max<std::int64_t>(0, size - last), size, last > 0 && size > 0});
  if (first < 0 || (last < 0 && dash + 1 < text.size()) || (last >= 0 && last < first)) return std::nullopt;
  return Range{first, last < 0 ? size : std::min(size, last + 1), first < size};
}

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(WebStream stream, std::string address, bool loopback, House& house)
      : stream_(std::move(stream)), address_(std::move(address)), loopback_(loopback), house_(house) {}
  ~Connection() { house_.census.leave(address_); }

  void begin() {
    wire().expires_after(std::chrono::milliseconds(house_.options.first_request_within_ms));
    if (!stream_.secure()) return read_header();
    stream_.async_handshake([self = shared_from_this()](Error error) {
      if (!error) self->read_header();
    });
  }
  void give_up() {
    if (handed_over_) return;
    asio::post(stream_.get_executor(), [self = shared_from_this()] {
      Error ignored;
      self->wire().socket().close(ignored);
    });
  }

 private:
  beast::tcp_stream& wire() { return stream_.next_layer(); }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(header_bytes_max);
    parser_->body_limit(boost::none);  // the route says how much, once it is known
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) { self->on_header(error); });
  }

  void on_header(Error error) {
    if (error == http::error::end_of_stream) return;  // the peer has gone, politely
    if (error == http::error::header_limit) return refuse("header-too-large");
    if (error && is_malformed(error)) return refuse("bad-request");
    if (error) return;  // gone, or too slow
    const auto& message = parser_->get();
    // a message with two ideas of its length is how requests are smuggled (RFC 9112 §6.3)
    if (message.count(http::field::transfer_encoding) && message.count(http::field::content_length)) return refuse("bad-request");
    if (message.count(http::field::content_length) > 1 || message.count(http::field::host) != (message.version() == 11 ? 1u : message.count(http::field::host)))
      return refuse("bad-request");
    target_ = house_.router.find(std::string(message.method_string()), std::string(message.target()));
    parser_->body_limit(target_.route ? target_.route->body_max : 0);
    if (lower(std::string(message[http::field::expect])) == "100-continue") return send_continue();
    read_body();
  }

  void send_continue() {
    static constexpr std::string_view line = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(line.data(), line.size()), [self = shared_from_this()](Error error, std::size_t) {
      if (!error) self->read_body();
    });
  }

  void read_body() {
    if (parser_->content_length() && *parser_->content_length() > (target_.route ? target_.route->body_max : 0)) return refuse(target_.route ? "body-too-large" : "no-such-path");
    if (target_.route && target_.route->operation == "prompt_put") return read_sound_head();
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) { self->on_request(error); });
  }

  // An upload that is no sound, or too long a one, is refused by its first bytes, not after it has all been sent and kept.
  void read_sound_head() {
    http::async_read_some(stream_, buffer_, *parser_, [self = shared_from_this()](Error error, std::size_t) {
      if (error || self->parser_->is_done()) return self->on_request(error);
      const std::string& body = self->parser_->get().body();
      if (body.size() < sound_head_bytes) return self->read_sound_head();
      if (const auto fault = sound_head_fault(body, self->parser_->content_length().value_or(0)); !fault.empty()) return self->refuse(fault);
      http::async_read(self->stream_, self->buffer_, *self->parser_, [self](Error later, std::size_t) { self->on_request(later); });
    });
  }

  void on_request(Error error) {
    if (error == http::error::body_limit) return refuse(target_.route ? "body-too-large" : "no-such-path");
    if (error && is_malformed(error)) return refuse("bad-request");
    if (error) return;
    request_ = Request{.address = address_, .from_loopback = loopback_, .secure = stream_.secure()};
    auto& message = parser_->get();
    request_.method = std::string(message.method_string());
    request_.target = std::string(message.target());
    for (const auto& field : message) request_.headers.emplace(lower(std::string(field.name_string())), std::string(field.value()));
    request_.body = std::move(message.body());
    keep_alive_ = message.keep_alive() && ++requests_ < requests_per_connection_max;
    head_only_ = message.method() == http::verb::head;
    version_ = message.version();
    if (target_.route && target_.route->operation == "live" && beast::websocket::is_upgrade(message)) upgrade_.emplace(message.base());
    // the request is here; how long the answer takes is our business, the peer's silence no fault
    wire().expires_never();
    Workers& lane = house_.lanes.of(target_.route ? target_.route->lane : Lane::ordinary);
    const bool taken = lane.post([self = shared_from_this()] {
      Response response = self->answer();
      asio::post(self->stream_.get_executor(), [self, response = std::move(response)]() mutable { self->send(std::move(response)); });
    });
    if (!taken) {
      Response busy = refusal("busy");
      busy.headers.emplace_back("Retry-After", "2");
      send(std::move(busy));
    }
  }

  // Plain HTTP from another machine is only sent to HTTPS; what tells how to trust our certificate, and whether we live, is said anyway.
  std::optional<Response> send_to_https() const {
    const std::uint16_t port = house_.https_port;
    if (port == 0 || stream_.secure() || loopback_) return std::nullopt;
    const std::string path = request_.target.substr(0, request_.target.find('?'));
    if (path == "/authority" || path == "/authority.crt" || path == "/start.css" || path == "/health") return std::nullopt;
    std::string host(request_.header("host"));
    if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) host.resize(colon);
    const bool plain = !host.empty() && host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == host.npos;
    if (!plain || (request_.method != "GET" && request_.method != "HEAD")) return refusal("https-needed");  // a secret may have been sent in the clear already: not once more
    Response away{.status = 308, .type = {}};
    away.headers.emplace_back("Location", "https://" + host + (port == 443 ? "" : ":" + std::to_string(port)) + request_.target);
    return away;
  }

  Response answer() {
    try {
      if (auto away = send_to_https()) return std::move(*away);
      if (!target_.route || target_.route->path == "/")
        if (auto file = house_.console.find(request_)) return std::move(*file);
      return house_.router.handle(request_, target_);
    } catch (const std::exception& thrown) {  // no memory, say: one request fails, the centre goes on
      log(LogLevel::error, "a request failed", {{"cause", thrown.what()}});
      return refusal("trouble");
    }
  }

  static bool is_malformed(Error error) {
    return error.category() == http::make_error_code(http::error::bad_method).category() && error != http::error::end_of_stream && error != http::error::partial_message;
  }

  void refuse(std::string_view code) {  // what is left of the request is not worth reading
    keep_alive_ = false;
    head_only_ = false;
    still_sending_ = parser_ && !parser_->is_done();
    request_ = Request{.address = address_};
    Response response = refusal(code);
    send(std::move(response));
  }

  void send(Response response) {
    if (response.live && upgrade_) return become_live(std::move(response.live));
    if (response.live) response = refusal("upgrade-needed");
    upgrade_.reset();
    response_ = std::move(response);
    sent_from_ = 0;
    sent_to_ = response_.content ? response_.content->size : 0;
    if (response_.content) choose_range();
    const auto length = response_.content ? sent_to_ - sent_from_ : static_cast<std::int64_t>(response_.body.size());
    header_ = header_text(length);
    if (!response_.content && !head_only_) header_ += response_.body;
    wire().expires_after(send_within);
    asio::async_write(stream_, asio::buffer(header_), [self = shared_from_this()](Error error, std::size_t) {
      if (error) return;
      if (self->response_.content && !self->head_only_) self->send_piece(); else self->sent();
    });
  }

  // From here on the connection is the live socket's, which is counted and limited there.
  void become_live(std::shared_ptr<const LiveOpening> opening) {
    begin_live(std::move(stream_), std::move(*upgrade_), std::move(opening), house_.live, [&services = house_.services] { return services.now(); });
    upgrade_.reset();
    handed_over_ = true;
  }

  void choose_range() {
    const auto range = range_of(request_.header("range"), response_.content->size);
    response_.headers.emplace_back("Accept-Ranges", "bytes");
    if (!range || response_.status != 200) return;
    if (!range->possible) {
      const auto size = response_.content->size;
      response_ = refusal("range-wrong");
      response_.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      return;
    }
    response_.status = 206;
    sent_from_ = range->from;
    sent_to_ = range->to;
    response_.headers.emplace_back("Content-Range", "bytes " + std::to_string(sent_from_) + "-" + std::to_string(sent_to_ - 1) + "/" + std::to_string(response_.content->size));
  }

  std::string header_text(std::int64_t length) const {
    std::string out = "HTTP/1.1 " + std::to_string(response_.status) + " " + std::string(http::obsolete_reason(static_cast<http::status>(response_.status))) + "\r\n";
    const auto line = [&](std::string_view name, std::string_view value) { out.append(name).append(": ").append(value).append("\r\n"); };
    if (!response_.type.empty()) line("Content-Type", response_.type);
    if (response_.status != 204) line("Content-Length", std::to_string(length));
    const auto given = [&](std::string_view name) { return std::any_of(response_.headers.begin(), response_.headers.end(), [&](const auto& h) { return h.first == name; }); };
    if (!given("Cache-Control")) line("Cache-Control", "no-store");
    line("X-Content-Type-Options", "nosniff");
    line("X-Frame-Options", "DENY");
    line("Referrer-Policy", "no-referrer");
    line("Cross-Origin-Resource-Policy", "same-origin");
    if (!given("Content-Security-Policy"))
      line("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    for (const auto& [name, value] : response_.headers) line(name, value);
    line("Connection", keep_alive_ && !response_.close ? "keep-alive" : "close");
    return out + "\r\n";
  }

  // Pieces are read on the lane for reading: opening a sealed recording takes the processor.
  void send_piece() {
    if (sent_from_ >= sent_to_) return sent();
    const auto to = std::min(sent_to_, sent_from_ + piece_bytes);
    const bool taken = house_.lanes.reading.post([self = shared_from_this(), to] {
      auto piece = self->response_.content->read(self->sent_from_, to);
      asio::post(self->stream_.get_executor(), [self, to, piece = std::move(piece)]() mutable {
        if (!piece || static_cast<std::int64_t>(piece->size()) != to - self->sent_from_) {
          log(LogLevel::error, "a recording cannot be read to its end", {{"cause", piece ? "it is shorter than it was" : piece.error().text}});
          return self->close();  // the peer sees that bytes are missing
        }
        self->header_ = std::move(*piece);
        self->sent_from_ = to;
        self->wire().expires_after(send_within);
        asio::async_write(self->stream_, asio::buffer(self->header_), [self](Error error, std::size_t) { if (!error) self->send_piece(); });
      });
    });
    if (!taken) close();
  }

  void sent() {
    response_ = {};
    if (!keep_alive_) return close();
    wire().expires_after(std::chrono::milliseconds(house_.options.idle_ms));
    read_header();
  }

  // What the peer still sends is read and thrown away for a moment: closing at once would reset the connection, and our answer with it.
  void close() {
    wire().expires_after(still_sending_ ? lingering : std::chrono::seconds(1));
    if (stream_.secure() && still_sending_) return throw_away(0);
    if (stream_.secure()) return stream_.async_say_goodbye([self = shared_from_this()](Error) {});
    Error ignored;
    wire().socket().shutdown(tcp::socket::shutdown_send, ignored);
    throw_away(0);
  }

  void throw_away(std::size_t so_far) {
    if (so_far > (still_sending_ ? lingering_bytes_max : std::size_t{1} << 20)) return;
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(16 << 10), [self = shared_from_this(), so_far](Error error, std::size_t n) {
      if (!error) self->throw_away(so_far + n);
    });
  }

  WebStream stream_;
  beast::flat_buffer buffer_{header_bytes_max + (64 << 10)};
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string address_;
  bool loopback_;
  House& house_;
  Router::Target target_;
  Request request_;
  std::optional<http::request<http::string_body>> upgrade_;
  Response response_;
  std::string header_;
  std::int64_t sent_from_ = 0, sent_to_ = 0;
  bool keep_alive_ = true, head_only_ = false, handed_over_ = false, still_sending_ = false;
  unsigned version_ = 11;
  int requests_ = 0;
};

class Server final : public HttpServer {
 public:
  Server(const ServerOptions& options, switchboard::Centre& centre, std::unique_ptr<storage::AccessStore> access, Hooks hooks)
      : house_(options, centre, std::move(access), std::move(hooks)), plain_(io_), tls_(io_), certificate_timer_(io_) {
    house_.services.schedules_changed = [this] { house_.clock.nudge(); };
    house_.services.http_metrics = [this] {
      return house_.router.metrics() + "# HELP pasokh_http_connections HTTP connections open now.\n# TYPE pasokh_http_connections gauge\npasokh_http_connections " +
             std::to_string(house_.census.total()) + "\n# HELP pasokh_live_connections Live WebSockets open now.\n# TYPE pasokh_live_connections gauge\npasokh_live_connections " +
             std::to_string(house_.live.connected()) + "\n";
    };
  }
  ~Server() override { stop(); }

  Result<> listen() {
    const auto& o = house_.options;
    TRY_DONE(listen(plain_, "HTTP", "[http] listen", o.host, o.port, port_));
    if (o.https_host.empty()) return Done{};
    if (auto certified = house_.certificate.look(house_.services.now()); !certified) return within("HTTPS", std::move(certified).error());
    std::uint16_t port = 0;
    TRY_DONE(listen(tls_, "HTTPS", "[http] https", o.https_host, o.https_port, port));
    house_.https_port = port;
    return Done{};
  }

  void run() {
    accept(plain_, false);
    if (house_.https_port) {
      accept(tls_, true);
      look_at_certificate_later();
    }
    for (int i = 0; i < std::max(1, house_.options.threads); ++i) threads_.emplace_back([this] { io_.run(); });
  }

  std::uint16_t port() const override { return port_; }
  std::uint16_t https_port() const override { return house_.https_port; }

  void journal_moved() override { house_.live.nudge(); }
  void alarm(std::string row, bool over) override { house_.live.alarm(std::move(row), over); }

  void stop() override {
    if (stopped_.exchange(true)) return;
    house_.services.stop();
    house_.lanes.stop();
    house_.clock.stop();
    house_.live.stop();
    for (int i = 0; i < 50 && house_.live.connected() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));  // they say good-bye
    io_.stop();
    for (auto& thread : threads_) thread.join();
    house_.live.release();  // before the sockets' own world goes
    Error ignored;  // no other thread is left: everything is closed here
    plain_.close(ignored);
    tls_.close(ignored);
    for (auto& weak : connections_)
      if (auto connection = weak.lock()) connection->give_up();
    io_.restart();
    io_.poll();
  }

 private:
  Result<> listen(tcp::acceptor& acceptor, const std::string& what, const std::string& setting, const std::string& host, std::uint16_t wanted, std::uint16_t& port) {
    Error error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return trouble("address", what + ": \"" + host + "\" is no address");
    const tcp::endpoint endpoint(address, wanted);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(1024, error);
    if (!error) port = acceptor.local_endpoint(error).port();
    if (!error) return Done{};
    const std::string where = host + ":" + std::to_string(wanted);
    if (error == boost::system::errc::address_in_use)
      return trouble("port-taken", what + ": " + where + " is taken by another program; set " + setting + " in pasokh.toml, or end that program");
    return trouble("address", what + ": cannot listen on " + where + ": " + error.message());
  }

  void look_at_certificate_later() {
    certificate_timer_.expires_after(std::chrono::milliseconds(house_.options.certificate_look_ms));
    certificate_timer_.async_wait([this](Error error) {
      if (error || stopped_) return;
      (void)house_.lanes.ordinary.post([this] {
        if (auto looked = house_.certificate.look(house_.services.now()); !looked)  // the one in use serves on
          log(LogLevel::warning, "the certificate cannot be renewed", {{"cause", looked.error().text}});
      });
      look_at_certificate_later();
    });
  }

  void accept(tcp::acceptor& acceptor, bool secure) {
    acceptor.async_accept(asio::make_strand(io_), [this, &acceptor, secure](Error error, tcp::socket socket) {
      if (error == asio::error::operation_aborted || stopped_) return;
      if (!error) admit(std::move(socket), secure);
      else if (error == boost::system::errc::too_many_files_open) std::this_thread::sleep_for(std::chrono::milliseconds(50));  // no descriptors: others must end first
      accept(acceptor, secure);
    });
  }

  void admit(tcp::socket socket, bool secure) {
    Error error;
    const auto peer = socket.remote_endpoint(error).address();
    if (error) return;
    const auto plain = peer.is_v6() && peer.to_v6().is_v4_mapped() ? asio::ip::address(asio::ip::make_address_v4(asio::ip::v4_mapped, peer.to_v6())) : peer;
    const std::string address = plain.to_string();
    if (!house_.census.enter(address, house_.options)) {
      log(LogLevel::warning, "too many HTTP connections; one was refused", {{"address", address}});
      return;
    }
    socket.set_option(tcp::no_delay(true), error);
    const auto connection = std::make_shared<Connection>(secure ? WebStream(std::move(socket), house_.certificate.context()) : WebStream(std::move(socket)), address, plain.is_loopback(), house_);
    {
      const std::scoped_lock lock(guard_);
      if (connections_.size() > 64 && connections_.size() > 2 * static_cast<std::size_t>(house_.census.total()))
        std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
      connections_.push_back(connection);
    }
    asio::dispatch(io_, [connection] { connection->begin(); });
  }

  House house_;
  asio::io_context io_;
  tcp::acceptor plain_, tls_;
  asio::steady_timer certificate_timer_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_{false};
  std::uint16_t port_ = 0;
  std::mutex guard_;  // connections_
  std::vector<std::weak_ptr<Connection>> connections_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options, switchboard::Centre& centre, Hooks hooks) {
  TRY(access, storage::AccessStore::open(options.dir));
  auto server = std::make_unique<Server>(options, centre, std::move(access), std::move(hooks));
  TRY_DONE(server->listen());
  server->run();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace pasokh::api
