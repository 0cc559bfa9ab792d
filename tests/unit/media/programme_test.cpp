// Prompts, music, tones; digits in the audio. (Main job, "What must be real" 2.)
#include "peers.h"

#include <spandsp.h>

#include <cmath>
#include <fstream>

#include "media/digits.h"
#include "media/g711.h"
#include "media/programme.h"
#include "media/sound_file.h"
#include "media/sounds.h"

using namespace pasokh;
using namespace pasokh::media;
using namespace pasokh::media::test;
namespace ours = pasokh::media;

namespace {

std::string number(std::uint32_t n, int octets) {
  std::string text;
  for (int i = 0; i < octets; ++i) text.push_back(static_cast<char>(n >> (8 * i)));
  return text;
}

std::string wav(std::uint16_t tag, std::uint16_t channels, std::uint32_t rate, std::uint16_t bits, const std::string& data) {
  const std::uint32_t step = channels * bits / 8u;
  const std::string format = number(tag, 2) + number(channels, 2) + number(rate, 4) + number(rate * step, 4) + number(step, 2) + number(bits, 2);
  const std::string chunks = "fmt " + number(16, 4) + format + "LIST" + number(3, 4) + "abc" + std::string(1, '\0') + "data" + number(static_cast<std::uint32_t>(data.size()), 4) + data;
  return "RIFF" + number(static_cast<std::uint32_t>(4 + chunks.size()), 4) + "WAVE" + chunks;
}

std::vector<double> chirp(double rate, double seconds) {       // 300 to 1500 Hz: no two places of it are alike
  std::vector<double> samples;
  for (int i = 0; i < static_cast<int>(rate * seconds); ++i) {
    const double t = i / rate;
    samples.push_back(10'000 * std::sin(2 * M_PI * (300 * t + 600 * t * t / seconds)));
  }
  return samples;
}

std::string pcm(const std::vector<double>& samples, int channels = 1) {
  std::string data;
  for (const double sample : samples)
    for (int c = 0; c < channels; ++c) data += number(static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(sample))), 2);
  return data;
}

std::vector<double> linear(const std::vector<std::uint8_t>& alaw) {
  std::vector<double> samples;
  for (const auto octet : alaw) samples.push_back(ours::alaw_to_linear(octet));
  return samples;
}

// of two signals that begin together, over the length of the shorter
double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) { ab += a[i] * b[i]; aa += a[i] * a[i]; bb += b[i] * b[i]; }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

void put_file(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

LegWanted playing(const Peer& peer, std::uint64_t programme, std::vector<PlayItem> items) {
  auto wanted = leg_for(1, next_port(), peer);
  wanted.programme = {programme};
  wanted.items = std::move(items);
  return wanted;
}

}  // namespace

TEST_CASE("WAV of any rate, law and number of channels becomes the same sound at 8 kHz") {
  const auto reference = chirp(8000, 1);
  for (const std::uint32_t rate : {8000u, 11025u, 16000u, 44100u, 48000u})
    for (const int channels : {1, 2}) {
      const auto read = sound_from_wav(wav(1, static_cast<std::uint16_t>(channels), rate, 16, pcm(chirp(rate, 1), channels)));
      REQUIRE(read);
      CAPTURE(rate);
      CHECK(std::abs(static_cast<int>(read->size()) - 8000) <= 40);
      CHECK(correlation(linear(*read), reference) > 0.98);
    }
  std::string alaw, ulaw;
  for (const double sample : reference) {
    alaw.push_back(static_cast<char>(ours::linear_to_alaw(static_cast<std::int16_t>(std::lround(sample)))));
    ulaw.push_back(static_cast<char>(ours::linear_to_ulaw(static_cast<std::int16_t>(std::lround(sample)))));
  }
  const auto from_alaw = sound_from_wav(wav(6, 1, 8000, 8, alaw)), from_ulaw = sound_from_wav(wav(7, 1, 8000, 8, ulaw));
  REQUIRE(from_alaw);
  REQUIRE(from_ulaw);
  CHECK(std::string(from_alaw->begin(), from_alaw->end()) == alaw);   // not touched at all
  CHECK(correlation(linear(*from_ulaw), reference) > 0.999);
}

TEST_CASE("a broken WAV says what is wrong; one cut short plays as far as it goes") {
  const auto whole = wav(1, 1, 8000, 16, pcm(chirp(8000, 0.5)));
  for (std::size_t cut = 0; cut < whole.size(); cut += 3) {
    const auto read = sound_from_wav(whole.substr(0, cut));
    if (read) CHECK(read->size() <= 4000); else CHECK_FALSE(read.error().text.empty());
  }
  CHECK_FALSE(sound_from_wav(wav(85, 1, 8000, 16, "mp3")));
  CHECK_FALSE(sound_from_wav(wav(1, 0, 8000, 16, "xx")));
  CHECK_FALSE(sound_from_wav(wav(1, 9, 8000, 16, "xx")));
  CHECK_FALSE(sound_from_wav(wav(1, 1, 0, 16, "xx")));
  CHECK_FALSE(sound_from_wav(wav(1, 1, 8000, 16, "")));
  CHECK_FALSE(read_sound("/nowhere/at/all.wav"));
  CHECK_FALSE(read_sound("/dev/zero"));
}

