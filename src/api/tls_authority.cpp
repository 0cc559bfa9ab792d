#include "api/tls_authority.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

namespace pasokh::api {
namespace {

template <auto Free>
struct Freer { template <class T> void operator()(T* p) const { Free(p); } };
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Bytes = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

Trouble failed(const std::string& doing) {
  char text[200] = "no reason given";
  if (const auto error = ERR_get_error()) ERR_error_string_n(error, text, sizeof text);
  ERR_clear_error();
  return trouble("certificate", doing + ": " + text);
}

Result<std::string> read_whole(const std::string& file) {
  const Bytes in(BIO_new_file(file.c_str(), "r"));
  if (!in) { ERR_clear_error(); return trouble("certificate", file + " cannot be read"); }
  std::string out;
  char room[4096];
  for (int n; (n = BIO_read(in.get(), room, sizeof room)) > 0 && out.size() < (1 << 20);) out.append(room, static_cast<std::size_t>(n));
  return out;
}

// All or nothing: a power cut leaves the file of before.
Result<> write_whole(const std::string& file, std::string_view text, mode_t mode) {
  const std::string part = file + ".new";
  ::unlink(part.c_str());
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool good = fd >= 0;
  while (good && !text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    good = n > 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(n));
  }
  good = good && ::fsync(fd) == 0;
  const int why = errno;
  if (fd >= 0) ::close(fd);
  if (!good || ::rename(part.c_str(), file.c_str()) != 0) return trouble("disk", "cannot write " + file + ": " + std::strerror(good ? errno : why));
  return Done{};
}

Result<Certificate> load_certificate(const std::string& file) {
  TRY(text, read_whole(file));
  const Bytes in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Certificate certificate(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (!certificate) { ERR_clear_error(); return trouble("certificate", file + " holds no certificate in PEM form"); }
  return certificate;
}

Result<Key> load_key(const std::string& file) {
  TRY(text, read_whole(file));
  const Bytes in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, const_cast<char*>("")));  // "": a key behind a passphrase is refused, not asked for
  OPENSSL_cleanse(text.data(), text.size());
  if (!key) { ERR_clear_error(); return trouble("certificate", file + " holds no private key in PEM form without a passphrase"); }
  return key;
}

std::string pem_of(BIO* bytes) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bytes, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

Result<Key> make_key(const std::string& file) {
  Key key(EVP_EC_gen("P-256"));
  const Bytes out(BIO_new(BIO_s_mem()));
  if (!key || !PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)) return failed("making a key");
  TRY_DONE(write_whole(file, pem_of(out.get()), 0400));
  return key;
}

Result<> save(const X509* certificate, const std::string& file) {
  const Bytes out(BIO_new(BIO_s_mem()));
  if (!PEM_write_bio_X509(out.get(), const_cast<X509*>(certificate))) return failed("writing " + file);
  return write_whole(file, pem_of(out.get()), 0644);
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  const bool added = extension && X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

// What both kinds have: version 3, 127 random bits of serial (RFC 5280 §4.1.2.2), key, times.
Result<Certificate> blank(EVP_PKEY* key, const std::string& name, Instant now, Duration lasts) {
  Certificate certificate(X509_new());
  unsigned char serial[16];
  if (!certificate || RAND_bytes(serial, sizeof serial) != 1) return failed("making a certificate");
  serial[0] &= 0x7f;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  const bool numbered = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  const auto seconds = static_cast<time_t>(now.us / 1'000'000);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  if (!numbered || !X509_set_version(certificate.get(), 2) || !X509_set_pubkey(certificate.get(), key) ||
      !ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds - 3600) ||  // other machines' clocks may be slow
      !ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds + static_cast<time_t>(lasts.us / 1'000'000)) ||
      !X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("Pasokh"), -1, -1, 0) ||
      !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.substr(0, 64).c_str()), -1, -1, 0))
    return failed("making a certificate");
  return certificate;
}

