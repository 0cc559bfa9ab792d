// STUN of an ICE-lite agent: RFC 8489 with the vectors of RFC 5769, RFC 8445 §7.3, RFC 7983.
#include "media/stun.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

using namespace pasokh::media;

namespace {

using Octets = std::vector<std::uint8_t>;

constexpr const char* password = "VOkJxbRl1RmTxUk/WvJxBt";

Octets octets(std::string_view hex) {
  Octets out;
  std::string digits;
  for (const char c : hex) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  return out;
}

// RFC 5769 §2.1: a request with USERNAME evtj:h6vY, PRIORITY, ICE-CONTROLLED
const Octets request = octets(
    "00010058 2112a442 b7e7a701 bc34d686 fa87dfae"
    "80220010 5354554e 20746573 7420636c 69656e74"
    "00240004 6e0001ff 80290008 932ff9b1 51263b36"
    "00060009 6576746a 3a683676 59202020"
    "00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2"
    "80280004 e57a3bcf");
const Octets success_v4 = octets(  // §2.2
    "0101003c 2112a442 b7e7a701 bc34d686 fa87dfae"
    "8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643"
    "00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7"
    "80280004 c07d4c96");
const Octets success_v6 = octets(  // §2.3
    "01010048 2112a442 b7e7a701 bc34d686 fa87dfae"
    "8022000b 74657374 20766563 746f7220 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9"
    "00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41"
    "80280004 c8fb0b4c");

StunMessage read(const Octets& bytes) {
  const auto message = read_stun(bytes.data(), bytes.size());
  REQUIRE(message);
  return *message;
}

}  // namespace

TEST_CASE("the sample request of RFC 5769 §2.1 is read, and its integrity holds for its password alone") {
  const auto message = read(request);
  CHECK(message.type == stun_binding_request);
  CHECK(message.username == "evtj:h6vY");
  CHECK(ufrag_asked(message.username) == "evtj");
  CHECK(ufrag_asking(message.username) == "h6vY");
  CHECK(message.priority == 0x6e0001ff);
  CHECK(message.peer_is_controlled);
  CHECK_FALSE(message.use_candidate);
  CHECK(message.has_fingerprint);
  CHECK(has_integrity(request.data(), message, password));
  CHECK_FALSE(has_integrity(request.data(), message, "VOkJxbRl1RmTxUk/WvJxBu"));
  CHECK_FALSE(has_integrity(request.data(), message, ""));
}

TEST_CASE("the sample answers of RFC 5769 §2.2 and §2.3 give the addresses that they hide") {
  const auto v4 = read(success_v4), v6 = read(success_v6);
  REQUIRE(v4.mapped);
  CHECK(v4.mapped->text() == "192.0.2.1:32853");
  CHECK(has_integrity(success_v4.data(), v4, password));
  REQUIRE(v6.mapped);
  CHECK(v6.mapped->text() == "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
  CHECK(has_integrity(success_v6.data(), v6, password));
}

TEST_CASE("RFC 8489 §14.7: with any octet changed the fingerprint no longer fits, and it is no STUN, or the fingerprint is no longer found") {
  for (std::size_t i = 20; i < request.size() - 8; ++i) {
    auto bytes = request;
    bytes[i] ^= 0x20;
    const auto message = read_stun(bytes.data(), bytes.size());
    CHECK_FALSE((message && message->has_fingerprint));
  }
}

TEST_CASE("a message cut off or longer than it says is none") {
  for (std::size_t size = 0; size < request.size(); ++size) CHECK_FALSE(read_stun(request.data(), size));
  auto longer = request;
  longer.resize(longer.size() + 4);
  CHECK_FALSE(read_stun(longer.data(), longer.size()));
}

TEST_CASE("an answer of ours is read by the same rules, for both families, and an IPv4 peer of an IPv6 socket is told as IPv4") {
  const auto asked = read(request);
  const struct { const char* ip; int family; const char* text; } peers[] = {
      {"192.0.2.1", AF_INET, "192.0.2.1:32853"}, {"2001:db8::9", AF_INET6, "[2001:db8::9]:32853"}, {"192.0.2.7", AF_INET6, "192.0.2.7:32853"}};
  for (const auto& peer : peers) {
    const auto from = Address::parse(peer.ip, 32853, peer.family);
    std::uint8_t bytes[largest_stun_answer];
    const auto size = write_stun_success(bytes, asked, *from, password);
    REQUIRE(size > stun_header_size);
    const auto answer = read_stun(bytes, size);
    REQUIRE(answer);
    CHECK(answer->type == stun_binding_success);
    CHECK(answer->transaction == asked.transaction);
    CHECK(answer->has_fingerprint);
    CHECK(has_integrity(bytes, *answer, password));
    REQUIRE(answer->mapped);
    CHECK(answer->mapped->text() == peer.text);
  }
}

TEST_CASE("RFC 8489 §6.3.1: an attribute that must be understood and is not is named in a 420") {
  auto bytes = octets("00010008 2112a442 b7e7a701 bc34d686 fa87dfae 7abc0004 00000000");
  const auto asked = read(bytes);
  CHECK(asked.unknown_required == 0x7abc);
  std::uint8_t out[largest_stun_answer];
  const auto size = write_stun_error(out, asked, 420, "Unknown Attribute", password);
  const auto answer = read_stun(out, size);
  REQUIRE(answer);
  CHECK(answer->type == stun_binding_error);
  CHECK(answer->error == 420);
  CHECK(has_integrity(out, *answer, password));
}

TEST_CASE("a request of ours names its candidate as chosen when told so") {
  std::uint8_t out[largest_stun_answer];
  for (const bool nominate : {false, true}) {
    const auto size = write_stun_request(out, {1, 2, 3}, "ours:theirs", password, nominate);
    const auto message = read_stun(out, size);
    REQUIRE(message);
    CHECK(message->use_candidate == nominate);
    CHECK(message->peer_controls);
    CHECK(has_integrity(out, *message, password));
  }
}

TEST_CASE("RFC 7983 §7: the first octet tells what a datagram is") {
  CHECK(flavour_of(0) == Flavour::stun);
  CHECK(flavour_of(3) == Flavour::stun);
  CHECK(flavour_of(4) == Flavour::other);
  CHECK(flavour_of(20) == Flavour::dtls);
  CHECK(flavour_of(63) == Flavour::dtls);
  CHECK(flavour_of(64) == Flavour::other);   // TURN channel data: not ours
  CHECK(flavour_of(128) == Flavour::media);
  CHECK(flavour_of(191) == Flavour::media);
  CHECK(flavour_of(192) == Flavour::other);
}