TEST_CASE("Opus in Ogg is read") {
  const auto read = read_sound("tests/unit/media/data/chirp.opus");   // the chirp above, 24 kbit/s; run from the top of the tree
  REQUIRE(read);
  CHECK(std::abs(static_cast<int>(read->size()) - 8000) <= 80);
  CHECK(correlation(linear(*read), chirp(8000, 1)) > 0.9);
  Folder folder;
  put_file(folder.path + "/b.opus", "OggS and then nothing of the kind");
  const auto broken = read_sound(folder.path + "/b.opus");
  REQUIRE_FALSE(broken);
  CHECK(broken.error().text.find("Opus") != std::string::npos);
}

TEST_CASE("a programme arrives as the file holds it, paced, in one stream, and its end is told once") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path());
  Peer peer;
  const auto signal = chirp(16000, 1);
  put_file(folder.path + "/a.wav", wav(1, 1, 16000, 16, pcm(signal)));
  const auto leg = playing(peer, 5, {{folder.path + "/broken.wav", "", 0}, {"", "", 100}, {folder.path + "/a.wav", "", 0}});
  control.tell(leg);
  std::vector<Packet> packets;
  while (auto packet = peer.receive(1000)) {
    packets.push_back(std::move(*packet));
    if (packets.size() == 20) { control.tell(leg); }           // the same programme again: it plays on
    if (packets.size() == 55) break;
  }
  REQUIRE(packets.size() == 55);                                // 5 of silence, 50 of sound
  std::vector<std::uint8_t> heard;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    CHECK(packets[i].rtp.sequence == static_cast<std::uint16_t>(packets[0].rtp.sequence + i));
    CHECK(packets[i].rtp.timestamp == packets[0].rtp.timestamp + 160 * i);
    CHECK(packets[i].rtp.marker == (i == 0));
    if (i < 5) CHECK(packets[i].payload == Octets(160, alaw_silence)); else heard.insert(heard.end(), packets[i].payload.begin(), packets[i].payload.end());
  }
  CHECK(correlation(linear(heard), chirp(8000, 1)) > 0.98);
  CHECK(packets.back().at_us - packets.front().at_us >= 54 * 20'000 - 30'000);  // never ahead of time
  const auto done = control.wait<ProgrammeDone>();
  REQUIRE(done);
  CHECK(done->programme.value == 5);
  control.tell(leg);
  CHECK_FALSE(control.wait<ProgrammeDone>(100));
  CHECK_FALSE(peer.receive(50));
  Control next(worker.socket_path());                           // a new control may not have heard it
  next.tell(leg);
  CHECK(next.wait<ProgrammeDone>());
}

TEST_CASE("from a programme to a leg and back the peer hears one stream without a step in its numbers") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path());
  Peer customer(1), agent(2);
  auto waiting = playing(customer, 5, {{"", "ringback", 0}});
  waiting.repeat_last = true;
  waiting.codec = Codec::pcmu;
  waiting.payload = 0;
  auto talking = waiting;
  talking.hears = {2};
  const auto agent_leg = leg_for(2, next_port(), agent, 1);
  control.tell(agent_leg);
  control.tell(waiting);
  std::vector<Packet> packets;
  for (int i = 0; i < 10; ++i) packets.push_back(*customer.receive());
  control.tell(talking);
  control.statistics();
  for (auto& packet : customer.receive_all(30)) packets.push_back(std::move(packet));
  const auto before = packets.size();
  for (std::uint32_t i = 0; i < 10; ++i) {
    agent.send(agent_leg.port, speech(i));
    packets.push_back(*customer.receive());
  }
  control.tell(waiting);
  for (int i = 0; i < 10; ++i) packets.push_back(*customer.receive());
  for (std::size_t i = 1; i < packets.size(); ++i) {
    CHECK(packets[i].rtp.ssrc == packets[0].rtp.ssrc);
    CHECK(packets[i].rtp.payload_type == 0);
    CHECK(packets[i].rtp.sequence == static_cast<std::uint16_t>(packets[0].rtp.sequence + i));
    CHECK(timestamp_distance(packets[i - 1].rtp.timestamp, packets[i].rtp.timestamp) >= 160);
    CHECK(packets[i].rtp.marker == (i == before || i == before + 10));
  }
}

TEST_CASE("the tones: Iran's busy is 425 Hz, half a second on and half off; an unknown name is none") {
  const auto busy = linear(synthesise_tone("busy"));
  REQUIRE(busy.size() == 8000);
  std::vector<double> sine;
  for (int i = 0; i < 4000; ++i) sine.push_back(std::sin(2 * M_PI * 425 * i / 8000));
  CHECK(correlation({busy.begin(), busy.begin() + 4000}, sine) > 0.99);
  for (std::size_t i = 4000; i < 8000; ++i) REQUIRE(std::abs(busy[i]) <= 8);
  CHECK(synthesise_tone("ringback").size() == 40000);
  for (const char* name : {"beep", "confirm", "refuse"}) CHECK(!synthesise_tone(name).empty());
  CHECK(synthesise_tone("trumpet").empty());
}

