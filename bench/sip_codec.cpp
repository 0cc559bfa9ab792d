// The codec's price: CPU time of this thread (not wall time: the machine is shared), best and median of rounds.
//   bench_sip_codec [ROUNDS]
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <vector>

#include "sip/digest.h"
#include "sip/message.h"
#include "sip/sdp.h"

namespace {

std::size_t allocations = 0;

double thread_seconds() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

volatile std::size_t sink = 0;

void measure(const char* what, std::size_t bytes, int rounds, const std::function<std::size_t()>& run) {
  constexpr int repeat = 2'000;
  std::vector<double> us;
  sink = sink + run();
  const auto before = allocations;
  sink = sink + run();
  const auto used = allocations - before;
  for (int round = 0; round < rounds; ++round) {
    const double from = thread_seconds();
    for (int i = 0; i < repeat; ++i) sink = sink + run();
    us.push_back((thread_seconds() - from) / repeat * 1e6);
  }
  std::sort(us.begin(), us.end());
  std::printf("%-44s %5zu bytes  best %6.2f us  median %6.2f us  %2zu allocations\n", what, bytes, us.front(), us[us.size() / 2], used);
}

const std::string sdp =
    "v=0\r\no=- 3747 3747 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n";

const std::string invite =
    "INVITE sip:02188776655@pasokh.example:5060;transport=udp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-524287-1---9d1c3a7f2b;rport\r\n"
    "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK87asdks7;received=198.51.100.4;rport=5060\r\n"
    "Max-Forwards: 69\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n"
    "Contact: <sip:09121234567@192.0.2.7:5060;transport=udp>;+sip.instance=\"<urn:uuid:7f3c>\"\r\n"
    "To: <sip:02188776655@pasokh.example>\r\nFrom: \"Sara Ahmadi\" <sip:09121234567@carrier.example>;tag=8a7d6c5e\r\n"
    "Call-ID: 95NDAxYzE3ZTM0ODg2YjQ@192.0.2.7\r\nCSeq: 1 INVITE\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK\r\nSupported: replaces, norefersub, timer, 100rel\r\n"
    "Session-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\nUser-Agent: Gateway 4.2.1\r\nP-Asserted-Identity: <sip:09121234567@carrier.example>\r\nAllow-Events: presence, kpml\r\n"
    "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;

const std::string response =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1a.7;rport=5060;received=192.0.2.10\r\nRecord-Route: <sip:192.0.2.1;lr>\r\n"
    "From: <sip:201@pasokh.example>;tag=1a\r\nTo: <sip:09121234567@carrier.example>;tag=xyz77\r\nCall-ID: 1a-7@pasokh\r\nCSeq: 2 INVITE\r\nContact: <sip:09121234567@192.0.2.7:5060>\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nSupported: timer\r\nUser-Agent: Gateway 4.2.1\r\nContent-Length: 0\r\n\r\n";

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main(int count, char** arguments) {
  using namespace pasokh;
  using namespace pasokh::sip;
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 25;
  auto parsed = Message::parse(invite);
  if (!parsed) return 1;
  SdpLocal local;
  local.media.port = 16'384;
  local.ip = "192.0.2.10";
  measure("parse INVITE with SDP (copy included)", invite.size(), rounds, [] { return Message::parse(invite)->headers().size(); });
  measure("parse 200 (copy included)", response.size(), rounds, [] { return Message::parse(response)->headers().size(); });
  measure("refuse a malformed INVITE, refusal included", invite.size(), rounds, [] {
    auto bytes = invite;
    bytes[bytes.find("CSeq: 1 ") + 6] = 'x';
    auto fault = Message::parse(bytes);
    auto request = Message::parse_for_refusal(bytes);
    return MessageBuilder().response(fault.error().status, fault.error().reason).answer_to(*request, "t", "192.0.2.1", 5060, false).finish().size();
  });
  measure("parse_uri", 48, rounds, [] { return parse_uri("sip:02188776655@pasokh.example:5060;transport=udp")->user.size(); });
  measure("parse_name_addr", 66, rounds, [&] { return parse_name_addr(parsed->first(Field::from))->name.size(); });
  measure("SDP: read an offer, write the answer", sdp.size(), rounds, [&] { return make_answer(sdp, local)->sdp.size(); });
  measure("build 180 to the INVITE", 0, rounds, [&] { return MessageBuilder().response(180, "").answer_to(*parsed, "ours", "192.0.2.1", 5060, true).header("Contact", "<sip:192.0.2.10>").finish().size(); });
  measure("digest: MD5 response", 0, rounds, [] { return digest_response(DigestAlgorithm::md5, "939e7578ed9e3c518a452acee763bce9", "abc", "00000001", "0a4f113b", "auth", "REGISTER", "sip:pasokh.example").size(); });
  measure("digest: SHA-256 response", 0, rounds, [] { return digest_response(DigestAlgorithm::sha256, "939e7578ed9e3c518a452acee763bce9", "abc", "00000001", "0a4f113b", "auth", "REGISTER", "sip:pasokh.example").size(); });
  const Mac mac("secret");
  const auto nonce = make_nonce(mac, Instant{1'700'000'000'000'000}, 7);
  measure("digest: check a nonce", nonce.size(), rounds, [&] { return static_cast<std::size_t>(check_nonce(mac, nonce, Instant{1'700'000'000'000'000}, Duration::minutes(5))); });
}
