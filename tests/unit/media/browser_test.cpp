// A browser's leg in a real worker: checks (RFC 8445 §7.3), DTLS, SRTP, address moves, ICE restart, a new page, loss, kill of control.
#include <array>
#include <cstring>

#include "media/certificate.h"
#include "media/opus_stream.h"
#include "media/rtcp.h"
#include "media/srtp.h"
#include "media/stun.h"
#include "peers.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;

namespace {

struct Names { std::string ours, password, theirs; };  // ours: the worker's

// What a browser does on the wire, on one UDP socket.
class Browser {
 public:
  Browser(const std::string& folder, const std::string& name, std::uint16_t worker_port) : to(worker_port), peer(0x77) {
    const auto file = folder + "/" + name + ".pem";
    fingerprint = *browser_certificate(file);
    context.emplace(owned(DtlsContext::load(file)));
  }

  std::optional<StunMessage> check(const Names& names, bool nominate, Peer* by = nullptr, int wait_ms = 1000) {
    Peer& socket = by ? *by : peer;
    std::array<std::uint8_t, 512> bytes{};
    std::array<std::uint8_t, 12> transaction{};
    transaction[0] = ++checks;
    const auto size = write_stun_request(bytes.data(), transaction, names.ours + ":" + names.theirs, names.password, nominate);
    socket.send_raw(to, Octets(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
    for (;;) {
      auto raw = socket.receive_raw(wait_ms);
      if (!raw) return std::nullopt;
      if (flavour_of((*raw)[0]) != Flavour::stun) { others.push_back(*raw); continue; }
      answer_bytes = *raw;
      return read_stun(answer_bytes.data(), answer_bytes.size());
    }
  }
  bool shake_hands() {
    dtls = std::make_unique<DtlsSession>(*context, DtlsSession::Role::client, [this](const std::uint8_t* bytes, std::size_t size) { peer.send_raw(to, Octets(bytes, bytes + size)); });
    dtls->start();
    for (int i = 0; i < 100 && dtls->state() == DtlsSession::State::handshaking; ++i) {
      if (auto raw = peer.receive_raw(100); raw && flavour_of((*raw)[0]) == Flavour::dtls) dtls->on_datagram(raw->data(), raw->size());
      dtls->on_time();
    }
    if (dtls->state() != DtlsSession::State::up) return false;
    srtp.emplace(owned(SrtpPair::make(*dtls->keys(), false)));
    return true;
  }
  void report(std::uint32_t about, std::int32_t lost) {  // a receiver report (RFC 3550 §6.4.2)
    RtcpToSend told;
    told.ssrc = ssrc;
    told.heard = true;
    told.peer = about;
    told.report.cumulative_lost = lost;
    told.canonical_name = "browser";
    Octets bytes(largest_rtcp + srtp_trailer);
    std::size_t size = write_rtcp(bytes.data(), told);
    REQUIRE(srtp->protect_rtcp(bytes.data(), size));
    bytes.resize(size);
    peer.send_raw(to, bytes);
  }
  void say(const Octets& sound, std::uint8_t type = 8, Peer* by = nullptr) {
    Octets bytes(rtp_header_size);
    write_rtp_header(bytes.data(), false, type, sequence++, timestamp, ssrc);
    timestamp += static_cast<std::uint32_t>(sound.size());
    bytes.insert(bytes.end(), sound.begin(), sound.end());
    std::size_t size = bytes.size();
    bytes.resize(size + srtp_trailer);
    REQUIRE(srtp->protect(bytes.data(), size));
    bytes.resize(size);
    (by ? *by : peer).send_raw(to, bytes);
  }
  // the next sound, opened; RTCP is passed over
  std::optional<Packet> hear(int wait_ms = 1000, Peer* by = nullptr) {
    for (;;) {
      auto raw = (by ? *by : peer).receive_raw(wait_ms);
      if (!raw) return std::nullopt;
      const int type = (*raw)[1] & 0x7f;
      if (flavour_of((*raw)[0]) != Flavour::media || (type >= 64 && type <= 95)) continue;  // RFC 5761 §4
      std::size_t size = raw->size();
      if (!srtp->unprotect(raw->data(), size)) { ++unreadable; continue; }
      Packet packet;
      REQUIRE(parse_rtp(raw->data(), size, packet.rtp));
      packet.payload.assign(packet.rtp.payload, packet.rtp.payload + packet.rtp.size);
      return packet;
    }
  }

  std::uint16_t to;
  Peer peer;
  std::string fingerprint;
  std::optional<DtlsContext> context;
  std::unique_ptr<DtlsSession> dtls;
  std::optional<SrtpPair> srtp;
  std::uint32_t ssrc = 0x77;
  std::uint16_t sequence = 65'530;
  std::uint32_t timestamp = 7;
  std::uint8_t checks = 0;
  int unreadable = 0;
  Octets answer_bytes;
  std::vector<Octets> others;
};

const Names first_names{"wwwwwwww", "passwordpasswordpassword", "bbbb"};
const Names second_names{"xxxxxxxx", "passwordpasswordpasswor2", "cccc"};

LegWanted browser_leg(std::uint64_t id, const Browser& browser, const Names& names, std::uint64_t hears) {
  LegWanted wanted;
  wanted.leg = {id};
  wanted.call = {1};
  wanted.media_version = 1;
  wanted.hears = {hears};
  wanted.dtmf_payload = 126;
  wanted.browser = BrowserPeer{names.ours, names.password, names.theirs, browser.fingerprint};
  return wanted;
}

// A worker with a browser's leg 2 and a telephone's leg 1 that hear each other.
struct Line {
  Folder folder;
  WorkerProcess worker{folder.path};
  std::string certificate = folder.path + "/worker.pem";
  std::string fingerprint = *browser_certificate(certificate);
  std::uint16_t port = next_port(), phone_port = next_port();
  std::unique_ptr<Control> control = std::make_unique<Control>(worker.socket_path());
  Peer phone{0x55};
  Browser browser{folder.path, "browser", port};

  Line() {
    tell();
    control->statistics();
  }
  void tell(const Names& names = first_names) {
    control->tell(BrowserSocketWanted{port, certificate});
    control->tell(leg_for(1, phone_port, phone, 2));
    control->tell(browser_leg(2, browser, names, 1));
  }
  void connect(const Names& names = first_names) {
    REQUIRE(browser.check(names, true));
    REQUIRE(browser.shake_hands());
    REQUIRE(control->wait<BrowserLegChanged>(3000, [](const auto& m) { return m.state == BrowserState::connected; }));
  }
  void both_hear_each_other(std::uint32_t seed) {
    for (std::uint32_t i = 0; i < 20; ++i) {
      phone.send(phone_port, speech(seed + i));
      browser.say(speech(seed + 500 + i));
      const auto at_phone = phone.receive(), at_browser = browser.hear();
      REQUIRE(at_phone);
      REQUIRE(at_browser);
      CHECK(at_phone->payload == speech(seed + 500 + i));
      CHECK(at_browser->payload == speech(seed + i));
    }
  }
};

}  // namespace

TEST_CASE("a browser and a telephone hear each other, unchanged, over the browsers' one port") {
  Line line;
  const auto answer = line.browser.check(first_names, true);
  REQUIRE(answer);
  CHECK(answer->type == stun_binding_success);
  CHECK(has_integrity(line.browser.answer_bytes.data(), *answer, first_names.password));
  REQUIRE(answer->mapped);
  CHECK(answer->mapped->port() == line.browser.peer.port);
  REQUIRE(line.browser.shake_hands());
  CHECK(line.browser.dtls->peer_fingerprint() == line.fingerprint);
  line.both_hear_each_other(1);
  CHECK(line.control->wait<LegHeard>(3000, [](const LegHeard& m) { return m.leg == LegId{2}; }));
  const auto figures = line.control->statistics({2});
  CHECK(figures.packets_in == 20);
  CHECK(figures.packets_out == 20);
  CHECK(figures.latched == "127.0.0.1:" + std::to_string(line.browser.peer.port));
  const auto measured = line.control->wait<BrowserLegMeasured>(4000);
  REQUIRE(measured);
  CHECK(measured->statistics.leg == LegId{2});
}

TEST_CASE("many browsers share the port, and none hears another's call") {
  Line line;
  Browser second(line.folder.path, "second", line.port);
  Peer phone(0x56);
  const auto port = next_port();
  line.control->tell(leg_for(3, port, phone, 4));
  line.control->tell(browser_leg(4, second, second_names, 3));
  line.control->statistics();
  line.connect();
  REQUIRE(second.check(second_names, true));
  REQUIRE(second.shake_hands());
  line.both_hear_each_other(1);
  for (std::uint32_t i = 0; i < 10; ++i) {
    second.say(speech(900 + i));
    const auto heard = phone.receive();
    REQUIRE(heard);
    CHECK(heard->payload == speech(900 + i));
  }
  CHECK_FALSE(line.phone.receive(50));
}

TEST_CASE("RFC 8445 §7.3: a check without the password, or with other names, is not answered; without a check nothing is") {
  Line line;
  Peer stranger;
  CHECK_FALSE(line.browser.check({first_names.ours, "a wrong password, long enough", first_names.theirs}, true, &stranger, 100));
  CHECK_FALSE(line.browser.check({first_names.ours, first_names.password, "zzzz"}, true, &stranger, 100));
  CHECK_FALSE(line.browser.check({"nobody00", first_names.password, first_names.theirs}, true, &stranger, 100));
  CHECK_FALSE(line.browser.shake_hands());       // DTLS from an address that no check has proved
  line.connect();
  line.both_hear_each_other(1);
}

TEST_CASE("a packet that is not authentic reaches nobody, wherever it comes from") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  Peer stranger(9);
  for (std::uint32_t i = 0; i < 20; ++i) {
    stranger.send(line.port, speech(i));         // plain RTP from elsewhere
    line.browser.peer.send(line.port, speech(i)); // plain RTP from the browser's own address
  }
  CHECK_FALSE(line.phone.receive(50));
  const auto figures = line.control->statistics({2}, [](const LegStatistics& s) { return s.dropped_foreign >= 20; });
  CHECK(figures.dropped_foreign >= 20);
  CHECK(figures.packets_in == 20);
  line.both_hear_each_other(100);
}

TEST_CASE("a browser that comes by another way is followed once it names it as chosen (another interface, another NAT address)") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  Peer other_way(0x78);
  REQUIRE(line.browser.check(first_names, false, &other_way));
  line.phone.send(line.phone_port, speech(1));
  CHECK(line.browser.hear());                    // proved, but not chosen: sound still goes the old way
  REQUIRE(line.browser.check(first_names, true, &other_way));
  line.phone.send(line.phone_port, speech(2));
  const auto heard = line.browser.hear(1000, &other_way);
  REQUIRE(heard);
  CHECK(heard->payload == speech(2));
  line.browser.say(speech(3), 8, &other_way);
  CHECK(line.phone.receive());
}

