#include "media/sound_file.h"

#include <fcntl.h>
#include <opusfile.h>
#include <speex/speex_resampler.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "media/g711.h"

namespace pasokh::media {
namespace {

constexpr std::size_t largest_file = 512u << 20;
constexpr int resample_quality = 5;

using Samples = std::vector<std::int16_t>;

std::uint16_t little16(std::string_view s, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(s[at]) | static_cast<unsigned char>(s[at + 1]) << 8);
}
std::uint32_t little32(std::string_view s, std::size_t at) { return little16(s, at) | static_cast<std::uint32_t>(little16(s, at + 2)) << 16; }

Trouble broken(std::string why) { return trouble("sound-broken", std::move(why)); }

// Mono, one chunk after the other, to A-law at 8 kHz.
class ToAlaw {
 public:
  static std::optional<ToAlaw> from_rate(std::uint32_t rate) {
    ToAlaw to;
    if (rate == 8000) return to;
    int error = 0;
    to.resampler_.reset(speex_resampler_init(1, rate, 8000, resample_quality, &error));
    if (!to.resampler_) return std::nullopt;
    speex_resampler_skip_zeros(to.resampler_.get());   // the filter's delay: sound begins where it began
    return to;
  }
  bool add(const std::int16_t* samples, std::size_t count) {
    if (!resampler_) { append(samples, count); return octets_.size() <= longest_sound; }
    while (count > 0) {
      std::int16_t out[1024];
      auto in_count = static_cast<spx_uint32_t>(std::min<std::size_t>(count, 4096)), out_count = static_cast<spx_uint32_t>(std::size(out));
      if (speex_resampler_process_int(resampler_.get(), 0, samples, &in_count, out, &out_count) != RESAMPLER_ERR_SUCCESS) return false;
      append(out, out_count);
      if (octets_.size() > longest_sound || (in_count == 0 && out_count == 0)) return octets_.size() <= longest_sound;
      samples += in_count;
      count -= in_count;
    }
    return true;
  }
  std::vector<std::uint8_t> finish() {
    if (resampler_) {
      const Samples tail(static_cast<std::size_t>(speex_resampler_get_input_latency(resampler_.get())), 0);
      add(tail.data(), tail.size());
    }
    return std::move(octets_);
  }

 private:
  struct Free { void operator()(SpeexResamplerState* s) const { speex_resampler_destroy(s); } };
  void append(const std::int16_t* samples, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) octets_.push_back(linear_to_alaw(samples[i]));
  }
  std::unique_ptr<SpeexResamplerState, Free> resampler_;
  std::vector<std::uint8_t> octets_;
};

struct WavFormat {
  std::uint16_t tag = 0, channels = 0, bits = 0;
  std::uint32_t rate = 0;
  std::size_t octets() const { return bits / 8u; }
};

constexpr std::uint16_t pcm = 1, alaw = 6, ulaw = 7, extensible = 0xfffe;

