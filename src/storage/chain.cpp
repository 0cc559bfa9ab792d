#include "storage/chain.h"

#include <openssl/evp.h>

#include <cstring>

#include "base/assert.h"

namespace pasokh::storage {

namespace {

EVP_MD* sha256() {
  static EVP_MD* const digest = EVP_MD_fetch(nullptr, "SHA256", nullptr);  // fetched once: OpenSSL 3 looks it up anew otherwise
  return digest;
}

void put(char* to, std::uint64_t n) {
  for (int i = 7; i >= 0; --i, n >>= 8) to[i] = static_cast<char>(n);
}

Sum finish(EVP_MD_CTX* context, std::string_view head, std::string_view body) {
  unsigned char digest[32];
  const bool hashed = EVP_DigestInit_ex2(context, sha256(), nullptr) && EVP_DigestUpdate(context, head.data(), head.size()) &&
                      EVP_DigestUpdate(context, body.data(), body.size()) && EVP_DigestFinal_ex(context, digest, nullptr);
  PASOKH_ASSERT(hashed);
  Sum sum;
  std::memcpy(sum.data(), digest, sum.size());
  return sum;
}

}  // namespace

Chain::Chain() : context_(EVP_MD_CTX_new()) {}
Chain::~Chain() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }

Sum Chain::next(const Sum& previous, std::uint64_t seq, std::int64_t at, std::string_view body) {
  char head[32];
  std::memcpy(head, previous.data(), 16);
  put(head + 16, seq);
  put(head + 24, static_cast<std::uint64_t>(at));
  return finish(static_cast<EVP_MD_CTX*>(context_), {head, sizeof head}, body);
}

Sum Chain::of_snapshot(std::uint64_t seq, std::string_view body) {
  char head[8];
  put(head, seq);
  return finish(static_cast<EVP_MD_CTX*>(context_), {head, sizeof head}, body);
}

bool to_sum(std::string_view bytes, Sum& sum) {
  if (bytes.size() != sum.size()) return false;
  std::memcpy(sum.data(), bytes.data(), sum.size());
  return true;
}

}  // namespace pasokh::storage
