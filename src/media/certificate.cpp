#include "media/certificate.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace pasokh::media {
namespace {

constexpr long valid_for_s = 30L * 366 * 24 * 3600;        // nobody looks at it: the fingerprint is what is believed
constexpr long valid_before_s = 366L * 24 * 3600;          // clocks of some machines are far behind

struct Free {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
};
template <class T> using Owned = std::unique_ptr<T, Free>;

std::string sha256_of(X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) return {};
  return {reinterpret_cast<const char*>(digest), size};
}

Owned<X509> make_certificate(EVP_PKEY* key) {
  Owned<X509> certificate(X509_new());
  std::uint64_t serial = 0;
  if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return nullptr;
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -valid_before_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for_s);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("pasokh"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_set_pubkey(certificate.get(), key) != 1 || X509_sign(certificate.get(), key, EVP_sha256()) == 0) return nullptr;
  return certificate;
}

Result<> write_file(const std::string& file, std::string_view bytes) {
  const std::string draft = file + ".new";
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0400);
  if (fd < 0) return trouble("browser-certificate", "cannot write " + draft + ": " + std::strerror(errno));
  const bool written = write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && fsync(fd) == 0;
  close(fd);
  if (!written || rename(draft.c_str(), file.c_str()) != 0) return trouble("browser-certificate", "cannot write " + file + ": " + std::strerror(errno));
  return Done{};
}

Result<std::string> make(const std::string& file) {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const auto certificate = key ? make_certificate(key.get()) : nullptr;
  Owned<BIO> text(BIO_new(BIO_s_mem()));
  if (!certificate || !text || PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 || PEM_write_bio_X509(text.get(), certificate.get()) != 1)
    return trouble("browser-certificate", "OpenSSL cannot make a certificate for browser phones");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  TRY_DONE(write_file(file, {bytes, static_cast<std::size_t>(size)}));
  return sha256_of(certificate.get());
}

}  // namespace

Result<std::string> browser_certificate(const std::string& file) {
  Owned<BIO> in(BIO_new_file(file.c_str(), "r"));
  if (!in) {
    if (access(file.c_str(), F_OK) == 0) return trouble("browser-certificate", "cannot read " + file + ": " + std::strerror(errno));
    return make(file);
  }
  Owned<X509> certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!certificate) return trouble("browser-certificate", file + " holds no certificate; remove it, and a new one is made");
  return sha256_of(certificate.get());
}

std::string fingerprint_text(std::string_view sha256) {
  std::string out;
  char hex[4];
  for (const char c : sha256) {
    std::snprintf(hex, sizeof hex, "%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    if (!out.empty()) out += ':';
    out += hex;
  }
  return out;
}

}  // namespace pasokh::media
