#include "media/leg.h"

#include <algorithm>

namespace pasokh::media {

LegStatistics Leg::statistics() const {
  LegStatistics told;
  told.leg = wanted.leg;
  told.call = wanted.call;
  told.packets_in = reception.received();
  told.packets_out = out.packets();
  told.bytes_in = bytes_in;
  told.lost = reception.lost();
  told.reordered = reception.reordered();
  told.dropped_foreign = dropped_foreign;
  told.dropped_bad = dropped_bad;
  told.jitter_us_max = reception.jitter_us_max();
  told.round_trip_us = round_trip_us;
  told.lost_by_peer = lost_by_peer;
  told.jitter_us = reception.jitter_us();
  told.lost_on_way = lost_on_way;
  told.sent_when_told = sent_when_told;
  told.speaks_opus = true;
  if (opus_in) {
    const auto& figures = opus_in->figures();
    told.opus_in = figures.packets;
    told.opus_recovered = figures.recovered;
    told.opus_concealed = figures.concealed;
    told.dropped_bad += figures.refused;
  }
  if (opus_out) told.opus_out = opus_out->packets();
  if (latch.latched()) told.latched = latch.peer().text();
  if (browser) {
    told.dropped_foreign += browser->refused();
    if (heard_us != 0) told.latched = browser->peer().text();
  }
  return told;
}

void Leg::speak_opus(bool wanted_now, std::int64_t now_us) {
  if (wanted_now == (opus_out != nullptr)) return;
  opus_out = wanted_now ? std::make_unique<OpusSender>(out.timestamp_at(now_us)) : nullptr;
}

// What the other leg lost on its way to us is missing in what we send, and the peer counts it too. A count that goes down is another
// receiver (a page that was loaded anew) or a packet that came after all: nothing is learnt from that report.
void Leg::take_peer_report(const RtcpRead::Block& about) {
  const std::int64_t lost = std::max<std::int32_t>(0, about.lost), before = lost_by_peer;
  const std::int64_t missed = std::max<std::int64_t>(0, lost - before - (out.gaps() - gaps_when_told)), sent = out.packets() - sent_when_told;
  lost_by_peer = lost;
  gaps_when_told = out.gaps();
  sent_when_told = out.packets();
  if (lost < before) return;
  lost_on_way += missed;
  if (opus_out) opus_out->expect_loss(missed, sent);
}

Result<LegAddresses> addresses_of(const LegWanted& wanted, int family) {
  LegAddresses found;
  if (wanted.remote_port != 0) {
    const auto told = Address::parse(wanted.remote_ip, wanted.remote_port, family);
    if (!told) return trouble("media-address", "cannot send to " + wanted.remote_ip + " from the address this worker is bound to");
    if (!told->can_be_a_peer()) return trouble("media-address", wanted.remote_ip + " is nobody's address");
    found.told = *told;
    found.rtcp_told = told->with_port(static_cast<std::uint16_t>(wanted.remote_port + 1));
  }
  if (wanted.remote_rtcp_port != 0) {
    const auto rtcp = Address::parse(wanted.remote_rtcp_ip.empty() ? wanted.remote_ip : wanted.remote_rtcp_ip, wanted.remote_rtcp_port, family);
    if (rtcp && rtcp->can_be_a_peer()) found.rtcp_told = *rtcp;
  }
  if (!wanted.source_network.empty()) {
    found.network = Network::parse(wanted.source_network, family);
    if (!found.network) return trouble("media-network", "not a network: " + wanted.source_network);
  }
  return found;
}

}  // namespace pasokh::media