TEST_CASE("RFC 8445 §9: after an ICE restart the same association goes on under new names; the old ones serve until then") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  line.tell(second_names);
  line.control->statistics();
  line.both_hear_each_other(50);                 // no check with the new names yet
  REQUIRE(line.browser.check(first_names, true));
  REQUIRE(line.browser.check(second_names, true));
  REQUIRE(line.control->wait<BrowserLegChanged>(3000, [](const auto& m) { return m.state == BrowserState::connected; }));
  line.both_hear_each_other(100);
  CHECK_FALSE(line.browser.check(first_names, true, nullptr, 100));
  CHECK(line.browser.unreadable == 0);
}

TEST_CASE("a page that was loaded anew comes with another certificate and takes the leg over; the old page is no longer heard") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  Browser reloaded(line.folder.path, "reloaded", line.port);
  reloaded.ssrc = 0x79;
  line.control->tell(browser_leg(2, reloaded, second_names, 1));
  line.control->statistics();
  REQUIRE(reloaded.check(second_names, true));
  REQUIRE(reloaded.shake_hands());
  reloaded.say(speech(7));
  const auto heard = line.phone.receive();
  REQUIRE(heard);
  CHECK(heard->payload == speech(7));
  line.browser.say(speech(8));
  CHECK_FALSE(line.phone.receive(50));
  line.phone.send(line.phone_port, speech(9));
  const auto back = reloaded.hear();
  REQUIRE(back);
  CHECK(back->payload == speech(9));
}