Result<WavFormat> wav_format(std::string_view chunk) {
  if (chunk.size() < 16) return broken("the fmt chunk is cut off");
  WavFormat format{little16(chunk, 0), little16(chunk, 2), little16(chunk, 14), little32(chunk, 4)};
  if (format.tag == extensible && chunk.size() >= 26) format.tag = little16(chunk, 24);  // the first two octets of its GUID
  const bool known = (format.tag == pcm && format.bits == 16) || ((format.tag == alaw || format.tag == ulaw) && format.bits == 8);
  if (!known) return broken("WAV format " + std::to_string(format.tag) + " with " + std::to_string(format.bits) + " bits; wanted: PCM of 16 bits, A-law or µ-law");
  if (format.channels < 1 || format.channels > 2) return broken("wanted: one or two channels");
  if (format.rate < 4000 || format.rate > 192'000) return broken("a sampling rate of " + std::to_string(format.rate));
  return format;
}

std::int16_t sample_at(const WavFormat& format, std::string_view data, std::size_t at) {
  if (format.tag == pcm) return static_cast<std::int16_t>(little16(data, at));
  const auto octet = static_cast<std::uint8_t>(data[at]);
  return format.tag == alaw ? alaw_to_linear(octet) : ulaw_to_linear(octet);
}

Result<std::vector<std::uint8_t>> wav_samples(const WavFormat& format, std::string_view data) {
  const std::size_t step = format.octets() * format.channels, count = data.size() / step;
  if (count == 0) return broken("no sound in the file");
  if (format.tag == alaw && format.channels == 1 && format.rate == 8000 && count <= longest_sound)
    return std::vector<std::uint8_t>(data.begin(), data.end());
  auto to = ToAlaw::from_rate(format.rate);
  if (!to) return broken("cannot resample from " + std::to_string(format.rate));
  Samples mono;
  for (std::size_t done = 0; done < count;) {
    const std::size_t now = std::min<std::size_t>(count - done, 8192);
    mono.resize(now);
    for (std::size_t i = 0; i < now; ++i) {
      const std::size_t at = (done + i) * step;
      int sum = sample_at(format, data, at);
      if (format.channels == 2) sum = (sum + sample_at(format, data, at + format.octets())) / 2;
      mono[i] = static_cast<std::int16_t>(sum);
    }
    if (!to->add(mono.data(), now)) return broken("longer than 70 minutes");
    done += now;
  }
  return to->finish();
}

Result<std::vector<std::uint8_t>> sound_from_opus(std::string_view bytes) {
  int error = 0;
  struct Free { void operator()(OggOpusFile* f) const { op_free(f); } };
  const std::unique_ptr<OggOpusFile, Free> file(op_open_memory(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), &error));
  if (!file) return broken("not Opus in Ogg (" + std::to_string(error) + ")");
  auto to = ToAlaw::from_rate(48'000);
  if (!to) return broken("cannot resample from 48000");
  std::vector<opus_int16> stereo(5760 * 2);
  Samples mono;
  for (;;) {
    const int frames = op_read_stereo(file.get(), stereo.data(), static_cast<int>(stereo.size()));
    if (frames == OP_HOLE) continue;   // a missing page: go on behind it
    if (frames < 0) return broken("the Opus stream is damaged (" + std::to_string(frames) + ")");
    if (frames == 0) break;
    mono.resize(static_cast<std::size_t>(frames));
    for (std::size_t i = 0; i < mono.size(); ++i) mono[i] = static_cast<std::int16_t>((stereo[2 * i] + stereo[2 * i + 1]) / 2);
    if (!to->add(mono.data(), mono.size())) return broken("longer than 70 minutes");
  }
  auto octets = to->finish();
  if (octets.empty()) return broken("no sound in the file");
  return octets;
}

}  // namespace

Result<std::vector<std::uint8_t>> sound_from_wav(std::string_view bytes) {
  if (bytes.size() < 12 || bytes.substr(0, 4) != "RIFF" || bytes.substr(8, 4) != "WAVE") return broken("not a WAV file");
  std::optional<WavFormat> format;
  std::size_t at = 12;
  while (bytes.size() - at >= 8) {
    const auto name = bytes.substr(at, 4);
    const std::size_t told = little32(bytes, at + 4), size = std::min(told, bytes.size() - at - 8);  // a file cut short plays as far as it goes
    const auto chunk = bytes.substr(at + 8, size);
    if (name == "fmt ") {
      TRY(read, wav_format(chunk));
      format = read;
    }
    if (name == "data") {
      if (!format) return broken("data before fmt");
      return wav_samples(*format, chunk);
    }
    at += 8 + std::min(told + (told & 1), bytes.size() - at - 8);
  }
  return broken("no data chunk");
}

Result<std::vector<std::uint8_t>> read_sound(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return trouble("sound-missing", std::strerror(errno));
  struct Closer { int fd; ~Closer() { close(fd); } } closer{fd};
  struct stat status;
  if (fstat(fd, &status) != 0) return trouble("sound-missing", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return broken("not a file");
  if (static_cast<std::size_t>(status.st_size) > largest_file) return broken("larger than 512 MB");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t came = read(fd, bytes.data() + have, bytes.size() - have);
    if (came < 0 && errno == EINTR) continue;
    if (came <= 0) break;
    have += static_cast<std::size_t>(came);
  }
  bytes.resize(have);
  return bytes.starts_with("OggS") ? sound_from_opus(bytes) : sound_from_wav(bytes);
}

}  // namespace pasokh::media
