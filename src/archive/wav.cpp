#include "archive/wav.h"

#include <speex/speex_resampler.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "archive/files.h"
#include "media/g711.h"

namespace pasokh::archive {

namespace {

void put(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}
std::uint32_t get(std::string_view bytes, std::size_t at, int n) {
  std::uint32_t value = 0;
  for (int i = 0; i < n; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)])) << (8 * i);
  return value;
}

constexpr std::uint32_t pcm = 1, alaw = 6, ulaw = 7, extensible = 0xfffe;

}  // namespace

std::string wav_header(std::uint32_t rate, std::uint16_t channels, std::uint64_t data_bytes) {
  const auto n = static_cast<std::uint32_t>(std::min<std::uint64_t>(data_bytes, 0xffffffff - 36));
  std::string out = "RIFF";
  put(out, n + 36, 4);
  out += "WAVEfmt ";
  put(out, 16, 4);
  put(out, pcm, 2);
  put(out, channels, 2);
  put(out, rate, 4);
  put(out, rate * channels * 2, 4);
  put(out, channels * 2u, 2);
  put(out, 16, 2);
  out += "data";
  put(out, n, 4);
  return out;
}

Result<Wav> read_wav(const std::string& path) {
  TRY(bytes, read_whole(path, 64 << 20));
  const auto bad = [&](std::string_view why) { return trouble("wav", path + ": " + std::string(why)); };
  const std::string_view view = bytes;
  if (view.size() < 12 || view.substr(0, 4) != "RIFF" || view.substr(8, 4) != "WAVE") return bad("not a WAV file");
  Wav wav;
  std::uint32_t format = 0, bits = 0;
  for (std::size_t at = 12; at + 8 <= view.size();) {
    const auto name = view.substr(at, 4);
    const auto n = std::min<std::size_t>(get(view, at + 4, 4), view.size() - at - 8);  // espeak writes a length it does not know yet
    const auto body = view.substr(at + 8, n);
    if (name == "fmt " && n >= 16) {
      format = get(body, 0, 2);
      wav.channels = static_cast<std::uint16_t>(get(body, 2, 2));
      wav.rate = get(body, 4, 4);
      bits = get(body, 14, 2);
      if (format == extensible && n >= 26) format = get(body, 24, 2);
    } else if (name == "data") {
      if (wav.channels < 1 || wav.channels > 8 || wav.rate < 4'000 || wav.rate > 192'000) return bad("channels or rate out of range");
      if (format == pcm && bits == 16) {
        wav.samples.resize(n / 2);
        for (std::size_t i = 0; i < wav.samples.size(); ++i) wav.samples[i] = static_cast<std::int16_t>(get(body, 2 * i, 2));
      } else if ((format == alaw || format == ulaw) && bits == 8) {
        for (const char c : body) wav.samples.push_back((format == alaw ? media::alaw_to_linear : media::ulaw_to_linear)(static_cast<std::uint8_t>(c)));
      } else {
        return bad("only PCM16, A-law and µ-law are read");
      }
      wav.samples.resize(wav.samples.size() / wav.channels * wav.channels);
      return wav;
    }
    at += 8 + n + (n & 1);
  }
  return bad("no audio data");
}

Result<> write_wav(const std::string& path, const Wav& wav) {
  auto out = wav_header(wav.rate, wav.channels, wav.samples.size() * 2);
  for (const auto sample : wav.samples) put(out, static_cast<std::uint16_t>(sample), 2);
  return write_whole(path, out, 0644);
}

std::vector<std::int16_t> mono_at(const Wav& wav, std::uint32_t rate) {
  std::vector<std::int16_t> mono(wav.samples.size() / wav.channels);
  for (std::size_t i = 0; i < mono.size(); ++i) {
    int sum = 0;
    for (std::size_t c = 0; c < wav.channels; ++c) sum += wav.samples[i * wav.channels + c];
    mono[i] = static_cast<std::int16_t>(sum / wav.channels);
  }
  if (wav.rate == rate || mono.empty()) return mono;
  int error = 0;
  std::unique_ptr<SpeexResamplerState, void (*)(SpeexResamplerState*)> resampler(speex_resampler_init(1, wav.rate, rate, 7, &error), speex_resampler_destroy);
  if (!resampler) return {};
  speex_resampler_skip_zeros(resampler.get());
  const auto wanted = static_cast<std::size_t>(static_cast<std::uint64_t>(mono.size()) * rate / wav.rate);
  mono.resize(mono.size() + static_cast<std::size_t>(speex_resampler_get_input_latency(resampler.get())));
  std::vector<std::int16_t> out(wanted);
  auto in = static_cast<spx_uint32_t>(mono.size()), made = static_cast<spx_uint32_t>(wanted);
  speex_resampler_process_int(resampler.get(), 0, mono.data(), &in, out.data(), &made);
  out.resize(made);
  return out;
}

}  // namespace pasokh::archive