TEST_CASE("a page that kept its certificate may begin a new association") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  line.tell(second_names);
  line.control->statistics();
  REQUIRE(line.browser.check(second_names, true));
  REQUIRE(line.browser.shake_hands());           // a new ClientHello from the same certificate
  line.both_hear_each_other(100);
}

TEST_CASE("a browser with another certificate than its offer named is refused and told of") {
  Line line;
  Browser liar(line.folder.path, "liar", line.port);
  REQUIRE(liar.check(first_names, true));
  (void)liar.shake_hands();
  const auto told = line.control->wait<BrowserLegChanged>(3000);
  REQUIRE(told);
  CHECK(told->state == BrowserState::refused);
  CHECK(told->leg == LegId{2});
  line.phone.send(line.phone_port, speech(1));
  CHECK_FALSE(liar.hear(100));
}

TEST_CASE("control vanishes and comes back: sound goes on, keys stay, the port stays") {
  Line line;
  line.connect();
  line.both_hear_each_other(1);
  line.control.reset();
  line.both_hear_each_other(50);
  line.control = std::make_unique<Control>(line.worker.socket_path());
  line.tell();
  line.control->tell(WantedIsComplete{});
  line.control->statistics();
  line.both_hear_each_other(100);
  CHECK(line.control->statistics({2}).packets_in == 60);
}

