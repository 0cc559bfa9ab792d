#include "media/srtp.h"

#include <srtp2/srtp.h>

#include <string>

namespace pasokh::media {

struct SrtpPair::Context {
  srtp_t srtp = nullptr;
};

void SrtpPair::Free::operator()(Context* context) const {
  if (context->srtp) srtp_dealloc(context->srtp);
  delete context;
}

namespace {

bool library_is_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok;
  return ready;
}

srtp_policy_t policy_of(const SrtpKeys& keys, const std::string& key, srtp_ssrc_type_t ssrc) {
  srtp_policy_t policy{};
  const auto profile = keys.profile == SrtpProfile::aes_128_gcm ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
  (void)srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
  (void)srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
  policy.ssrc.type = ssrc;
  policy.key = reinterpret_cast<unsigned char*>(const_cast<char*>(key.data()));
  policy.window_size = 128;
  policy.allow_repeat_tx = 0;
  return policy;
}

template <class Function>
bool apply(Function function, srtp_t srtp, std::uint8_t* packet, std::size_t& size) {
  int length = static_cast<int>(size);
  if (function(srtp, packet, &length) != srtp_err_status_ok) return false;
  size = static_cast<std::size_t>(length);
  return true;
}

}  // namespace

Result<SrtpPair> SrtpPair::make(const SrtpKeys& keys, bool we_are_server) {
  if (!library_is_ready()) return trouble("browser-srtp", "the SRTP library does not start");
  SrtpPair pair;
  pair.in_.reset(new Context);
  pair.out_.reset(new Context);
  const auto in = policy_of(keys, we_are_server ? keys.of_client : keys.of_server, ssrc_any_inbound);
  const auto out = policy_of(keys, we_are_server ? keys.of_server : keys.of_client, ssrc_any_outbound);
  if (srtp_create(&pair.in_->srtp, &in) != srtp_err_status_ok || srtp_create(&pair.out_->srtp, &out) != srtp_err_status_ok)
    return trouble("browser-srtp", "the SRTP library refuses the keys");
  return pair;
}

bool SrtpPair::protect(std::uint8_t* packet, std::size_t& size) {
  return apply([](srtp_t s, void* p, int* n) { return srtp_protect(s, p, n); }, out_->srtp, packet, size);
}
bool SrtpPair::unprotect(std::uint8_t* packet, std::size_t& size) {
  return apply([](srtp_t s, void* p, int* n) { return srtp_unprotect(s, p, n); }, in_->srtp, packet, size);
}
bool SrtpPair::protect_rtcp(std::uint8_t* packet, std::size_t& size) {
  return apply([](srtp_t s, void* p, int* n) { return srtp_protect_rtcp(s, p, n); }, out_->srtp, packet, size);
}
bool SrtpPair::unprotect_rtcp(std::uint8_t* packet, std::size_t& size) {
  return apply([](srtp_t s, void* p, int* n) { return srtp_unprotect_rtcp(s, p, n); }, in_->srtp, packet, size);
}

}  // namespace pasokh::media
