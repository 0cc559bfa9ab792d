#include <unistd.h>

#include <algorithm>

#include "archive/archive.h"
#include "archive/cipher.h"
#include "archive/files.h"
#include "archive/opus_file.h"
#include "archive/wav.h"

namespace pasokh::archive {

namespace {

constexpr std::int64_t piece = 65'536;

// Reads the whole plain file once, in order; `each` may be nothing, then it is only checked.
Result<> read_checked(const Recording& recording, const std::function<Result<>(std::string_view)>& each) {
  Sha256 digest;
  for (std::int64_t at = 0; at < recording.bytes(); at += piece) {
    TRY(bytes, recording.read(at, at + piece));
    digest.add(bytes);
    if (each) TRY_DONE(each(bytes));
  }
  if (digest.hex() != recording.details().sha256) return trouble("recording-damaged", "the checksum of the recording does not agree with its audio");
  return Done{};
}

Result<> write_opus(const Recording& recording, const File& out) {
  return read_checked(recording, [&](std::string_view bytes) { return out.write(bytes); });
}

Result<> write_pcm(const Recording& recording, const File& out) {
  TRY_DONE(read_checked(recording, {}));
  // As long as the recording is on the wall clock: the encoder's padding at the end is cut, so the length is known beforehand.
  auto frames_left = static_cast<std::size_t>(recording.details().duration.us * 8 / 1'000);
  TRY_DONE(out.write(wav_header(8'000, 2, frames_left * 4)));
  const auto write = [&](const std::int16_t* stereo, std::size_t frames) {
    frames = std::min(frames, frames_left);
    frames_left -= frames;
    std::string bytes;
    bytes.reserve(frames * 4);
    for (std::size_t i = 0; i < 2 * frames; ++i) { bytes += static_cast<char>(stereo[i]); bytes += static_cast<char>(stereo[i] >> 8); }
    return out.write(bytes);
  };
  const ReadAt read = [&](std::int64_t offset, std::size_t n) { return recording.read(offset, offset + static_cast<std::int64_t>(n)); };
  TRY_DONE(decode_opus(recording.bytes(), read, write));
  const std::vector<std::int16_t> silence(2 * 800);
  while (frames_left > 0) TRY_DONE(write(silence.data(), 800));
  return Done{};
}

}  // namespace

Result<> export_recording(const std::string& file, std::string_view key, const std::string& to) {
  const bool wav = to.ends_with(".wav"), opus = to.ends_with(".opus") || to.ends_with(".ogg");
  if (!wav && !opus) return trouble("ending-unknown", to + ": the name must end in .opus, .ogg or .wav");
  TRY(recording, Recording::open(file, key));
  const auto part = to + ".part";
  auto written = [&]() -> Result<> {
    TRY(out, File::create(part, 0600));
    TRY_DONE(wav ? write_pcm(recording, out) : write_opus(recording, out));
    return out.sync();
  }();
  if (written) written = rename_durably(part, to);
  if (!written) {
    ::unlink(part.c_str());
    return within("exporting to " + to, written.error());
  }
  return Done{};
}

}  // namespace pasokh::archive
