#include "media/browsers.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

namespace pasokh::media {
namespace {

constexpr std::int64_t lost_after_us = 30'000'000;           // RFC 7675 §5.1: consent ends after 30 s without a check
constexpr std::int64_t measure_every_us = 2'000'000;
constexpr std::size_t proved_most = 8;                       // addresses of one browser: its interfaces, and what NAT made of them
constexpr std::size_t largest_out = 1'500;

// RFC 5761 §4: with both on one flow, 64 to 95 in the place of the payload type is RTCP.
bool is_rtcp(std::uint8_t second) {
  const int type = second & 0x7f;
  return type >= 64 && type <= 95;
}

}  // namespace

std::size_t AddressHash::operator()(const Address& address) const {
  const auto* bytes = address.family() == AF_INET ? reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr)
                                                  : reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr);
  const std::size_t size = address.family() == AF_INET ? 4 : 16;
  return std::hash<std::string_view>{}({bytes, size}) * 31 + address.port();
}

// --- what leaves

bool BrowserLink::send_rtp(const std::uint8_t* packet, std::size_t size) {
  alignas(8) std::array<std::uint8_t, largest_out + srtp_trailer> sealed;
  if (!srtp_ || !peer_.known() || size > largest_out) return false;
  std::memcpy(sealed.data(), packet, size);
  return srtp_->protect(sealed.data(), size) && transport_.send(fd_, sealed.data(), size, peer_);
}

bool BrowserLink::send_rtcp(const std::uint8_t* packet, std::size_t size) {
  alignas(8) std::array<std::uint8_t, largest_out + srtp_trailer> sealed;
  if (!srtp_ || !peer_.known() || size > largest_out) return false;
  std::memcpy(sealed.data(), packet, size);
  return srtp_->protect_rtcp(sealed.data(), size) && transport_.send(fd_, sealed.data(), size, peer_);
}

// --- the socket and the links

Result<> Browsers::open(int fd, const std::string& certificate) {
  TRY(context, DtlsContext::load(certificate));
  context_.emplace(std::move(context));
  fd_ = fd;
  for (BrowserLink* link : links_) link->fd_ = fd;
  return Done{};
}

void Browsers::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::unique_ptr<BrowserLink> Browsers::begin(Leg& leg, const BrowserPeer& wanted, std::int64_t now_us) {
  auto link = std::make_unique<BrowserLink>(leg, transport_, fd_);
  link->wanted_ = wanted;
  link->checked_us_ = link->measured_us_ = now_us;
  by_ufrag_[wanted.our_ufrag] = link.get();
  links_.push_back(link.get());
  return link;
}

// RFC 8445 §9: new names are an ICE restart; the old path goes on until the new one is proved. Another fingerprint is another
// page: nothing of the old association is believed any more.
void Browsers::change(BrowserLink& link, const BrowserPeer& wanted, std::int64_t now_us) {
  const bool same_path = link.wanted_.our_ufrag == wanted.our_ufrag && link.wanted_.our_password == wanted.our_password && link.wanted_.peer_ufrag == wanted.peer_ufrag &&
                         link.wanted_.peer_fingerprint == wanted.peer_fingerprint;
  if (same_path) { link.wanted_ = wanted; return; }
  if (link.wanted_.our_ufrag != wanted.our_ufrag) {
    by_ufrag_.erase(link.former_ufrag_);
    link.former_ufrag_ = link.wanted_.our_ufrag;
    link.former_password_ = link.wanted_.our_password;
  }
  if (link.wanted_.peer_fingerprint != wanted.peer_fingerprint) {
    by_ufrag_.erase(link.former_ufrag_);
    link.former_ufrag_.clear();
    forget_addresses(link);
    link.dtls_.reset();
    link.srtp_.reset();
  }
  link.wanted_ = wanted;
  by_ufrag_[wanted.our_ufrag] = &link;
  link.checked_us_ = now_us;
  link.told_connected_ = link.told_refused_ = false;
}

