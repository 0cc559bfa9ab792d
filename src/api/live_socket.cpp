#include "api/live_socket.h"

#include <chrono>
#include <optional>

#include "base/log.h"

namespace pasokh::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Error = boost::system::error_code;

constexpr std::size_t message_bytes_max = 64 << 10;
constexpr auto silence_max = std::chrono::seconds(30);  // a ping after half of it; without any sign of life the socket ends

websocket::close_reason reason_of(LiveEnd why) {
  switch (why) {
    case LiveEnd::signed_out: return {static_cast<websocket::close_code>(4001), "signed out"};
    case LiveEnd::going_away: return {websocket::close_code::going_away, "the server restarts; connect again"};
    case LiveEnd::too_fast: return {websocket::close_code::policy_error, "too many messages"};
    case LiveEnd::not_understood: return {websocket::close_code::bad_payload, "not a JSON object with a type"};
    case LiveEnd::too_many: return {static_cast<websocket::close_code>(4008), "too many live connections"};
    case LiveEnd::too_slow: return {websocket::close_code::policy_error, "too slow"};
  }
  return {websocket::close_code::internal_error, ""};
}

class LiveSocket final : public LivePeer, public std::enable_shared_from_this<LiveSocket> {
 public:
  LiveSocket(WebStream stream, std::shared_ptr<const LiveOpening> opening, LiveHub& hub, std::function<Instant()> now)
      : socket_(std::move(stream)), opening_(std::move(opening)), hub_(hub), now_(std::move(now)) {}

  void begin(beast::http::request<beast::http::string_body> request) {
    socket_.next_layer().next_layer().expires_never();  // the WebSocket has timers of its own
    Error ignored;  // the kernel would let megabytes of stale rows wait for a slow reader; our outbox knows better what to drop
    socket_.next_layer().next_layer().socket().set_option(asio::socket_base::send_buffer_size(128 << 10), ignored);
    socket_.set_option(websocket::stream_base::timeout{silence_max, silence_max, true});
    socket_.read_message_max(message_bytes_max);
    socket_.auto_fragment(false);
    request_ = std::move(request);
    socket_.async_accept(request_, [self = shared_from_this()](Error error) {
      if (error) return;
      self->request_ = {};
      self->id_ = self->hub_.attach(self, self->opening_->caller);
      if (self->id_ == 0) return self->close(LiveEnd::too_many);
      self->read();
    });
  }

  void push(LiveFrame frame) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), frame = std::move(frame)]() mutable {
      if (self->ending_) return;
      if (!self->outbox_.put(std::move(frame))) return self->close(LiveEnd::too_slow);
      self->write();
    });
  }
  void end(LiveEnd why) override {
    asio::post(socket_.get_executor(), [self = shared_from_this(), why] {
      if (self->ending_) return;
      self->ending_ = why;
      self->write();
    });
  }

 private:
  void read() {
    socket_.async_read(in_, [self = shared_from_this()](Error error, std::size_t) {
      if (error) return self->gone();
      const std::string text = beast::buffers_to_string(self->in_.data());
      self->in_.consume(self->in_.size());
      if (!self->socket_.got_text()) return self->close(LiveEnd::not_understood);
      if (!self->rate_.take(self->now_())) return self->close(LiveEnd::too_fast);
      self->hub_.message(self->id_, text);
      self->read();
    });
  }

  void write() {
    if (writing_ || closing_) return;
    out_ = outbox_.next();
    if (!out_) {
      if (ending_) return close(*ending_);
      for (auto topic = outbox_.starved(); topic != LiveTopic::none; topic = outbox_.starved()) hub_.starved(id_, topic);
      return;
    }
    writing_ = true;
    socket_.text(true);
    socket_.async_write(asio::buffer(*out_), [self = shared_from_this()](Error error, std::size_t) {
      self->writing_ = false;
      if (error) return self->gone();
      self->write();
    });
  }

  void close(LiveEnd why) {
    if (closing_) return;
    closing_ = true;
    ending_ = why;
    if (why == LiveEnd::too_fast || why == LiveEnd::not_understood || why == LiveEnd::too_slow)
      log(LogLevel::warning, "a live connection was ended", {{"login", opening_->caller.login}, {"why", std::string(reason_of(why).reason.c_str())}});
    socket_.async_close(reason_of(why), [self = shared_from_this()](Error) { self->gone(); });
  }

  void gone() {
    closing_ = true;
    if (id_ != 0) hub_.detach(std::exchange(id_, 0));
  }

  websocket::stream<WebStream> socket_;
  std::shared_ptr<const LiveOpening> opening_;
  LiveHub& hub_;
  std::function<Instant()> now_;
  beast::http::request<beast::http::string_body> request_;
  beast::flat_buffer in_{message_bytes_max + 1024};
  LiveOutbox outbox_;
  LiveRate rate_;
  std::shared_ptr<const std::string> out_;
  ConnectionId id_ = 0;
  std::optional<LiveEnd> ending_;
  bool writing_ = false, closing_ = false;
};

}  // namespace

void begin_live(WebStream stream, beast::http::request<beast::http::string_body> request, std::shared_ptr<const LiveOpening> opening, LiveHub& hub,
                std::function<Instant()> now) {
  std::make_shared<LiveSocket>(std::move(stream), std::move(opening), hub, std::move(now))->begin(std::move(request));
}

}  // namespace pasokh::api
