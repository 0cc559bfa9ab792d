#include "app/caller/audio.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "app/caller/sockets.h"
#include "media/g711.h"

namespace pasokh::app::caller {

namespace {

constexpr std::size_t samples_per_packet = 160;
constexpr auto packet_time = Duration::milliseconds(20);
constexpr std::string_view digit_names = "0123456789*#ABCD";
constexpr int digit_packets = 5, digit_ends = 3, digit_pause = 3;   // 100 ms of tone, the end said three times, 60 ms of rest

std::uint32_t get(std::string_view bytes, std::size_t at, int n) {
  std::uint32_t value = 0;
  for (int i = 0; i < n; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}
void put(std::string& out, std::uint32_t value, int n) {
  while (n-- > 0) out += static_cast<char>(value >> (8 * n));
}

}  // namespace

Audio::~Audio() {
  loop_.cancel(timer_);
  if (fd_ < 0) return;
  loop_.forget(fd_);
  ::close(fd_);
}

Result<> Audio::open(const std::string& local_ip) {
  for (int attempt = 0; attempt < 64; ++attempt) {
    TRY(fd, udp_socket({local_ip, 0}));
    const auto address = local_address(fd);
    if (address.port % 2 != 0) { ::close(fd); continue; }   // RFC 3550 §11: RTP on an even port
    fd_ = fd;
    port_ = address.port;
    sequence_ = static_cast<std::uint16_t>(random_number());
    timestamp_ = static_cast<std::uint32_t>(random_number());
    ssrc_ = static_cast<std::uint32_t>(random_number());
    loop_.watch(fd_, [this] { receive(); });
    return Done{};
  }
  return trouble("ports", "no even UDP port is free on " + local_ip);
}

void Audio::set_plan(const Plan& plan) {
  plan_ = plan;
  if (sending_ || plan.remote.port == 0) return;
  sending_ = true;
  next_send_ = loop_.now();
  send_packet();
}

void Audio::play(Samples samples, bool repeat, std::function<void()> played_out) {
  playing_ = std::move(samples);
  played_ = 0;
  repeat_ = repeat;
  played_out_ = std::move(played_out);
}

void Audio::send_digits(const std::string& digits) {
  for (const char c : digits)
    if (const auto event = digit_names.find(static_cast<char>(std::toupper(static_cast<unsigned char>(c)))); event != digit_names.npos)
      digits_.push_back({static_cast<std::uint8_t>(event)});
}

// Keeps to the beat it started with: a late tick is followed by an early one, never by a slower stream.
void Audio::send_packet() {
  next_send_ = next_send_ + packet_time;
  if (loop_.now() - next_send_ > Duration::seconds(1)) next_send_ = loop_.now();   // we slept: no burst
  timer_ = loop_.at(next_send_, [this] { send_packet(); });
  timestamp_ += samples_per_packet;
  if (!plan_.send || plan_.remote.port == 0) { talking_before_ = false; return; }
  if (!digits_.empty() && send_digit_packet()) return;

  std::string body(samples_per_packet, '\0');
  bool ended = false;
  for (auto& byte : body) {
    std::int16_t sample = 0;
    if (playing_ && played_ == playing_->size() && repeat_) played_ = 0;
    if (playing_ && played_ < playing_->size()) {
      sample = (*playing_)[played_++];
      ended = played_ == playing_->size() && !repeat_;
    }
    byte = static_cast<char>(plan_.payload == 0 ? media::linear_to_ulaw(sample) : media::linear_to_alaw(sample));
  }
  send_bytes(plan_.payload, !talking_before_, timestamp_, body);
  talking_before_ = true;
  if (ended && played_out_) std::exchange(played_out_, {})();
}

// false: this packet's turn is for audio (nobody agreed on digits, or the pause between two)
bool Audio::send_digit_packet() {
  auto& digit = digits_.front();
  if (plan_.digits_payload < 0) { digits_.clear(); return false; }
  if (digit.packet == 0) digit.timestamp = timestamp_;
  const int packet = digit.packet++;
  if (packet >= digit_packets + digit_ends) {
    if (packet == digit_packets + digit_ends + digit_pause) digits_.pop_front();
    return false;
  }
  const auto length = static_cast<std::uint32_t>(std::min(packet + 1, digit_packets)) * samples_per_packet;
  std::string body;
  put(body, digit.event, 1);
  put(body, (packet >= digit_packets ? 0x80u : 0u) | 10u, 1);
  put(body, length, 2);
  send_bytes(static_cast<std::uint8_t>(plan_.digits_payload), packet == 0, digit.timestamp, body);
  return true;
}

void Audio::send_bytes(std::uint8_t payload, bool marker, std::uint32_t timestamp, std::string_view body) {
  std::string packet;
  packet.reserve(12 + body.size());
  put(packet, 0x80, 1);
  put(packet, (marker ? 0x80u : 0u) | payload, 1);
  put(packet, sequence_++, 2);
  put(packet, timestamp, 4);
  put(packet, ssrc_, 4);
  packet += body;
  if (send_datagram(fd_, plan_.remote, packet)) ++figures_.sent;
}

void Audio::receive() {
  char buffer[2'048];
  for (;;) {
    const auto n = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno != EINTR && errno != ECONNREFUSED) return;
    if (n > 0) take({buffer, static_cast<std::size_t>(n)});
  }
}

void Audio::take(std::string_view datagram) {
  if (datagram.size() < 12 || get(datagram, 0, 1) >> 6 != 2) return;
  const auto flags = get(datagram, 0, 1);
  std::size_t head = 12 + 4 * (flags & 15);
  if (flags & 0x10) {                                   // header extension, RFC 3550 §5.3.1
    if (datagram.size() < head + 4) return;
    head += 4 + 4 * get(datagram, head + 2, 2);
  }
  if (datagram.size() < head) return;
  auto body = datagram.substr(head);
  if (flags & 0x20) {                                   // padding
    if (body.empty() || static_cast<unsigned char>(body.back()) > body.size()) return;
    body.remove_suffix(static_cast<unsigned char>(body.back()));
  }
  const auto payload = static_cast<std::uint8_t>(get(datagram, 1, 1) & 0x7f);
  const auto timestamp = get(datagram, 4, 4);
  if (static_cast<int>(payload) == plan_.digits_payload) {
    measure(static_cast<std::uint16_t>(get(datagram, 2, 2)), 0, get(datagram, 8, 4));
    if (body.size() < 4 || (digit_any_ && timestamp == last_digit_timestamp_)) return;
    const auto event = get(body, 0, 1);
    digit_any_ = true;
    last_digit_timestamp_ = timestamp;
    if (event >= digit_names.size()) return;
    figures_.digits += digit_names[event];
    if (on_digit) on_digit(digit_names[event]);
    return;
  }
  if (payload != 0 && payload != 8) return;
  measure(static_cast<std::uint16_t>(get(datagram, 2, 2)), timestamp == 0 ? 1 : timestamp, get(datagram, 8, 4));
  keep(payload, timestamp, body);
}

// `timestamp` 0: a digit, whose timestamp stands still.
void Audio::measure(std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc) {
  const auto now = loop_.now();
  if (!heard_any_) first_heard_ = now;
  else figures_.largest_gap_ms = std::max(figures_.largest_gap_ms, (now - last_heard_).ms());
  last_heard_ = now;
  const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(highest_));
  if (!heard_any_ || ssrc != heard_ssrc_ || std::abs(ahead) > 3'000) {
    if (heard_any_) expected_before_ += highest_ - base_ + 1;
    base_ = highest_ = sequence;
    heard_ssrc_ = ssrc;
    transit_ = 0;
  } else {
    highest_ = std::max(highest_, highest_ + ahead);
  }
  heard_any_ = true;
  ++figures_.received;
  figures_.lost = std::max<std::int64_t>(0, expected_before_ + highest_ - base_ + 1 - figures_.received);
  if (timestamp == 0) return;
  const auto transit = now.us * 8 / 1'000 - static_cast<std::int64_t>(timestamp);
  if (transit_ != 0) jitter_ += (static_cast<double>(std::llabs(transit - transit_)) - jitter_) / 16;
  transit_ = transit;
  figures_.jitter_ms = jitter_ / 8;
}

void Audio::keep(std::uint8_t payload, std::uint32_t timestamp, std::string_view body) {
  if (heard_max_ == 0) return;
  const auto by_clock = (loop_.now() - first_heard_).us * 8 / 1'000;
  auto place = first_place_ + static_cast<std::int32_t>(timestamp - first_timestamp_);
  if (heard_.empty() || std::llabs(place - by_clock) > 16'000) {   // first, or another line of timestamps
    first_timestamp_ = timestamp;
    first_place_ = place = by_clock;
  }
  if (place < 0 || static_cast<std::size_t>(place) + body.size() > heard_max_) return;
  if (heard_.size() < static_cast<std::size_t>(place) + body.size()) heard_.resize(static_cast<std::size_t>(place) + body.size());
  for (std::size_t i = 0; i < body.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(body[i]);
    heard_[static_cast<std::size_t>(place) + i] = payload == 0 ? media::ulaw_to_linear(byte) : media::alaw_to_linear(byte);
  }
}

}  // namespace pasokh::app::caller