TEST_CASE("F1: told to, the worker sends Opus to the browser and makes G.711 of the browser's; the telephone notices nothing but a marker") {
  Line line;
  line.connect();
  auto wanted = browser_leg(2, line.browser, first_names, 1);
  wanted.browser->opus_payload = 111;
  line.control->tell(wanted);
  line.control->statistics();
  line.both_hear_each_other(1);                  // agreed on, but nobody speaks it yet
  wanted.browser->send_opus = true;
  line.control->tell(wanted);
  CHECK(line.control->statistics({2}).speaks_opus);

  OpusSender codec(0);                           // the browser's
  std::uint16_t at_phone = 0;
  std::uint32_t at_phone_timestamp = 0, at_browser_timestamp = 0;
  std::uint16_t at_browser = 0;
  std::size_t came = 0;
  for (std::uint32_t i = 0; i < 60; ++i) {
    line.phone.send(line.phone_port, speech(i));
    const auto heard = line.browser.hear();
    REQUIRE(heard);
    CHECK(heard->rtp.payload_type == 111);
    if (i > 0) CHECK(heard->rtp.timestamp == at_browser_timestamp + 960);
    if (i > 0) CHECK(heard->rtp.sequence == static_cast<std::uint16_t>(at_browser + 1));
    at_browser_timestamp = heard->rtp.timestamp;
    at_browser = heard->rtp.sequence;

    std::array<std::uint8_t, rtp_header_size + 160> g711;
    write_rtp_header(g711.data(), false, 8, 0, i * 160, 0);
    const auto sound = speech(i + 500);
    std::copy(sound.begin(), sound.end(), g711.begin() + rtp_header_size);
    std::array<std::uint8_t, rtp_header_size + OpusSender::largest> opus;
    const auto size = codec.encode(g711.data(), 160, Codec::pcma, 111, opus.data());
    line.browser.timestamp = 77 + i * 960;
    if (i % 10 == 5) { ++line.browser.sequence; continue; }  // lost on its way
    line.browser.say(Octets(opus.begin() + rtp_header_size, opus.begin() + static_cast<std::ptrdiff_t>(size)), 111);
    for (std::uint32_t frames = i % 10 == 6 ? 2 : 1; frames > 0; --frames) {
      const auto packet = line.phone.receive();
      REQUIRE(packet);
      CHECK(packet->rtp.payload_type == 8);
      CHECK(packet->payload.size() == 160);
      CHECK(packet->rtp.marker == (came == 0));  // another clock: a new run of speech (RFC 3551 §4.1)
      if (came > 0) CHECK(packet->rtp.sequence == static_cast<std::uint16_t>(at_phone + 1));
      if (came > 0) CHECK(packet->rtp.timestamp == at_phone_timestamp + 160);
      at_phone = packet->rtp.sequence;
      at_phone_timestamp = packet->rtp.timestamp;
      ++came;
    }
  }
  CHECK(came == 60);
  const auto figures = line.control->statistics({2});
  CHECK(figures.opus_in == 54);
  CHECK(figures.opus_out == 60);
  CHECK(figures.opus_recovered + figures.opus_concealed == 6);
  CHECK(figures.lost == 6);
  CHECK(figures.packets_in == 74);

  line.control.reset();                          // control vanishes and comes back: the same Opus goes on
  line.control = std::make_unique<Control>(line.worker.socket_path());
  line.control->tell(BrowserSocketWanted{line.port, line.certificate});
  line.control->tell(leg_for(1, line.phone_port, line.phone, 2));
  line.control->tell(wanted);
  line.control->tell(WantedIsComplete{});
  line.control->statistics();
  line.phone.send(line.phone_port, speech(7));
  const auto heard = line.browser.hear();
  REQUIRE(heard);
  CHECK(heard->rtp.timestamp == at_browser_timestamp + 960);
  CHECK(heard->rtp.sequence == static_cast<std::uint16_t>(at_browser + 1));
  line.browser.say(speech(8));                   // G.711 again, as a page of before would
  const auto back = line.phone.receive();
  REQUIRE(back);
  CHECK(back->payload == speech(8));
  line.browser.say(Octets(40, 0xff), 111);       // and nonsense in the name of Opus
  CHECK(line.phone.receive());
  CHECK(line.control->statistics({2}).dropped_bad <= 1);
}

