// The local certificate authority: browsers give a page the microphone over HTTPS only, and a centre in a company's network has no
// public name that a public authority would vouch for. EC P-256 throughout (RFC 5480, 5280).
//   DIR/keys/authority.key, DIR/keys/https.key   0400
//   DIR/tls/authority.crt                        what people's browsers are told to trust, 10 years
//   DIR/tls/https.crt                            this machine's, 90 days; made anew 30 days before its end, or when names or addresses change
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace pasokh::api {

struct HostNames {
  std::vector<std::string> names, addresses;
  bool operator==(const HostNames&) const = default;
};
// localhost, the host's name (and NAME.local), `more`, loopback and every interface's addresses; sorted.
HostNames own_names(const std::vector<std::string>& more = {});

struct CertificateFacts {
  HostNames covers;
  Instant begins, ends;
  std::string subject, issuer;
  std::string fingerprint;           // SHA-256, "AB:CD:…"
};
Result<CertificateFacts> read_certificate(const std::string& file);        // the first one of a PEM file
Result<> key_fits(const std::string& certificate_file, const std::string& key_file);  // Trouble "certificate-key" when it is another's

// What `wanted` has and `covers` has not ("*.example" covers one label, RFC 6125 §6.4.3).
std::vector<std::string> missing_names(const HostNames& wanted, const HostNames& covers);

struct TlsFiles { std::string authority, authority_key, certificate, key; };
TlsFiles tls_files(const std::string& dir);

// Makes what is missing or due. true: there is a new certificate.
Result<bool> keep_certificate(const std::string& dir, const HostNames& wanted, Instant now);

inline constexpr Duration certificate_lasts = Duration::hours(90 * 24), renewed_before_end = Duration::hours(30 * 24), authority_lasts = Duration::hours(3652 * 24);

}  // namespace pasokh::api