void Browsers::end(BrowserLink& link) {
  for (const auto& name : {link.former_ufrag_, link.wanted_.our_ufrag})
    if (auto found = by_ufrag_.find(name); found != by_ufrag_.end() && found->second == &link) by_ufrag_.erase(found);
  forget_addresses(link);
  std::erase(links_, &link);
}

void Browsers::forget_addresses(BrowserLink& link) {
  for (const Address& address : link.proved_)
    if (auto found = by_address_.find(address); found != by_address_.end() && found->second == &link) by_address_.erase(found);
  link.proved_.clear();
  link.peer_ = Address();
}

BrowserLink* Browsers::at(const Address& from) const {
  const auto found = by_address_.find(from);
  return found == by_address_.end() ? nullptr : found->second;
}

// --- what comes in

void Browsers::on_datagram(std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us) {
  const Flavour flavour = flavour_of(bytes[0]);
  if (flavour == Flavour::stun) return on_stun(bytes, size, from, now_us);
  BrowserLink* link = at(from);
  if (!link) { ++counters_.dropped_unknown; return; }
  if (flavour == Flavour::dtls) on_dtls(*link, bytes, size, from);
  else if (flavour == Flavour::media) on_media(*link, bytes, size, from);
  else ++counters_.dropped_unknown;
}

// RFC 8445 §7.3. Who does not know the password gets no answer: nothing here can be made to send to a third party.
void Browsers::on_stun(const std::uint8_t* bytes, std::size_t size, const Address& from, std::int64_t now_us) {
  const auto request = read_stun(bytes, size);
  if (!request || !request->has_fingerprint || request->type != stun_binding_request) {   // §7.1: a check bears one
    if (!request || request->type != stun_binding_indication) ++counters_.dropped_stun;   // §11: a keep-alive wants nothing
    return;
  }
  const auto found = by_ufrag_.find(std::string(ufrag_asked(request->username)));
  if (found == by_ufrag_.end()) { ++counters_.dropped_unknown; return; }
  BrowserLink& link = *found->second;
  const bool is_new = found->first == link.wanted_.our_ufrag;
  const std::string& password = is_new ? link.wanted_.our_password : link.former_password_;
  const bool names_fit = !is_new || link.wanted_.peer_ufrag.empty() || ufrag_asking(request->username) == link.wanted_.peer_ufrag;
  if (!names_fit || !has_integrity(bytes, *request, password)) { ++counters_.dropped_foreign; return; }
  std::uint8_t answer[largest_stun_answer];
  std::size_t answer_size = 0;
  if (request->unknown_required != 0) answer_size = write_stun_error(answer, *request, 420, "Unknown Attribute", password);
  // §7.3.1.1: two that are controlled: a lite agent always is, so the browser must switch
  else if (request->peer_is_controlled) answer_size = write_stun_error(answer, *request, 487, "Role Conflict", password);
  else answer_size = write_stun_success(answer, *request, from, password);
  transport_.send(fd_, answer, answer_size, from);
  if (request->unknown_required != 0 || request->peer_is_controlled) return;
  ++counters_.checks;
  link.checked_us_ = now_us;
  link.lost_told_us_ = 0;
  if (is_new && !link.former_ufrag_.empty()) {             // the restart has arrived
    by_ufrag_.erase(link.former_ufrag_);
    link.former_ufrag_.clear();
    forget_addresses(link);
  }
  prove(link, from, request->use_candidate);
  // after an ICE restart the association goes on, and nothing else would tell that the path is good again
  if (is_new && link.srtp_ && !link.told_connected_) dtls_went_on(link);
}

// The first address is taken at once (some browsers nominate late); afterwards the browser's nomination moves it.
void Browsers::prove(BrowserLink& link, const Address& from, bool nominated) {
  by_address_[from] = &link;
  const auto known = std::find(link.proved_.begin(), link.proved_.end(), from);
  if (known == link.proved_.end()) {
    if (link.proved_.size() >= proved_most) {
      const auto oldest = std::find_if(link.proved_.begin(), link.proved_.end(), [&](const Address& a) { return !(a == link.peer_); });
      if (at(*oldest) == &link) by_address_.erase(*oldest);
      link.proved_.erase(oldest);
    }
    link.proved_.push_back(from);
  }
  if (nominated || !link.peer_.known()) link.peer_ = from;
}

