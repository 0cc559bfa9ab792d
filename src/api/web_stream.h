// A connection of the web server, with or without TLS, as one type: HTTP and WebSocket are compiled once, not twice.
// Only for the files that see Beast.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>

namespace pasokh::api {

class WebStream {
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::beast::ssl_stream<Tcp>;

 public:
  using executor_type = Tcp::executor_type;
  using next_layer_type = Tcp;

  explicit WebStream(boost::asio::ip::tcp::socket socket) : tcp_(std::make_unique<Tcp>(std::move(socket))) {}
  WebStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)), tls_(std::make_unique<Tls>(std::move(socket), *context_)) {}

  bool secure() const { return tls_ != nullptr; }
  executor_type get_executor() { return next_layer().get_executor(); }
  Tcp& next_layer() { return tls_ ? tls_->next_layer() : *tcp_; }
  const Tcp& next_layer() const { return tls_ ? tls_->next_layer() : *tcp_; }

  template <class Handler>
  void async_handshake(Handler&& handler) { tls_->async_handshake(boost::asio::ssl::stream_base::server, std::forward<Handler>(handler)); }
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) tls_->async_read_some(buffers, std::forward<Handler>(handler)); else tcp_->async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    if (tls_) tls_->async_write_some(buffers, std::forward<Handler>(handler)); else tcp_->async_write_some(buffers, std::forward<Handler>(handler));
  }
  // RFC 8446 §6.1: says that nothing more comes; the peer's own word is not waited for
  template <class Handler>
  void async_say_goodbye(Handler&& handler) { tls_->async_shutdown(std::forward<Handler>(handler)); }

 private:
  std::shared_ptr<boost::asio::ssl::context> context_;  // that of the certificate under which the connection began
  std::unique_ptr<Tcp> tcp_;
  std::unique_ptr<Tls> tls_;
};

// After the closing frames of RFC 6455 §7.1.1 the connection below is ended.
template <class Handler>
void async_teardown(boost::beast::role_type role, WebStream& stream, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.next_layer().socket(), std::forward<Handler>(handler));
}
inline void teardown(boost::beast::role_type role, WebStream& stream, boost::beast::error_code& error) {
  boost::beast::websocket::teardown(role, stream.next_layer().socket(), error);
}

}  // namespace pasokh::api