TEST_CASE("loss on the way to the browser is what it reports without what the other side of the call had lost before us") {
  Line line;
  line.connect();
  std::uint32_t ssrc = 0;
  const auto pass = [&](int packets, int lost_before_us) {
    for (int i = 0; i < packets; ++i) {
      if (i > 0 && i <= lost_before_us) { ++line.phone.sequence; continue; }
      line.phone.send(line.phone_port, speech(1));
      const auto heard = line.browser.hear();
      REQUIRE(heard);
      ssrc = heard->rtp.ssrc;
    }
  };
  const auto told = [&](std::int32_t lost, std::int64_t by_peer) {
    line.browser.report(ssrc, lost);
    return line.control->statistics({2}, [&](const LegStatistics& s) { return s.lost_by_peer == by_peer; });
  };
  pass(50, 0);
  CHECK(told(4, 4).lost_on_way == 4);
  pass(50, 5);
  const auto figures = told(10, 10);
  CHECK(figures.lost_on_way == 5);               // 6 more, of which 5 never came to us
  CHECK(figures.sent_when_told == 95);
  pass(10, 0);
  CHECK(told(1, 1).lost_on_way == 5);            // a page that was loaded anew counts from nothing
  pass(10, 0);
  CHECK(told(3, 3).lost_on_way == 7);
}

TEST_CASE("digits of a browser are told as those of any phone (RFC 4733)") {
  Line line;
  line.connect();
  Octets event{5, 10, 0x03, 0x20};               // digit 5
  for (int i = 0; i < 3; ++i) line.browser.say(event, 126);
  event[1] |= 0x80;                              // its end, three times
  for (int i = 0; i < 3; ++i) line.browser.say(event, 126);
  const auto digit = line.control->wait<DigitHeard>(3000);
  REQUIRE(digit);
  CHECK(digit->digit == '5');
  CHECK(digit->leg == LegId{2});
}

TEST_CASE("a leg that has no socket for browsers is refused with a reason, and a port that is taken is told") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path());
  const auto certificate = folder.path + "/worker.pem";
  REQUIRE(browser_certificate(certificate));
  Browser browser(folder.path, "browser", 1);
  control.tell(browser_leg(2, browser, first_names, 0));
  const auto refused = control.wait<LegRefused>();
  REQUIRE(refused);
  CHECK(refused->leg == LegId{2});
  Peer holder;
  control.tell(BrowserSocketWanted{holder.port, certificate});
  const auto taken = control.wait<BrowserSocketRefused>();
  REQUIRE(taken);
  CHECK(taken->port == holder.port);
}
