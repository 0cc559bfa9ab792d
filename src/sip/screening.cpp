#include "sip/screening.h"

#include <algorithm>

namespace pasokh::sip {

bool SourceRates::allow(const std::string& ip, double per_second, Instant now) {
  Bucket& bucket = buckets_.at(ip);
  if (!bucket.used) { bucket.used = true; bucket.tokens = per_second; bucket.filled = now; }
  bucket.tokens = std::min(per_second, bucket.tokens + static_cast<double>((now - bucket.filled).us) / 1e6 * per_second);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

namespace {

std::uint64_t print_of(const Message& invite) {          // FNV-1a of what makes the transaction
  std::uint64_t print = 0xcbf29ce484222325ull;
  const auto& via = invite.vias().front();
  for (const std::string_view part : {std::string_view(via.branch), std::string_view(via.host), std::string_view(invite.call_id())})
    for (const char c : part) print = (print ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return print;
}

}  // namespace

bool RefusedCalls::remembers(const Message& invite, Instant now) const {
  constexpr Duration remembered = Duration::seconds(32);  // 64·T1: as long as a client tries
  if (refused_.empty()) return false;
  const std::uint64_t print = print_of(invite);
  const Refused& place = refused_[print % places];
  return place.print == print && now - place.at < remembered;
}

void RefusedCalls::remember(const Message& invite, Instant now) {
  if (remembers(invite, now)) return;
  if (refused_.empty()) refused_.resize(places);
  const std::uint64_t print = print_of(invite);
  refused_[print % places] = {print, now};
}

bool Admission::admit(double per_second, Instant now) {
  const double most = std::max(2.0, per_second / 2);
  tokens_ = begun_ ? std::min(most, tokens_ + static_cast<double>((now - filled_).us) / 1e6 * per_second) : most;
  begun_ = true;
  filled_ = now;
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::optional<Refusal> fault_of(const Message& request) {
  const auto uri = request.request_uri();
  const auto scheme = lower(uri.substr(0, uri.find(':')));
  if (scheme != "sip" && scheme != "sips" && scheme != "tel") return Refusal{416, "", ""};         // §8.2.2.1
  if (request.max_forwards() == 0 && request.method() != Method::options) return Refusal{483, "", ""};  // §16.3 step 3; OPTIONS is for us then
  std::string unknown;                                                                             // §8.2.2.3
  for (auto option : request.list(Field::require))
    if (!same_word(option, "timer") && !same_word(option, "100rel") && !same_word(option, "replaces")) unknown.append(unknown.empty() ? "" : ", ").append(option);
  if (!unknown.empty()) return Refusal{420, "Unsupported", unknown};
  if (!request.body().empty() && request.method() == Method::invite) {                             // §8.2.3
    if (sdp_of(request).empty()) return Refusal{415, "Accept", "application/sdp"};
    if (auto encoding = request.first(Field::content_encoding); !encoding.empty() && !same_word(encoding, "identity")) return Refusal{415, "Accept-Encoding", "identity"};
  }
  return std::nullopt;
}

}  // namespace pasokh::sip
