// DTLS for SRTP keys (RFC 5764), without a socket: datagrams in, datagrams out by a function, one deadline. Both sides are here;
// the worker is always the server, tests are the client.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace pasokh::media {

enum class SrtpProfile : std::uint8_t { aes_128_gcm, aes_cm_sha1_80 };  // in our order of preference: GCM costs a third

struct SrtpKeys {                    // master key and salt of each direction, one after the other
  SrtpProfile profile = SrtpProfile::aes_128_gcm;
  std::string of_client, of_server;
};

class DtlsContext {
 public:
  static Result<DtlsContext> load(const std::string& certificate_file);
  DtlsContext(DtlsContext&&) noexcept = default;
  DtlsContext& operator=(DtlsContext&&) noexcept = default;
  // What the handshake may settle on, as OpenSSL names it; tests narrow it to one.
  Result<> offer_profiles(const std::string& names);
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free { void operator()(SSL_CTX*) const; };
  explicit DtlsContext(SSL_CTX* context) : context_(context) {}
  std::unique_ptr<SSL_CTX, Free> context_;
};

class DtlsSession {
 public:
  enum class Role : std::uint8_t { server, client };
  enum class State : std::uint8_t { handshaking, up, failed };
  using Send = std::function<void(const std::uint8_t* bytes, std::size_t size)>;

  DtlsSession(const DtlsContext&, Role, Send);
  ~DtlsSession();
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  void start();                                  // the client's first flight
  void on_datagram(const std::uint8_t* bytes, std::size_t size);
  void on_time();                                // often, at least each second: lost flights go out again (RFC 6347 §4.2.4)
  State state() const { return state_; }
  bool closed_by_peer() const { return closed_; }
  std::string peer_fingerprint() const;          // SHA-256 of its certificate; "" when it showed none
  std::optional<SrtpKeys> keys() const;          // once it is up
  // A ClientHello that is not the one this session began with: the browser begins anew (another page, another certificate).
  bool is_another_hello(const std::uint8_t* bytes, std::size_t size) const;

 private:
  void go_on();

  SSL* ssl_ = nullptr;
  BIO* in_ = nullptr;
  Send send_;
  State state_ = State::handshaking;
  bool closed_ = false;
};

}  // namespace pasokh::media
