// The bytes of a capture file (capture.h), for those who write, read and move them.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace pasokh::media::capture_format {

inline constexpr std::array<char, 8> file_magic{'P', 'a', 's', 'o', 'k', 'h', 'C', '1'};
inline constexpr std::uint32_t file_version = 2, first_version = 1;
inline constexpr std::uint32_t block_magic = 0x4b4c4250;
inline constexpr std::size_t salt_size = 8, tag_size = 16, key_size = 32;
inline constexpr std::size_t header_size = 8 + 4 + 8 + salt_size;
inline constexpr std::size_t block_header_size = 4 + 4 + salt_size + 4 + tag_size;
inline constexpr std::size_t authenticated = 4 + 4 + salt_size + 4;   // of the block's header
inline constexpr std::size_t base_size = 8, record_header_size = 18;
inline constexpr std::size_t largest_text = 16 * 1024;
inline constexpr std::size_t longest_bytes = 1500;
inline constexpr std::int64_t piece = 4096;                            // a header stands at a multiple of it

inline std::int64_t next_piece(std::int64_t at) { return (at + piece - 1) / piece * piece; }

template <class T> void put(std::uint8_t*& at, T n) { std::memcpy(at, &n, sizeof n); at += sizeof n; }
template <class T> T get(const std::uint8_t*& at) { T n; std::memcpy(&n, at, sizeof n); at += sizeof n; return n; }

struct CipherFree { void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); } };
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

inline Cipher cipher_for(std::string_view key, bool encrypt) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  if (cipher && EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, reinterpret_cast<const std::uint8_t*>(key.data()), nullptr, encrypt ? 1 : 0) != 1)
    cipher.reset();
  return cipher;
}

inline std::array<std::uint8_t, 12> nonce_of(const std::uint8_t* salt, std::uint32_t number) {
  std::array<std::uint8_t, 12> nonce;
  std::memcpy(nonce.data(), salt, salt_size);
  std::memcpy(nonce.data() + salt_size, &number, 4);
  return nonce;
}

}  // namespace pasokh::media::capture_format
