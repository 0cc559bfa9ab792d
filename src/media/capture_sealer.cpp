#include "media/capture_sealer.h"

#include <openssl/rand.h>

#include <algorithm>

#include "media/capture_format.h"

namespace pasokh::media {

using namespace capture_format;

static_assert(CaptureSealer::header_bytes == header_size && CaptureSealer::largest_block <= largest_text);

namespace {
constexpr std::size_t first_room = 4096;             // 180 ms of both sides at 20 ms a packet; grows where packets are smaller
constexpr std::size_t most_room = CaptureSealer::largest_block - block_header_size;
}

void CaptureSealer::Free::operator()(evp_cipher_ctx_st* cipher) const { EVP_CIPHER_CTX_free(cipher); }

Result<> CaptureSealer::begin(std::string_view key, CaptureId id) {
  if (key.size() != key_size) return trouble("capture-key", "the key of a capture has 32 bytes");
  std::array<std::uint8_t, salt_size> salt;
  Cipher cipher = cipher_for(key, true);
  if (!cipher || RAND_bytes(salt.data(), salt_size) != 1) return trouble("capture-cipher", "AES-256-GCM is not to be had");
  cipher_.reset(cipher.release());
  std::uint8_t* at = header_.data();
  std::memcpy(at, file_magic.data(), 8);
  at += 8;
  put(at, file_version);
  put(at, id.value);
  std::memcpy(at, salt.data(), salt_size);
  make_room(first_room);
  return Done{};
}

std::uint64_t CaptureSealer::salt() const {
  std::uint64_t salt;
  std::memcpy(&salt, header_.data() + header_size - salt_size, sizeof salt);
  return salt;
}

bool CaptureSealer::make_room(std::size_t wanted) {
  if (wanted > most_room) return false;
  const std::size_t room = std::min(most_room, std::max<std::size_t>(2 * room_, wanted));
  auto larger = std::make_unique<std::uint8_t[]>(room);
  if (used_ > 0) std::memcpy(larger.get(), text_.get(), used_);
  text_ = std::move(larger);
  room_ = static_cast<std::uint32_t>(room);
  return true;
}

bool CaptureSealer::add(const CaptureRecord& record) {
  const std::size_t length = std::min(record.bytes.size(), longest_bytes);
  const std::size_t needed = record_header_size + length + (used_ == 0 ? base_size : 0);
  if (used_ + needed > room_ && !make_room(used_ + needed)) return false;
  std::uint8_t* at = text_.get() + used_;
  if (used_ == 0) {
    base_us_ = record.arrived_us;
    put(at, base_us_);
  }
  put(at, static_cast<std::uint8_t>(static_cast<std::uint8_t>(record.kind) | (record.agent ? 0x80 : 0)));
  put(at, record.payload);
  put(at, record.sequence);
  put(at, record.timestamp);
  put(at, record.ssrc);
  put(at, static_cast<std::uint32_t>(std::max<std::int64_t>(0, record.arrived_us - base_us_)));
  put(at, static_cast<std::uint16_t>(length));
  if (length > 0) std::memcpy(at, record.bytes.data(), length);
  used_ += static_cast<std::uint32_t>(needed);
  return true;
}

std::size_t CaptureSealer::block_size() const { return block_header_size + used_; }

bool CaptureSealer::seal(std::uint8_t* into) {
  std::array<std::uint8_t, header_size + authenticated> open;  // authenticated, not secret
  std::memcpy(open.data(), header_.data(), header_size);
  const std::uint8_t* salt = header_.data() + header_size - salt_size;
  std::uint8_t* at = open.data() + header_size;
  put(at, block_magic);
  put(at, number_);
  std::memcpy(at, salt, salt_size);
  at += salt_size;
  put(at, used_);
  std::memcpy(into, open.data() + header_size, authenticated);
  const auto nonce = nonce_of(salt, number_);
  EVP_CIPHER_CTX* cipher = cipher_.get();
  std::uint8_t* text = into + block_header_size;
  int n = 0;
  const bool sealed = EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
                      EVP_EncryptUpdate(cipher, nullptr, &n, open.data(), static_cast<int>(open.size())) == 1 &&
                      EVP_EncryptUpdate(cipher, text, &n, text_.get(), static_cast<int>(used_)) == 1 &&
                      EVP_EncryptFinal_ex(cipher, text + n, &n) == 1 &&
                      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, tag_size, into + authenticated) == 1;
  used_ = 0;
  ++number_;
  return sealed;
}

void CaptureSealer::fetch() const {
  const std::uint8_t* at = text_.get() + used_;
  for (std::size_t line = 0; line < 256; line += 64) __builtin_prefetch(at + line, 1);
}

}  // namespace pasokh::media