TEST_CASE("a programme fills frames across its items, repeats the last one, and never hangs on empty ones") {
  const auto sound = std::make_shared<Sound>();
  sound->state = Sound::State::ready;
  sound->alaw = {1, 2, 3};
  const auto broken = std::make_shared<Sound>();
  broken->state = Sound::State::broken;
  const auto loading = std::make_shared<Sound>();
  std::uint8_t frame[4];
  Programme repeating({{sound, 0}, {nullptr, 2}, {sound, 0}}, true);
  std::vector<std::uint8_t> heard;
  for (int i = 0; i < 4; ++i) { REQUIRE(repeating.fill(frame, 4) == Programme::Filled::frame); heard.insert(heard.end(), frame, frame + 4); }
  CHECK(heard == std::vector<std::uint8_t>{1, 2, 3, 0xd5, 0xd5, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2});
  CHECK(Programme({{broken, 0}}, true).fill(frame, 4) == Programme::Filled::done);
  CHECK(Programme({}, true).fill(frame, 4) == Programme::Filled::done);
  CHECK(Programme({{nullptr, 0}}, true).fill(frame, 4) == Programme::Filled::done);
  Programme late({{broken, 0}, {loading, 0}}, false);
  CHECK(late.fill(frame, 4) == Programme::Filled::waiting);
  loading->state = Sound::State::ready;
  loading->alaw = {7};
  CHECK(late.fill(frame, 4) == Programme::Filled::frame);
  CHECK(frame[0] == 7);
  CHECK(frame[3] == alaw_silence);
  CHECK(late.fill(frame, 4) == Programme::Filled::done);
}

TEST_CASE("all sixteen digits are heard in the audio of either law, once each, and speech is none") {
  for (const bool is_alaw : {true, false}) {
    InBandDetector detector;
    dtmf_tx_state_t* tones = dtmf_tx_init(nullptr);
    dtmf_tx_set_timing(tones, 100, 80);
    dtmf_tx_put(tones, "0123456789*#ABCD", -1);
    std::string heard;
    std::int16_t samples[160];
    for (int i = 0; i < 16 * 9 + 10; ++i) {
      int made = dtmf_tx(tones, samples, 160);
      std::fill(samples + made, samples + 160, std::int16_t{0});
      std::uint8_t octets[160];
      for (int j = 0; j < 160; ++j) octets[j] = is_alaw ? ours::linear_to_alaw(samples[j]) : ours::linear_to_ulaw(samples[j]);
      if (const auto digit = detector.on_audio(octets, 160, is_alaw)) {
        heard.push_back(digit->digit);
        CHECK(digit->duration_ms >= 60);
        CHECK(digit->duration_ms <= 140);
      }
    }
    dtmf_tx_free(tones);
    CHECK(heard == "0123456789*#ABCD");
    for (std::uint32_t i = 0; i < 200; ++i) CHECK_FALSE(detector.on_audio(speech(i).data(), 160, is_alaw));
  }
}

TEST_CASE("a leg whose peer cannot send events: its tones reach control as digits") {
  Folder folder;
  WorkerProcess worker(folder.path);
  Control control(worker.socket_path());
  Peer peer;
  auto leg = leg_for(1, next_port(), peer);
  leg.dtmf_payload = -1;
  leg.detect_in_band = true;
  control.tell(leg);
  control.statistics();
  dtmf_tx_state_t* tones = dtmf_tx_init(nullptr);
  dtmf_tx_put(tones, "8", -1);
  for (int i = 0; i < 12; ++i) {
    std::int16_t samples[160];
    const int made = dtmf_tx(tones, samples, 160);
    std::fill(samples + made, samples + 160, std::int16_t{0});
    Octets octets(160);
    for (std::size_t j = 0; j < 160; ++j) octets[j] = ours::linear_to_alaw(samples[j]);
    peer.send(leg.port, octets);
  }
  dtmf_tx_free(tones);
  const auto digit = control.wait<DigitHeard>();
  REQUIRE(digit);
  CHECK(digit->digit == '8');
}

TEST_CASE("long events go on in segments and are one digit (RFC 4733 2.5.1.3)") {
  EventReceiver receiver;
  const std::uint8_t full[] = {3, 10, 0xff, 0xff}, rest[] = {3, 0x8a, 0x03, 0x20};
  CHECK_FALSE(receiver.on_packet(full, 4, 1000, 0));
  const auto digit = receiver.on_packet(rest, 4, 1000 + 0xffff, 10'000);
  REQUIRE(digit);
  CHECK(digit->digit == '3');
  CHECK(digit->duration_ms == (0xffff + 800) / 8);
  CHECK_FALSE(receiver.on_packet(rest, 4, 1000 + 0xffff, 20'000));
  CHECK_FALSE(receiver.on_packet(full, 4, 1000, 30'000));        // late, of a segment that is over
  CHECK_FALSE(receiver.on_time(900'000));
}
