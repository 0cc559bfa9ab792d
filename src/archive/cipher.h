// AES-256-GCM, HKDF and SHA-256 over OpenSSL, as far as recordings need them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pasokh::archive {

inline constexpr std::size_t tag_bytes = 16, nonce_bytes = 12;

std::string random_bytes(std::size_t);
std::string derive_key(std::string_view key, std::string_view salt, std::string_view purpose);  // HKDF-SHA256, 32 bytes
std::string seal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view plain);  // ciphertext + tag
std::optional<std::string> unseal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view sealed);
void wipe(std::string&);

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::string_view);
  std::string hex();                 // once, at the end
 private:
  void* context_;
};

}  // namespace pasokh::archive
