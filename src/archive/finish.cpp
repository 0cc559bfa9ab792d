#include "archive/finish.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "archive/aligner.h"
#include "archive/cipher.h"
#include "archive/opus_file.h"
#include "archive/sealed_file.h"
#include "base/codec.h"
#include "base/json_text.h"

namespace pasokh::archive {

namespace {

constexpr std::size_t frames_per_peak = static_cast<std::size_t>(sample_rate * peak_step.us / 1'000'000);

class Peaks {
 public:
  void add(const std::int16_t* stereo, std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      left_ = std::max(left_, std::abs(static_cast<int>(stereo[2 * i])));
      right_ = std::max(right_, std::abs(static_cast<int>(stereo[2 * i + 1])));
      if (++frames_ == frames_per_peak) end_pair();
    }
  }
  std::vector<std::uint8_t> finish() {
    if (frames_ > 0) end_pair();
    return std::move(pairs_);
  }
 private:
  void end_pair() {
    for (auto* peak : {&left_, &right_}) pairs_.push_back(static_cast<std::uint8_t>(std::min(255, std::exchange(*peak, 0) >> 7)));
    frames_ = 0;
  }
  int left_ = 0, right_ = 0;
  std::size_t frames_ = 0;
  std::vector<std::uint8_t> pairs_;
};

std::string clock_text(Duration at) {  // 00:01:02.345
  const auto pad = [](std::int64_t n, std::size_t width) { auto s = std::to_string(n); return std::string(width - std::min(width, s.size()), '0') + s; };
  return pad(at.ms() / 3'600'000, 2) + ":" + pad(at.ms() / 60'000 % 60, 2) + ":" + pad(at.ms() / 1'000 % 60, 2) + "." + pad(at.ms() % 1'000, 3);
}

// Ids, times and marks; never a number or a name: the comments leave the house with the exported file.
std::vector<std::pair<std::string, std::string>> comments_of(const FinishOptions& options, const Aligner& aligned) {
  std::vector<std::pair<std::string, std::string>> comments{
      {"TITLE", "call " + text(options.call)}, {"CALL", text(options.call)}, {"RECORDING", text(options.capture)},
      {"DATE", rfc3339(aligned.started())}, {"CHANNELS", "left customer, right agent"}};
  int n = 0;
  for (const auto& mark : aligned.marks()) {  // the chapter convention that players know
    if (++n > 999) break;
    auto number = std::to_string(n);
    const auto chapter = "CHAPTER" + std::string(3 - number.size(), '0') + number;
    comments.emplace_back(chapter, clock_text(mark.at));
    comments.emplace_back(chapter + "NAME", mark.length.us > 0 ? mark.name + " " + std::to_string(mark.length.ms()) + " ms" : mark.name);
  }
  return comments;
}

// The sealed content after the Ogg file.
std::string details_and_footer(const Finished& finished) {
  auto details = to_bytes(finished);
  const auto length = static_cast<std::uint64_t>(details.size());
  details += "PASOKH-D";
  for (const auto number : {static_cast<std::uint64_t>(finished.bytes), length})
    for (int i = 0; i < 8; ++i) details += static_cast<char>(number >> (8 * i));
  return details;
}
constexpr std::int64_t footer_bytes = 24;

Finished figures_of(const Aligner& aligned, const media::CaptureSummary& summary) {
  Finished finished;
  finished.empty = aligned.empty();
  finished.started = aligned.started();
  finished.duration = aligned.duration();
  finished.marks = aligned.marks();
  finished.gaps_ms = aligned.gaps_ms();
  finished.lost_packets = aligned.lost_packets();
  finished.late_packets = aligned.late_packets();
  finished.damaged = summary.damaged;
  if (!summary.damaged.empty() && finished.marks.size() < marks_max) finished.marks.push_back({"damaged", {}, {}});  // of the whole; where it was, the gaps tell
  return finished;
}

Result<Finished> encode(const RecordSource& source, std::string_view key, const std::string& part, const OpusWriter::Settings& settings) {
  TRY(file, SealedWriter::create(part, key));
  Sha256 digest;
  Peaks peaks;
  TRY(opus, OpusWriter::create(settings, [&](std::string_view bytes) {
    digest.add(bytes);
    return file.add(bytes);
  }));
  std::optional<Trouble> failed;
  Aligner aligner([&](const std::int16_t* stereo, std::size_t frames) {
    if (failed) return;
    peaks.add(stereo, frames);
    if (auto added = opus.add(stereo, frames); !added) failed = added.error();
  });
  TRY(summary, source([&](const media::CaptureRecord& record) { if (!failed) aligner.add(record); }));
  aligner.finish();
  if (failed) return *failed;
  TRY_DONE(opus.close());
  auto finished = figures_of(aligner, summary);
  finished.bytes = file.bytes();
  finished.sha256 = digest.hex();
  finished.peaks = peaks.finish();
  TRY_DONE(file.add(details_and_footer(finished)));
  TRY_DONE(file.close());
  return finished;
}

}  // namespace

Result<Finished> finish_from(const RecordSource& source, std::string_view key, const std::string& out_file, const FinishOptions& options) {
  if (key.size() != 32) return trouble("key-damaged", "a recording's key must be 32 bytes");
  Aligner first([](const std::int16_t*, std::size_t) {});
  TRY(summary, source([&](const media::CaptureRecord& record) { first.add(record); }));
  first.finish();
  if (first.empty()) return figures_of(first, summary);

  const auto part = out_file + ".part";
  auto finished = encode(source, key, part, {options.bitrate, options.complexity, comments_of(options, first)});
  if (finished) {
    if (auto renamed = rename_durably(part, out_file); !renamed) finished = std::move(renamed).error();
  }
  if (!finished) {
    ::unlink(part.c_str());
    return within("finishing recording " + text(options.capture), finished.error());
  }
  return finished;
}

struct Recording::Impl {
  SealedReader reader;
  Finished details;
};

Recording::Recording(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording> Recording::open(const std::string& file, std::string_view key) {
  TRY(reader, SealedReader::open(file, key));
  const auto damaged = [&] { return trouble("recording-damaged", file + ": the details at its end cannot be read"); };
  const auto end = reader.bytes();
  if (end < footer_bytes) return damaged();
  TRY(footer, reader.read(end - footer_bytes, end));
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(footer[at + i])) << (8 * i);
    return static_cast<std::int64_t>(value);
  };
  const auto ogg = number(8), length = number(16);
  if (!footer.starts_with("PASOKH-D") || ogg < 0 || length < 0 || ogg + length + footer_bytes != end) return damaged();
  TRY(bytes, reader.read(ogg, ogg + length));
  auto details = from_bytes<Finished>(bytes);
  if (!details || details->bytes != ogg) return damaged();
  return Recording(std::make_unique<Impl>(Impl{std::move(reader), std::move(*details)}));
}

std::int64_t Recording::bytes() const { return impl_->details.bytes; }
const Finished& Recording::details() const { return impl_->details; }
Result<std::string> Recording::read(std::int64_t from, std::int64_t to) const {
  return impl_->reader.read(std::min(from, bytes()), std::min(to, bytes()));
}

}  // namespace pasokh::archive
