#include "media/opus_stream.h"

#include <opus.h>

#include <algorithm>

#include "media/g711.h"

namespace pasokh::media {
namespace {

constexpr int rate = 8000, per_8khz = 6;
constexpr int frame = 20 * static_cast<int>(samples_per_ms), longest_frame = 60 * static_cast<int>(samples_per_ms);
constexpr int most_guessed = 5;                  // 100 ms: what is guessed after that is noise (and a burst of packets)
constexpr std::uint32_t rebase_after = 1u << 28; // of 48 kHz: 93 minutes
constexpr int bits_per_second = 24'000;          // narrow band with FEC is as good as it gets here
constexpr int complexity = 3;                    // 5 and 10 cost 1.3 and 2.3 times as much and sound the same at 8 kHz
constexpr int least_loss = 5, most_loss = 25;    // per cent; below 5 libopus saves the FEC at this rate

}  // namespace

void OpusReceiver::Free::operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
void OpusSender::Free::operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }

// --- in

OpusReceiver::OpusReceiver() : decoder_(opus_decoder_create(rate, 1, nullptr)) {}

void OpusReceiver::start(const RtpPacket& first) {
  active_ = true;
  next_sequence_ = first.sequence;
  base_48khz_ = base_8khz_ = first.timestamp;
  usual_ = frame;
  if (decoder_) opus_decoder_ctl(decoder_.get(), OPUS_RESET_STATE);
}

std::uint32_t OpusReceiver::at_8khz(std::uint32_t timestamp) {
  const auto ahead = timestamp_distance(base_48khz_, timestamp);
  if (ahead > static_cast<std::int32_t>(rebase_after)) {
    const auto whole = static_cast<std::uint32_t>(ahead / per_8khz);
    base_8khz_ += whole;
    base_48khz_ += whole * per_8khz;
  }
  return base_8khz_ + static_cast<std::uint32_t>(timestamp_distance(base_48khz_, timestamp) / per_8khz);
}

int OpusReceiver::open(const RtpPacket& packet) {
  const int missing = sequence_distance(next_sequence_, packet.sequence);
  next_sequence_ = static_cast<std::uint16_t>(packet.sequence + 1);
  ++figures_.packets;
  if (missing == 0) return 0;
  return missing < 0 || missing > most_guessed ? 1 : missing;  // after a long silence only the frame right before is still of use
}

void OpusReceiver::fill(const RtpPacket& packet, int before, Frame& into) {
  into.sequence = static_cast<std::uint16_t>(packet.sequence - before);
  into.timestamp = at_8khz(packet.timestamp) - static_cast<std::uint32_t>(before * usual_);
  into.count = 0;
  if (!decoder_) return;
  const auto size = static_cast<opus_int32>(packet.size);
  int made = -1;
  if (before > 1) {
    made = guess(into);
    ++figures_.concealed;
  } else if (before == 1) {
    made = opus_decode(decoder_.get(), packet.payload, size, into.samples.data(), usual_, 1);
    if (made < 0) made = guess(into);
    ++(made > 0 && bears_the_frame_before(packet.payload, packet.size) ? figures_.recovered : figures_.concealed);
  } else {
    const int samples = opus_packet_get_nb_samples(packet.payload, size, rate);
    if (samples > 0 && samples <= longest_frame) made = opus_decode(decoder_.get(), packet.payload, size, into.samples.data(), longest_frame, 0);
    if (made > 0) {
      usual_ = made;
    } else {                                     // not Opus, or longer than anybody agreed on
      ++figures_.refused;
      made = guess(into);
      ++figures_.concealed;
    }
  }
  into.count = static_cast<std::size_t>(std::max(0, made));
}

int OpusReceiver::guess(Frame& into) const { return opus_decode(decoder_.get(), nullptr, 0, into.samples.data(), usual_, 0); }

// The bits before a SILK frame's data are not compressed: a voice flag for each 20 ms, then the flag we look for.
bool bears_the_frame_before(const std::uint8_t* opus, std::size_t size) {
  if (size < 2) return false;
  const int configuration = opus[0] >> 3;
  const bool one_frame = (opus[0] & 3) == 0, is_silk = configuration < 16;  // SILK and hybrid (RFC 6716 §3.1, table 2)
  if (!one_frame || !is_silk) return false;
  const int length = configuration < 12 ? configuration % 4 : configuration % 2;  // 10, 20, 40, 60 ms; hybrid: 10, 20
  const int voice_flags = length < 2 ? 1 : length;
  return (opus[1] & (0x80 >> voice_flags)) != 0;
}

// --- out

OpusSender::OpusSender(std::uint32_t timestamp_now) : encoder_(opus_encoder_create(rate, 1, OPUS_APPLICATION_AUDIO, nullptr)), base_(timestamp_now) {
  // AUDIO, not VOIP: no filter against rumble, the telephone network has taken that away. Its SILK all the same, for FEC: SIGNAL_VOICE.
  if (!encoder_) return;
  OpusEncoder* encoder = encoder_.get();
  opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bits_per_second));
  opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
  opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
  opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(1));
  opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(least_loss));
}

std::size_t OpusSender::encode(const std::uint8_t* header, std::size_t count, Codec law, std::uint8_t payload_type, std::uint8_t* packet) {
  std::array<std::int16_t, longest_frame> linear{};
  if (!encoder_ || count == 0 || count > linear.size()) return 0;
  const std::uint8_t* octets = header + rtp_header_size;
  for (std::size_t i = 0; i < count; ++i) linear[i] = law == Codec::pcma ? alaw_to_linear(octets[i]) : ulaw_to_linear(octets[i]);
  int samples = static_cast<int>(count);
  if (samples % frame != 0 && samples != frame / 2) samples += frame - samples % frame;  // what stands before a hole is filled up with silence
  const auto made = opus_encode(encoder_.get(), linear.data(), samples, packet + rtp_header_size, largest);
  if (made <= 0) return 0;
  std::copy(header, header + rtp_header_size, packet);
  packet[1] = static_cast<std::uint8_t>((packet[1] & 0x80) | payload_type);
  put32(packet + 4, at_48khz(get32(header + 4)));
  ++packets_;
  return rtp_header_size + static_cast<std::size_t>(made);
}

void OpusSender::expect_loss(std::int64_t lost, std::int64_t of) {
  if (!encoder_ || of <= 0) return;
  const std::int64_t permille = std::clamp<std::int64_t>(1000 * lost / of, 0, 1000);
  loss_permille_ = loss_permille_ < 0 ? permille : (3 * loss_permille_ + permille) / 4;
  opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(static_cast<opus_int32>(std::clamp<std::int64_t>((loss_permille_ + 5) / 10, least_loss, most_loss))));
}

}  // namespace pasokh::media