std::string host_name() {
  char room[256] = "";
  ::gethostname(room, sizeof room - 1);
  std::string name(room);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool plain = !name.empty() && name.size() <= 253 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == name.npos;
  return plain ? name : "localhost";
}

Result<> make_authority(const TlsFiles& files, Instant now) {
  TRY(key, make_key(files.authority_key));
  TRY(certificate, blank(key.get(), "Pasokh authority of " + host_name(), now, authority_lasts));
  X509* const c = certificate.get();
  if (!X509_set_issuer_name(c, X509_get_subject_name(c)) || !extend(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") || !extend(c, c, NID_subject_key_identifier, "hash") || !X509_sign(c, key.get(), EVP_sha256()))
    return failed("making the authority");
  return save(c, files.authority);
}

Result<> issue(const TlsFiles& files, const HostNames& wanted, Instant now) {
  TRY(authority, load_certificate(files.authority));
  TRY(authority_key, load_key(files.authority_key));
  TRY(key, make_key(files.key + ".next"));
  TRY(certificate, blank(key.get(), host_name(), now, certificate_lasts));
  std::string names;
  for (const auto& name : wanted.names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  for (const auto& address : wanted.addresses) names += (names.empty() ? "IP:" : ",IP:") + address;
  X509* const c = certificate.get();
  if (!X509_set_issuer_name(c, X509_get_subject_name(authority.get())) || !extend(c, authority.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !extend(c, authority.get(), NID_key_usage, "critical,digitalSignature") || !extend(c, authority.get(), NID_ext_key_usage, "serverAuth") ||
      !extend(c, authority.get(), NID_subject_key_identifier, "hash") || !extend(c, authority.get(), NID_authority_key_identifier, "keyid:always") ||
      !extend(c, authority.get(), NID_subject_alt_name, names) || !X509_sign(c, authority_key.get(), EVP_sha256()))
    return failed("making the certificate");
  TRY_DONE(save(c, files.certificate + ".next"));
  // a stop between the two leaves a pair that does not fit; keep_certificate then issues anew
  if (::rename((files.key + ".next").c_str(), files.key.c_str()) != 0 || ::rename((files.certificate + ".next").c_str(), files.certificate.c_str()) != 0)
    return trouble("disk", "cannot put " + files.certificate + " in its place: " + std::strerror(errno));
  return Done{};
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) ? Instant{static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000} : Instant{};
}

std::string one_line(const X509_NAME* name) {
  const Bytes out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), const_cast<X509_NAME*>(name), 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  return pem_of(out.get());
}

std::string address_text(const unsigned char* bytes, int size) {
  char text[INET6_ADDRSTRLEN] = "";
  if (size == 4) ::inet_ntop(AF_INET, bytes, text, sizeof text);
  if (size == 16) ::inet_ntop(AF_INET6, bytes, text, sizeof text);
  return text;
}

void sort_once(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

HostNames own_names(const std::vector<std::string>& more) {
  HostNames own{{"localhost"}, {"127.0.0.1", "::1"}};
  const std::string host = host_name();
  own.names.push_back(host);
  if (host.find('.') == host.npos && host != "localhost") own.names.push_back(host + ".local");  // RFC 6762
  unsigned char room[16];
  for (const auto& name : more) (::inet_pton(AF_INET, name.c_str(), room) == 1 || ::inet_pton(AF_INET6, name.c_str(), room) == 1 ? own.addresses : own.names).push_back(name);
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) == 0)
    for (const ifaddrs* i = list; i; i = i->ifa_next) {
      if (!i->ifa_addr || !(i->ifa_flags & IFF_UP)) continue;
      if (i->ifa_addr->sa_family == AF_INET) own.addresses.push_back(address_text(reinterpret_cast<const unsigned char*>(&reinterpret_cast<const sockaddr_in*>(i->ifa_addr)->sin_addr), 4));
      if (i->ifa_addr->sa_family != AF_INET6) continue;
      const auto& address = reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr;
      if (!IN6_IS_ADDR_LINKLOCAL(&address)) own.addresses.push_back(address_text(address.s6_addr, 16));  // needs a zone, which no URL of a browser holds
    }
  ::freeifaddrs(list);
  sort_once(own.names);
  sort_once(own.addresses);
  return own;
}

Result<CertificateFacts> read_certificate(const std::string& file) {
  TRY(certificate, load_certificate(file));
  CertificateFacts facts{.covers = {}, .begins = instant_of(X509_get0_notBefore(certificate.get())), .ends = instant_of(X509_get0_notAfter(certificate.get())),
                         .subject = one_line(X509_get_subject_name(certificate.get())), .issuer = one_line(X509_get_issuer_name(certificate.get())), .fingerprint = {}};
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS)
      facts.covers.names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)), static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    if (name->type == GEN_IPADD) facts.covers.addresses.push_back(address_text(ASN1_STRING_get0_data(name->d.iPAddress), ASN1_STRING_length(name->d.iPAddress)));
  }
  sort_once(facts.covers.names);
  sort_once(facts.covers.addresses);
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate.get(), EVP_sha256(), sum, &size);
  for (unsigned i = 0; i < size; ++i) {
    char text[4];
    std::snprintf(text, sizeof text, "%s%02X", i ? ":" : "", sum[i]);
    facts.fingerprint += text;
  }
  return facts;
}

