// UDP sockets of the test caller, and the randomness that SIP asks of a user agent (tags, branches, SSRC).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sip/address.h"

namespace pasokh::app::caller {

Result<int> udp_socket(const sip::Address& bind_to);    // port 0: any
sip::Address local_address(int fd);
Result<std::string> local_ip_towards(const sip::Address& peer);
bool send_datagram(int fd, const sip::Address& to, std::string_view bytes);
// one datagram, "" when there is none; `from` is filled
std::string receive_datagram(int fd, sip::Address& from);
Result<sip::Address> resolve(const std::string& host_and_port, std::uint16_t default_port);   // names by the system's resolver

std::uint64_t random_number();
std::string random_token();                             // 16 hex digits

}  // namespace pasokh::app::caller
