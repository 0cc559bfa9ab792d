#include "archive/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "base/assert.h"

namespace pasokh::archive {

namespace {

const unsigned char* raw(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* raw(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

struct CipherContext {
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  ~CipherContext() { EVP_CIPHER_CTX_free(context); }
};

}  // namespace

std::string random_bytes(std::size_t n) {
  std::string out(n, '\0');
  PASOKH_ASSERT(RAND_bytes(raw(out), static_cast<int>(n)) == 1);
  return out;
}

std::string derive_key(std::string_view key, std::string_view salt, std::string_view purpose) {
  std::string out(32, '\0');
  std::size_t length = out.size();
  auto* context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr);
  const bool good = context && EVP_PKEY_derive_init(context) > 0 && EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) > 0 &&
                    EVP_PKEY_CTX_set1_hkdf_salt(context, raw(salt), static_cast<int>(salt.size())) > 0 &&
                    EVP_PKEY_CTX_set1_hkdf_key(context, raw(key), static_cast<int>(key.size())) > 0 &&
                    EVP_PKEY_CTX_add1_hkdf_info(context, raw(purpose), static_cast<int>(purpose.size())) > 0 &&
                    EVP_PKEY_derive(context, raw(out), &length) > 0;
  EVP_PKEY_CTX_free(context);
  PASOKH_ASSERT(good && length == out.size());
  return out;
}

std::string seal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view plain) {
  PASOKH_ASSERT(key.size() == 32 && nonce.size() == nonce_bytes);
  std::string out(plain.size() + tag_bytes, '\0');
  CipherContext c;
  int n = 0, end = 0;
  const bool good = EVP_EncryptInit_ex(c.context, EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
                    EVP_EncryptUpdate(c.context, nullptr, &n, raw(associated), static_cast<int>(associated.size())) == 1 &&
                    EVP_EncryptUpdate(c.context, raw(out), &n, raw(plain), static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(c.context, raw(out) + n, &end) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c.context, EVP_CTRL_GCM_GET_TAG, tag_bytes, raw(out) + plain.size()) == 1;
  PASOKH_ASSERT(good);
  return out;
}

std::optional<std::string> unseal(std::string_view key, std::string_view nonce, std::string_view associated, std::string_view sealed) {
  if (key.size() != 32 || nonce.size() != nonce_bytes || sealed.size() < tag_bytes) return std::nullopt;
  const auto body = sealed.substr(0, sealed.size() - tag_bytes);
  std::string tag(sealed.substr(body.size()));
  std::string out(body.size(), '\0');
  CipherContext c;
  int n = 0, end = 0;
  const bool good = EVP_DecryptInit_ex(c.context, EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
                    EVP_DecryptUpdate(c.context, nullptr, &n, raw(associated), static_cast<int>(associated.size())) == 1 &&
                    EVP_DecryptUpdate(c.context, raw(out), &n, raw(body), static_cast<int>(body.size())) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c.context, EVP_CTRL_GCM_SET_TAG, tag_bytes, raw(tag)) == 1 &&
                    EVP_DecryptFinal_ex(c.context, raw(out) + n, &end) == 1;
  if (!good) return std::nullopt;
  return out;
}

void wipe(std::string& secret) { OPENSSL_cleanse(secret.data(), secret.size()); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) { PASOKH_ASSERT(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1); }
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Sha256::add(std::string_view bytes) { EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()); }
std::string Sha256::hex() {
  unsigned char digest[32];
  unsigned n = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest, &n);
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (auto byte : digest) { out += digits[byte >> 4]; out += digits[byte & 15]; }
  return out;
}

}  // namespace pasokh::archive