void Browsers::on_dtls(BrowserLink& link, const std::uint8_t* bytes, std::size_t size, const Address& from) {
  if (!context_ || link.told_refused_) return;
  if (!link.dtls_ || link.dtls_->is_another_hello(bytes, size)) begin_dtls(link);
  if (link.dtls_->state() == DtlsSession::State::handshaking) link.peer_ = from;  // where it shakes hands it will also talk
  const auto before = link.dtls_->state();
  link.dtls_->on_datagram(bytes, size);
  if (link.dtls_->state() != before) dtls_went_on(link);
}

void Browsers::begin_dtls(BrowserLink& link) {
  BrowserLink* who = &link;
  link.new_keys_ = true;                                   // the old ones serve until then
  link.told_connected_ = false;
  link.dtls_ = std::make_unique<DtlsSession>(*context_, DtlsSession::Role::server, [who](const std::uint8_t* bytes, std::size_t size) {
    if (who->peer_.known()) who->transport_.send(who->fd_, bytes, size, who->peer_);
  });
}

void Browsers::dtls_went_on(BrowserLink& link) {
  if (link.dtls_->state() == DtlsSession::State::failed) {
    link.dtls_.reset();                                    // a hostile or broken hello; a good one may follow
    return;
  }
  if (link.dtls_->state() != DtlsSession::State::up || link.told_connected_) return;
  if (link.dtls_->peer_fingerprint() != link.wanted_.peer_fingerprint) return refuse(link, "the browser's certificate is not the one its offer named");
  const auto keys = link.dtls_->keys();
  if (!keys) return refuse(link, "no SRTP profile in common");
  if (!link.srtp_ || link.new_keys_) {
    auto srtp = SrtpPair::make(*keys, true);
    if (!srtp) return refuse(link, srtp.error().text);
    link.srtp_.emplace(std::move(*srtp));
    link.new_keys_ = false;
  }
  link.told_connected_ = true;
  user_.browser_changed(link.leg_, BrowserState::connected, "", link.peer_);
}

void Browsers::refuse(BrowserLink& link, std::string why) {
  link.srtp_.reset();
  link.dtls_.reset();
  link.told_refused_ = true;
  user_.browser_changed(link.leg_, BrowserState::refused, std::move(why), link.peer_);
}

void Browsers::on_media(BrowserLink& link, std::uint8_t* bytes, std::size_t size, const Address& from) {
  if (!link.srtp_ || size < rtp_header_size - 4) { ++counters_.dropped_foreign; return; }
  if (is_rtcp(bytes[1])) {
    if (!link.srtp_->unprotect_rtcp(bytes, size)) { ++link.refused_; return; }
    return user_.on_browser_rtcp(link.leg_, bytes, size, from);
  }
  if (size < rtp_header_size || !link.srtp_->unprotect(bytes, size)) { ++link.refused_; return; }
  user_.on_browser_rtp(link.leg_, bytes, size, from);
}

// --- by the clock

void Browsers::on_time(std::int64_t now_us) {
  for (std::size_t i = 0; i < links_.size(); ++i) {        // telling may not change the list: orders come by another way
    BrowserLink& link = *links_[i];
    if (link.dtls_ && link.dtls_->state() == DtlsSession::State::handshaking) {
      link.dtls_->on_time();
      if (link.dtls_->state() == DtlsSession::State::failed) dtls_went_on(link);
    }
    if (now_us - std::max(link.checked_us_, link.lost_told_us_) >= lost_after_us) {
      link.lost_told_us_ = now_us;
      user_.browser_changed(link.leg_, BrowserState::lost, "no check came for " + std::to_string((now_us - link.checked_us_) / 1'000'000) + " s", link.peer_);
    }
    if (link.srtp_ && now_us - link.measured_us_ >= measure_every_us) {
      link.measured_us_ = now_us;
      user_.measure_browser(link.leg_);
    }
  }
}

}  // namespace pasokh::media
