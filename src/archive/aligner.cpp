#include "archive/aligner.h"

#include <algorithm>
#include <cstdlib>

#include "media/g711.h"

namespace pasokh::archive {

namespace {

constexpr std::int64_t look_ahead_us = 4'000'000;
constexpr std::int64_t stall_us = 3'000'000;        // packets that the network held back for longer find their place gone
constexpr std::int64_t lead_us = 40'000;            // the first packet may itself be late: room before it
constexpr std::int64_t longest_us = 24LL * 3'600'000'000;  // a clock gone mad must not make years of silence
constexpr std::int64_t gap_us = 200'000;            // from here on a loss is marked
constexpr std::size_t ring_samples = 1 << 16;       // 8.2 s: stall + look-ahead + one packet
constexpr std::size_t streams_max = 4;              // per side; the longest unused gives way

constexpr std::int64_t ms(std::int64_t n) { return n * sample_rate / 1'000; }
constexpr std::int64_t usual_packet = ms(20);
constexpr std::int64_t step = ms(40);               // a change of the shortest way that is not jitter
constexpr std::int64_t large_step = ms(400);        // believed even of few packets
constexpr std::int64_t break_down = ms(500);        // a packet so much too early: its timestamps are another line
constexpr std::int64_t jump_from = ms(10);          // errors below are crept away, others taken at once
constexpr std::int64_t creep_from = 8;              // samples; below: leave it
constexpr std::size_t few = 10;                     // packets; fewer do not outvote what is known
constexpr std::size_t settled = 50;

constexpr int max_dropout = 3'000, max_misorder = 100;  // RFC 3550 §A.1

}  // namespace

Aligner::Aligner(PcmSink sink) : sink_(std::move(sink)) {
  for (auto& ring : ring_) ring.assign(ring_samples, 0);
}

void Aligner::add(const media::CaptureRecord& record) {
  using Kind = media::CaptureRecord::Kind;
  auto moment = record;
  if (!started_) {
    started_ = true;
    start_us_ = record.arrived_us - (record.kind == Kind::audio ? lead_us : 0);
    newest_us_ = record.arrived_us;
  } else if (record.kind == Kind::epoch) {
    note_gap(newest_us_, record.arrived_us);  // another worker went on; what the first had not sealed is lost
  }
  moment.arrived_us = std::max(moment.arrived_us, newest_us_);
  if (moment.arrived_us - start_us_ > longest_us) { ++late_; return; }
  newest_us_ = moment.arrived_us;

  if (moment.kind == Kind::mark && marks_.size() < marks_max)
    marks_.push_back({std::string(moment.bytes.substr(0, 64)), Duration{moment.arrived_us - start_us_}, {}});
  if (moment.kind == Kind::audio || moment.kind == Kind::event) {
    auto& stream = stream_of(sides_[moment.agent ? 1 : 0], moment);
    if (count_sequence(stream, moment) && moment.kind == Kind::audio) add_audio(stream, moment);
  }
  release(newest_us_ - look_ahead_us);
}

void Aligner::finish() {
  if (!started_) return;
  release(INT64_MAX);
  write_until(std::max(furthest_, samples_since_start(newest_us_)));
}

Aligner::Stream& Aligner::stream_of(Side& side, const media::CaptureRecord& record) {
  auto& streams = side.streams;
  auto found = std::find_if(streams.begin(), streams.end(), [&](const Stream& s) { return s.ssrc == record.ssrc; });
  if (found == streams.end() && streams.size() == streams_max) {
    found = std::min_element(streams.begin(), streams.end(), [](const Stream& a, const Stream& b) { return a.used_us < b.used_us; });
    lost_of_gone_ += std::max<std::int64_t>(0, found->expected_before + found->sequence - found->first_sequence + 1 - found->received);
    late_ += static_cast<std::int64_t>(found->held.size());
    streams.erase(found);
    found = streams.end();
  }
  if (found == streams.end()) {
    found = streams.emplace(streams.end());
    found->ssrc = record.ssrc;
    found->recent.fill(-1);
  }
  found->used_us = record.arrived_us;
  return *found;
}

bool Aligner::count_sequence(Stream& stream, const media::CaptureRecord& record) {
  const auto ahead = static_cast<std::int16_t>(record.sequence - static_cast<std::uint16_t>(stream.sequence));
  if (!stream.heard || ahead > max_dropout || ahead < -max_misorder) {  // first, or numbered anew
    if (stream.heard) stream.expected_before += stream.sequence - stream.first_sequence + 1;
    stream.heard = true;
    stream.sequence = stream.first_sequence = record.sequence + 0x10000;  // room below for a late first packet
    stream.recent.fill(-1);
  }
  const auto sequence = stream.sequence + static_cast<std::int16_t>(record.sequence - static_cast<std::uint16_t>(stream.sequence));
  auto& seen = stream.recent[static_cast<std::size_t>(sequence) % stream.recent.size()];
  if (seen == sequence) return false;
  seen = sequence;
  ++stream.received;
  if (sequence > stream.sequence + 1 && stream.has_audio && record.kind == media::CaptureRecord::Kind::audio) {
    const auto advance = static_cast<std::int32_t>(record.timestamp - static_cast<std::uint32_t>(stream.timestamp));
    const auto missing_us = (advance - static_cast<std::int64_t>(record.bytes.size())) * 1'000 / 8;
    if (missing_us > gap_us && missing_us < longest_us) note_gap(std::max(start_us_, record.arrived_us - missing_us), record.arrived_us);
  }
  stream.sequence = std::max(stream.sequence, sequence);
  stream.first_sequence = std::min(stream.first_sequence, sequence);
  return true;
}

void Aligner::add_audio(Stream& stream, const media::CaptureRecord& record) {
  if (record.bytes.empty() || (record.payload != 0 && record.payload != 8)) return;
  const std::int64_t timestamp = stream.has_audio
      ? stream.timestamp + static_cast<std::int32_t>(record.timestamp - static_cast<std::uint32_t>(stream.timestamp))
      : static_cast<std::int64_t>(record.timestamp);
  const auto delay = samples_since_start(record.arrived_us) - (timestamp + static_cast<std::int64_t>(record.bytes.size()) - usual_packet);
  if (!stream.has_audio || delay < stream.run_delay_min - break_down) {
    ++stream.run;
    stream.run_delay_min = delay;
  }
  stream.run_delay_min = std::min(stream.run_delay_min, delay);
  stream.has_audio = has_audio_ = true;
  stream.timestamp = timestamp;
  stream.held.push_back({record.arrived_us, timestamp, delay, stream.run, record.payload, std::string(record.bytes)});
}

// Places every held packet that arrived up to `until_us`, over all streams in the order of arrival.
void Aligner::release(std::int64_t until_us) {
  for (;;) {
    Stream* first = nullptr;
    int first_side = 0;
    for (int side = 0; side < 2; ++side)
      for (auto& stream : sides_[static_cast<std::size_t>(side)].streams)
        if (!stream.held.empty() && (!first || stream.held.front().arrived_us < first->held.front().arrived_us)) { first = &stream; first_side = side; }
    if (!first || first->held.front().arrived_us > until_us) return;
    write_until(samples_since_start(first->held.front().arrived_us - stall_us));
    place_first(first_side, *first);
  }
}

// The shortest delay around the first held packet, within its run; see the head of aligner.h.
std::int64_t Aligner::offset_of_first(Stream& stream) {
  const auto& front = stream.held.front();
  if (front.run != stream.placed_run) { stream.past.clear(); stream.placed = false; stream.placed_run = front.run; }
  while (!stream.past.empty() && stream.past.front().arrived_us < front.arrived_us - look_ahead_us) stream.past.pop_front();

  auto shortest_before = INT64_MAX;
  for (const auto& seen : stream.past) shortest_before = std::min(shortest_before, seen.delay);
  const bool known = !stream.past.empty();
  const bool well_known = stream.past.size() >= settled;

  auto shortest_after = front.delay;
  std::size_t after = 0;
  for (const auto& held : stream.held) {
    if (held.run != front.run || held.arrived_us > front.arrived_us + look_ahead_us) break;
    if (well_known && held.delay < shortest_before - step && &held != &front) break;  // the way gets shorter from there on, not here
    shortest_after = std::min(shortest_after, held.delay);
    ++after;
  }

  if (!known) {
    const bool close = stream.placed && std::llabs(shortest_after - stream.shift) < 2 * step;
    return close && after < few ? std::min(shortest_after, stream.shift) : shortest_after;  // one late packet after a pause
  }
  const bool longer = shortest_after > shortest_before + large_step || (shortest_after > shortest_before + step && after >= few);
  const bool shorter = well_known && shortest_after < shortest_before - step;
  if (longer || shorter) { stream.past.clear(); return shortest_after; }
  return std::min(shortest_before, shortest_after);
}

void Aligner::place_first(int side, Stream& stream) {
  const auto offset = offset_of_first(stream);
  const Held packet = std::move(stream.held.front());
  stream.held.pop_front();
  stream.past.push_back({packet.arrived_us, packet.delay});

  const auto error = offset - stream.shift;
  std::int64_t stretch = 0;
  if (!stream.placed || std::llabs(error) > jump_from) stream.shift = offset;
  else if (std::llabs(error) >= creep_from) stretch = error > 0 ? 1 : -1;
  stream.placed = true;

  const auto n = static_cast<std::int64_t>(packet.bytes.size());
  std::vector<std::int16_t> samples(static_cast<std::size_t>(n + 1));
  const auto decode = packet.payload == 8 ? media::alaw_to_linear : media::ulaw_to_linear;
  for (std::int64_t i = 0; i < n; ++i) samples[static_cast<std::size_t>(i)] = decode(static_cast<std::uint8_t>(packet.bytes[static_cast<std::size_t>(i)]));
  const auto place = packet.timestamp + stream.shift;
  if (stretch != 0 && n > 2) {        // n samples drawn over n ± 1 places, straight lines between
    const auto drawn = n + stretch;
    std::vector<std::int16_t> other(static_cast<std::size_t>(drawn));
    for (std::int64_t i = 0; i < drawn; ++i) {
      const auto at = i * (n - 1) * 256 / (drawn - 1), whole = at / 256, part = at % 256;
      const auto a = samples[static_cast<std::size_t>(whole)], b = samples[static_cast<std::size_t>(std::min(whole + 1, n - 1))];
      other[static_cast<std::size_t>(i)] = static_cast<std::int16_t>((a * (256 - part) + b * part) / 256);
    }
    put(side, place, other.data(), drawn);
    stream.shift += stretch;
  } else {
    put(side, place, samples.data(), n);
  }
}

void Aligner::put(int side, std::int64_t place, const std::int16_t* samples, std::int64_t n) {
  if (place + n <= written_ || place + n > written_ + static_cast<std::int64_t>(ring_samples)) { ++late_; return; }
  auto& ring = ring_[static_cast<std::size_t>(side)];
  for (std::int64_t i = std::max<std::int64_t>(0, written_ - place); i < n; ++i) ring[static_cast<std::size_t>(place + i) % ring_samples] = samples[i];
  furthest_ = std::max(furthest_, place + n);
}

void Aligner::write_until(std::int64_t place) {
  constexpr std::int64_t block = 4'096;
  std::vector<std::int16_t> stereo;
  while (written_ < place) {
    const auto n = std::min(block, place - written_);
    stereo.resize(static_cast<std::size_t>(2 * n));
    for (std::int64_t i = 0; i < n; ++i)
      for (std::size_t side = 0; side < 2; ++side) {
        auto& sample = ring_[side][static_cast<std::size_t>(written_ + i) % ring_samples];
        stereo[static_cast<std::size_t>(2 * i) + side] = std::exchange(sample, std::int16_t{0});
      }
    written_ += n;
    sink_(stereo.data(), static_cast<std::size_t>(n));
  }
}

std::int64_t Aligner::samples_since_start(std::int64_t at_us) const { return (at_us - start_us_) * 8 / 1'000; }

std::int64_t Aligner::lost_packets() const {
  auto lost = lost_of_gone_;
  for (const auto& side : sides_)
    for (const auto& stream : side.streams)
      if (stream.heard) lost += std::max<std::int64_t>(0, stream.expected_before + stream.sequence - stream.first_sequence + 1 - stream.received);
  return lost;
}

// Overlapping stretches become one: a dead worker is missed on both sides and in its own record.
void Aligner::note_gap(std::int64_t from_us, std::int64_t to_us) {
  if (from_us >= to_us) return;
  for (auto at = gaps_.rbegin(); at != gaps_.rend() && at < gaps_.rbegin() + 8; ++at)
    if (from_us <= at->to_us && to_us >= at->from_us) {
      at->from_us = std::min(at->from_us, from_us);
      at->to_us = std::max(at->to_us, to_us);
      return;
    }
  if (gaps_.size() < marks_max / 2) gaps_.push_back({from_us, to_us});
}

std::vector<Mark> Aligner::gaps() const {
  auto sorted = gaps_;
  std::sort(sorted.begin(), sorted.end(), [](const Gap& a, const Gap& b) { return a.from_us < b.from_us; });
  std::vector<Mark> marks;
  for (const auto& gap : sorted) {
    const Duration at{gap.from_us - start_us_}, end{gap.to_us - start_us_};
    if (!marks.empty() && marks.back().at + marks.back().length >= at)
      marks.back().length = std::max(marks.back().length, end - marks.back().at);
    else
      marks.push_back({"gap", at, end - at});
  }
  return marks;
}

std::int64_t Aligner::gaps_ms() const {
  Duration sum;
  for (const auto& gap : gaps()) sum += gap.length;
  return sum.ms();
}

std::vector<Mark> Aligner::marks() const {
  auto all = gaps();
  all.insert(all.end(), marks_.begin(), marks_.end());
  std::stable_sort(all.begin(), all.end(), [](const Mark& a, const Mark& b) { return a.at < b.at; });
  if (all.size() > marks_max) all.resize(marks_max);
  return all;
}

}  // namespace pasokh::archive
