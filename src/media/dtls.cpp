#include "media/dtls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cstring>

#include "base/assert.h"

namespace pasokh::media {
namespace {

constexpr const char* profiles_offered = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";
constexpr long link_mtu = 1'200;                 // what any path carries, IPv6 and a tunnel included
constexpr std::size_t record_header = 13, handshake_header = 12, version_size = 2, random_size = 32;
constexpr std::uint8_t handshake_record = 22, client_hello = 1;

std::string why_not() {
  char text[256] = "unknown";
  if (const auto code = ERR_peek_last_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return text;
}

DtlsSession::Send& sender_of(BIO* bio) { return *static_cast<DtlsSession::Send*>(BIO_get_data(bio)); }

int write_datagram(BIO* bio, const char* bytes, int size) {
  sender_of(bio)(reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size));
  return size;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DGRAM_QUERY_MTU ? 1 : 0; }

const BIO_METHOD* datagram_writer() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    BIO_meth_set_write(made, write_datagram);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, [](BIO* bio) { BIO_set_init(bio, 1); return 1; });
    return made;
  }();
  return method;
}

}  // namespace

void DtlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<DtlsContext> DtlsContext::load(const std::string& file) {
  DtlsContext made(SSL_CTX_new(DTLS_method()));
  SSL_CTX* context = made.get();
  if (!context) return trouble("browser-dtls", "OpenSSL: " + why_not());
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  if (SSL_CTX_use_PrivateKey_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1 || SSL_CTX_use_certificate_file(context, file.c_str(), SSL_FILETYPE_PEM) != 1)
    return trouble("browser-certificate", "cannot use " + file + ": " + why_not());
  TRY_DONE(made.offer_profiles(profiles_offered));
  // any certificate is taken here; who it must be is known by its fingerprint, compared when the handshake is over
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, [](int, X509_STORE_CTX*) { return 1; });
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return made;
}

Result<> DtlsContext::offer_profiles(const std::string& names) {
  if (SSL_CTX_set_tlsext_use_srtp(context_.get(), names.c_str()) != 0) return trouble("browser-dtls", "OpenSSL knows no " + names);  // 0 is success
  return Done{};
}

DtlsSession::DtlsSession(const DtlsContext& context, Role role, Send send) : ssl_(SSL_new(context.get())), in_(BIO_new(BIO_s_mem())), send_(std::move(send)) {
  BIO* out = BIO_new(datagram_writer());
  PASOKH_ASSERT(ssl_ && in_ && out);
  BIO_set_mem_eof_return(in_, -1);               // empty: wait for the next datagram
  BIO_set_data(out, &send_);
  SSL_set_bio(ssl_, in_, out);                   // theirs now
  DTLS_set_link_mtu(ssl_, link_mtu);
  if (role == Role::server) SSL_set_accept_state(ssl_);
  else SSL_set_connect_state(ssl_);
}

DtlsSession::~DtlsSession() { SSL_free(ssl_); }

void DtlsSession::start() { go_on(); }

// One datagram at a time: OpenSSL 3.0's memory BIO does not keep their borders.
void DtlsSession::on_datagram(const std::uint8_t* bytes, std::size_t size) {
  if (state_ == State::failed || size == 0) return;
  (void)BIO_reset(in_);
  if (BIO_write(in_, bytes, static_cast<int>(size)) != static_cast<int>(size)) return;
  go_on();
}

void DtlsSession::go_on() {
  ERR_clear_error();
  if (state_ == State::up) {
    char nothing[64];                            // no application data is expected; alerts and repeated flights are worked off
    const int got = SSL_read(ssl_, nothing, sizeof nothing);
    if (got <= 0 && SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN) closed_ = true;
    return;
  }
  const int done = SSL_do_handshake(ssl_);
  if (done == 1) { state_ = State::up; return; }
  const int error = SSL_get_error(ssl_, done);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) state_ = State::failed;
}

void DtlsSession::on_time() {
  if (state_ != State::handshaking) return;
  timeval left{};
  if (DTLSv1_get_timeout(ssl_, &left) == 1 && left.tv_sec == 0 && left.tv_usec == 0 && DTLSv1_handle_timeout(ssl_) < 0) state_ = State::failed;
}

std::string DtlsSession::peer_fingerprint() const {
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!certificate || X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return {reinterpret_cast<const char*>(digest), size};
}

// RFC 5764 §4.2: client's key, server's key, client's salt, server's salt.
std::optional<SrtpKeys> DtlsSession::keys() const {
  const SRTP_PROTECTION_PROFILE* chosen = SSL_get_selected_srtp_profile(ssl_);
  if (state_ != State::up || !chosen) return std::nullopt;
  SrtpKeys keys;
  if (chosen->id == SRTP_AEAD_AES_128_GCM) keys.profile = SrtpProfile::aes_128_gcm;
  else if (chosen->id == SRTP_AES128_CM_SHA1_80) keys.profile = SrtpProfile::aes_cm_sha1_80;
  else return std::nullopt;
  constexpr std::size_t key = 16, most_salt = 14;
  const std::size_t salt = keys.profile == SrtpProfile::aes_128_gcm ? 12 : 14;
  constexpr char label[] = "EXTRACTOR-dtls_srtp";
  unsigned char material[2 * (key + most_salt)];
  if (SSL_export_keying_material(ssl_, material, 2 * (key + salt), label, sizeof label - 1, nullptr, 0, 0) != 1) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) { return std::string(reinterpret_cast<const char*>(material) + at, size); };
  keys.of_client = part(0, key) + part(2 * key, salt);
  keys.of_server = part(key, key) + part(2 * key + salt, salt);
  OPENSSL_cleanse(material, sizeof material);
  return keys;
}

bool DtlsSession::is_another_hello(const std::uint8_t* bytes, std::size_t size) const {
  constexpr std::size_t random_at = record_header + handshake_header + version_size;
  if (size < random_at + random_size || bytes[0] != handshake_record || bytes[3] != 0 || bytes[4] != 0) return false;  // epoch 0: not protected yet
  const std::uint8_t* handshake = bytes + record_header;
  if (handshake[0] != client_hello || handshake[6] != 0 || handshake[7] != 0 || handshake[8] != 0) return false;     // its first fragment
  unsigned char known[random_size];
  if (SSL_get_client_random(ssl_, known, sizeof known) != sizeof known) return state_ != State::handshaking;
  return std::memcmp(known, bytes + random_at, random_size) != 0;
}

}  // namespace pasokh::media
