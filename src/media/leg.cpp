#include "media/leg.h"

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
  if (latch.latched()) told.latched = latch.peer().text();
  if (browser) {
    told.dropped_foreign += browser->refused();
    if (heard_us != 0) told.latched = browser->peer().text();
  }
  return told;
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