Result<> key_fits(const std::string& certificate_file, const std::string& key_file) {
  TRY(certificate, load_certificate(certificate_file));
  TRY(key, load_key(key_file));
  if (X509_check_private_key(certificate.get(), key.get()) == 1) return Done{};
  ERR_clear_error();
  return trouble("certificate-key", key_file + " is not the key of " + certificate_file);
}

std::vector<std::string> missing_names(const HostNames& wanted, const HostNames& covers) {
  std::vector<std::string> missing;
  const auto covered = [&](const std::string& name) {
    const auto dot = name.find('.');
    const std::string wild = dot == name.npos ? "" : "*" + name.substr(dot);
    return std::any_of(covers.names.begin(), covers.names.end(), [&](const std::string& c) { return c == name || c == wild; });
  };
  for (const auto& name : wanted.names) if (!covered(name)) missing.push_back(name);
  for (const auto& address : wanted.addresses)
    if (std::find(covers.addresses.begin(), covers.addresses.end(), address) == covers.addresses.end()) missing.push_back(address);
  return missing;
}

TlsFiles tls_files(const std::string& dir) { return {dir + "/tls/authority.crt", dir + "/keys/authority.key", dir + "/tls/https.crt", dir + "/keys/https.key"}; }

Result<bool> keep_certificate(const std::string& dir, const HostNames& wanted, Instant now) {
  const TlsFiles files = tls_files(dir);
  for (const auto* name : {"/tls", "/keys"})
    if (::mkdir((dir + name).c_str(), 0700) != 0 && errno != EEXIST) return trouble("disk", "cannot make " + dir + name + ": " + std::strerror(errno));
  const auto authority = read_certificate(files.authority);
  // an authority that is lost or ends is made anew; browsers must be told to trust it again, so nothing less will do it
  const bool authority_stands = authority && authority->ends - certificate_lasts > now && key_fits(files.authority, files.authority_key);
  if (!authority_stands) TRY_DONE(make_authority(files, now));
  const auto present = read_certificate(files.certificate);
  const bool stands = authority_stands && present && present->issuer == authority->subject && present->ends - renewed_before_end > now && present->begins <= now &&
                      missing_names(wanted, present->covers).empty() && key_fits(files.certificate, files.key);
  if (stands) return false;
  TRY_DONE(issue(files, wanted, now));
  return true;
}

}  // namespace pasokh::api
