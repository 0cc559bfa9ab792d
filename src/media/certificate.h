// The certificate that browsers see in DTLS: self-signed, believed because its fingerprint stands in the SDP (RFC 8827 §6.5).
// One for each data folder, the same for all workers, so that an answer can be made again after any restart.
#pragma once

#include <string>

#include "base/result.h"

namespace pasokh::media {

// Reads DIR/keys/browser.pem; makes it (ECDSA P-256, mode 0400) when there is none. Gives the SHA-256 of the certificate, 32 bytes.
Result<std::string> browser_certificate(const std::string& file);
std::string fingerprint_text(std::string_view sha256);    // AB:CD:…, as in a=fingerprint

}  // namespace pasokh::media
