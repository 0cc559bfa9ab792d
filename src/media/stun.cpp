#include "media/stun.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstring>

#include "media/rtp.h"

namespace pasokh::media {
namespace {

constexpr std::uint32_t magic_cookie = 0x2112a442, fingerprint_mask = 0x5354554e;
constexpr std::size_t integrity_size = 20, attribute_header = 4;

// RFC 8489 §18.3, RFC 8445 §16.1
enum Attribute : std::uint16_t {
  mapped_address = 0x0001, username = 0x0006, message_integrity = 0x0008, error_code = 0x0009, unknown_attributes = 0x000a,
  realm = 0x0014, nonce = 0x0015, message_integrity_sha256 = 0x001c, xor_mapped_address = 0x0020, priority = 0x0024, use_candidate = 0x0025,
  software = 0x8022, fingerprint = 0x8028, ice_controlled = 0x8029, ice_controlling = 0x802a,
};

constexpr std::array<std::uint32_t, 256> crc_table() {  // CRC-32 of ITU V.42
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k) c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  return table;
}

std::uint32_t crc32(const std::uint8_t* bytes, std::size_t size) {
  static constexpr auto table = crc_table();
  std::uint32_t c = ~0u;
  for (std::size_t i = 0; i < size; ++i) c = table[(c ^ bytes[i]) & 0xff] ^ (c >> 8);
  return ~c;
}

std::string_view text_of(const std::uint8_t* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

std::optional<Address> read_xor_address(const std::uint8_t* value, std::size_t size, const std::uint8_t* header) {
  if (size < 4) return std::nullopt;
  const bool v6 = value[1] == 2;
  if ((value[1] != 1 && !v6) || size != (v6 ? 20u : 8u)) return std::nullopt;
  auto address = Address::parse(v6 ? "::" : "0.0.0.0", 0, v6 ? AF_INET6 : AF_INET);
  auto* host = v6 ? reinterpret_cast<sockaddr_in6*>(address->get())->sin6_addr.s6_addr
                  : reinterpret_cast<std::uint8_t*>(&reinterpret_cast<sockaddr_in*>(address->get())->sin_addr);
  for (std::size_t i = 0; i < size - 4; ++i) host[i] = static_cast<std::uint8_t>(value[4 + i] ^ header[4 + i]);  // cookie, then transaction
  return address->with_port(static_cast<std::uint16_t>(get16(value + 2) ^ (magic_cookie >> 16)));
}

// false: the message is none
bool take(StunMessage& message, std::uint16_t type, const std::uint8_t* value, std::size_t size, const std::uint8_t* header) {
  switch (type) {
    case username: message.username = text_of(value, size); return size <= 513;
    case priority: if (size != 4) return false; message.priority = get32(value); return true;
    case use_candidate: message.use_candidate = true; return size == 0;
    case ice_controlling: message.peer_controls = true; return size == 8;
    case ice_controlled: message.peer_is_controlled = true; return size == 8;
    case xor_mapped_address: message.mapped = read_xor_address(value, size, header); return message.mapped.has_value();
    case error_code: if (size < 4) return false; message.error = static_cast<std::uint16_t>((value[2] & 7) * 100 + value[3]); return true;
    case mapped_address: case unknown_attributes: case realm: case nonce: case message_integrity_sha256: return true;
    default:
      if (type < 0x8000 && message.unknown_required == 0) message.unknown_required = type;
      return true;
  }
}

// SHA-1 over everything before the attribute, with a header length as if the message ended with it (RFC 8489 §14.5).
bool integrity_of(const std::uint8_t* bytes, std::size_t upto, std::string_view password, std::uint8_t* into) {
  if (upto > 2048) return false;
  std::uint8_t copy[2048];
  std::memcpy(copy, bytes, upto);
  put16(copy + 2, static_cast<std::uint16_t>(upto + attribute_header + integrity_size - stun_header_size));
  unsigned size = 0;
  return HMAC(EVP_sha1(), password.data(), static_cast<int>(password.size()), copy, upto, into, &size) != nullptr && size == integrity_size;
}

class Builder {
 public:
  Builder(std::uint8_t* at, std::uint16_t type, const std::array<std::uint8_t, 12>& transaction) : at_(at) {
    put16(at, type);
    put16(at + 2, 0);
    put32(at + 4, magic_cookie);
    std::memcpy(at + 8, transaction.data(), transaction.size());
  }
  std::uint8_t* add(std::uint16_t type, std::size_t size) {
    put16(at_ + size_, type);
    put16(at_ + size_ + 2, static_cast<std::uint16_t>(size));
    std::uint8_t* value = at_ + size_ + attribute_header;
    const std::size_t padded = (size + 3) & ~std::size_t{3};
    std::memset(value + size, 0, padded - size);
    size_ += attribute_header + padded;
    put16(at_ + 2, static_cast<std::uint16_t>(size_ - stun_header_size));
    return value;
  }
  std::size_t seal(std::string_view password) {
    const std::size_t before = size_;
    std::uint8_t mac[integrity_size];
    if (!integrity_of(at_, before, password, mac)) return 0;
    std::memcpy(add(message_integrity, integrity_size), mac, integrity_size);
    const std::size_t covered = size_;
    std::uint8_t* value = add(fingerprint, 4);
    put32(value, crc32(at_, covered) ^ fingerprint_mask);
    return size_;
  }

 private:
  std::uint8_t* at_;
  std::size_t size_ = stun_header_size;
};

}  // namespace

std::optional<StunMessage> read_stun(const std::uint8_t* bytes, std::size_t size) {
  if (size < stun_header_size || (bytes[0] & 0xc0) != 0 || get32(bytes + 4) != magic_cookie) return std::nullopt;
  const std::size_t length = get16(bytes + 2);
  if (length % 4 != 0 || length + stun_header_size != size) return std::nullopt;
  StunMessage message;
  message.type = get16(bytes);
  std::memcpy(message.transaction.data(), bytes + 8, message.transaction.size());
  std::size_t at = stun_header_size;
  while (at < size) {
    if (size - at < attribute_header) return std::nullopt;
    const std::uint16_t type = get16(bytes + at);
    const std::size_t value_size = get16(bytes + at + 2), padded = (value_size + 3) & ~std::size_t{3};
    if (padded > size - at - attribute_header) return std::nullopt;
    const std::uint8_t* value = bytes + at + attribute_header;
    if (message.has_fingerprint) return std::nullopt;                     // §14.7: it is the last one
    if (type == fingerprint) {
      if (value_size != 4 || get32(value) != (crc32(bytes, at) ^ fingerprint_mask)) return std::nullopt;
      message.has_fingerprint = true;
    } else if (type == message_integrity && message.integrity_at == 0) {
      if (value_size != integrity_size) return std::nullopt;
      message.integrity_at = at;
    } else if (message.integrity_at == 0 && !take(message, type, value, value_size, bytes)) {  // §14.5: what follows it is not believed
      return std::nullopt;
    }
    at += attribute_header + padded;
  }
  return message;
}

bool has_integrity(const std::uint8_t* bytes, const StunMessage& message, std::string_view password) {
  if (message.integrity_at == 0 || password.empty()) return false;
  std::uint8_t mac[integrity_size];
  return integrity_of(bytes, message.integrity_at, password, mac) && CRYPTO_memcmp(mac, bytes + message.integrity_at + attribute_header, integrity_size) == 0;
}

std::string_view ufrag_asked(std::string_view username) { return username.substr(0, username.find(':')); }
std::string_view ufrag_asking(std::string_view username) {
  const auto colon = username.find(':');
  return colon == username.npos ? std::string_view() : username.substr(colon + 1);
}

std::size_t write_stun_success(std::uint8_t* at, const StunMessage& request, const Address& from, std::string_view password) {
  Builder builder(at, stun_binding_success, request.transaction);
  const bool mapped = from.family() == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&reinterpret_cast<const sockaddr_in6*>(from.get())->sin6_addr);
  const bool v6 = from.family() == AF_INET6 && !mapped;
  const auto* host = from.family() == AF_INET ? reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(from.get())->sin_addr)
                                              : reinterpret_cast<const sockaddr_in6*>(from.get())->sin6_addr.s6_addr + (mapped ? 12 : 0);
  const std::size_t host_size = v6 ? 16 : 4;
  std::uint8_t* value = builder.add(xor_mapped_address, 4 + host_size);
  value[0] = 0;
  value[1] = v6 ? 2 : 1;
  put16(value + 2, static_cast<std::uint16_t>(from.port() ^ (magic_cookie >> 16)));
  for (std::size_t i = 0; i < host_size; ++i) value[4 + i] = static_cast<std::uint8_t>(host[i] ^ at[4 + i]);
  return builder.seal(password);
}

std::size_t write_stun_error(std::uint8_t* at, const StunMessage& request, std::uint16_t code, std::string_view reason, std::string_view password) {
  Builder builder(at, stun_binding_error, request.transaction);
  reason = reason.substr(0, 32);
  std::uint8_t* value = builder.add(error_code, 4 + reason.size());
  value[0] = value[1] = 0;
  value[2] = static_cast<std::uint8_t>(code / 100);
  value[3] = static_cast<std::uint8_t>(code % 100);
  std::memcpy(value + 4, reason.data(), reason.size());
  if (code == 420) put16(builder.add(unknown_attributes, 2), request.unknown_required);
  return builder.seal(password);
}

std::size_t write_stun_request(std::uint8_t* at, const std::array<std::uint8_t, 12>& transaction, std::string_view user, std::string_view password, bool nominate) {
  Builder builder(at, stun_binding_request, transaction);
  std::memcpy(builder.add(username, user.size()), user.data(), user.size());
  put32(builder.add(priority, 4), 0x6e0001ff);
  std::memset(builder.add(ice_controlling, 8), 7, 8);
  if (nominate) builder.add(use_candidate, 0);
  return builder.seal(password);
}

}  // namespace pasokh::media
