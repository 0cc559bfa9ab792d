#include "archive/opus_file.h"

#include <opusenc.h>
#include <opusfile.h>
#include <speex/speex_resampler.h>

#include <optional>

namespace pasokh::archive {

namespace {

constexpr int rate = 8'000, channels = 2;

Trouble opus_trouble(int code) { return trouble("opus", std::string("the Opus encoder refused: ") + ope_strerror(code)); }

}  // namespace

struct OpusWriter::Impl {
  OggOpusEnc* encoder = nullptr;
  OggOpusComments* comments = nullptr;
  Bytes bytes;
  std::optional<Trouble> failed;     // of `bytes`, kept until we are back from the library

  ~Impl() {
    if (encoder) ope_encoder_destroy(encoder);
    if (comments) ope_comments_destroy(comments);
  }
  static int write(void* self, const unsigned char* data, opus_int32 n) {
    auto& impl = *static_cast<Impl*>(self);
    auto written = impl.bytes({reinterpret_cast<const char*>(data), static_cast<std::size_t>(n)});
    if (!written && !impl.failed) impl.failed = written.error();
    return written ? 0 : 1;
  }
  static int close(void*) { return 0; }
  Result<> check(int code) const {
    if (failed) return *failed;
    if (code != OPE_OK) return opus_trouble(code);
    return Done{};
  }
};

OpusWriter::OpusWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OpusWriter::OpusWriter(OpusWriter&&) noexcept = default;
OpusWriter::~OpusWriter() = default;

Result<OpusWriter> OpusWriter::create(const Settings& settings, Bytes bytes) {
  auto impl = std::make_unique<Impl>();
  impl->bytes = std::move(bytes);
  impl->comments = ope_comments_create();
  for (const auto& [name, value] : settings.comments) ope_comments_add(impl->comments, name.c_str(), value.c_str());
  static const OpusEncCallbacks callbacks{&Impl::write, &Impl::close};
  int error = OPE_OK;
  impl->encoder = ope_encoder_create_callbacks(&callbacks, impl.get(), impl->comments, rate, channels, 0, &error);
  if (!impl->encoder) return opus_trouble(error);
  for (const int code : {ope_encoder_ctl(impl->encoder, OPUS_SET_BITRATE(settings.bitrate)),
                         ope_encoder_ctl(impl->encoder, OPUS_SET_COMPLEXITY(settings.complexity)),
                         ope_encoder_ctl(impl->encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)),
                         ope_encoder_ctl(impl->encoder, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_NARROWBAND)),
                         ope_encoder_ctl(impl->encoder, OPE_SET_COMMENT_PADDING(0))})
    TRY_DONE(impl->check(code));
  return OpusWriter(std::move(impl));
}

Result<> OpusWriter::add(const std::int16_t* stereo, std::size_t frames) {
  return impl_->check(ope_encoder_write(impl_->encoder, stereo, static_cast<int>(frames)));
}

Result<> OpusWriter::close() { return impl_->check(ope_encoder_drain(impl_->encoder)); }

namespace {

struct OggSource {
  const ReadAt& read;
  std::int64_t size = 0, at = 0;
  std::optional<Trouble> failed;

  static int read_some(void* self, unsigned char* into, int n) {
    auto& source = *static_cast<OggSource*>(self);
    auto bytes = source.read(source.at, static_cast<std::size_t>(n));
    if (!bytes) { source.failed = bytes.error(); return -1; }
    bytes->copy(reinterpret_cast<char*>(into), bytes->size());
    source.at += static_cast<std::int64_t>(bytes->size());
    return static_cast<int>(bytes->size());
  }
  static int seek(void* self, opus_int64 offset, int whence) {
    auto& source = *static_cast<OggSource*>(self);
    source.at = offset + (whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.at : source.size);
    return source.at < 0 || source.at > source.size ? -1 : 0;
  }
  static opus_int64 tell(void* self) { return static_cast<OggSource*>(self)->at; }
};

}  // namespace

Result<> decode_opus(std::int64_t size, const ReadAt& read, const std::function<Result<>(const std::int16_t*, std::size_t)>& sink) {
  OggSource source{read, size};
  const OpusFileCallbacks callbacks{&OggSource::read_some, &OggSource::seek, &OggSource::tell, nullptr};
  int error = 0;
  std::unique_ptr<OggOpusFile, void (*)(OggOpusFile*)> file(op_open_callbacks(&source, &callbacks, nullptr, 0, &error), op_free);
  if (source.failed) return *source.failed;
  if (!file) return trouble("opus", "not an Ogg Opus file (opusfile says " + std::to_string(error) + ")");
  std::unique_ptr<SpeexResamplerState, void (*)(SpeexResamplerState*)> resampler(speex_resampler_init(channels, 48'000, rate, 5, &error), speex_resampler_destroy);
  if (!resampler) return trouble("memory", "no memory for the resampler");
  speex_resampler_skip_zeros(resampler.get());
  std::vector<std::int16_t> wide(5'760 * channels), narrow(1'920 * channels);
  const auto drain = [&](const std::int16_t* pcm, std::size_t frames) -> Result<> {
    while (frames > 0) {
      auto in = static_cast<spx_uint32_t>(frames), out = static_cast<spx_uint32_t>(narrow.size() / channels);
      speex_resampler_process_interleaved_int(resampler.get(), pcm, &in, narrow.data(), &out);
      TRY_DONE(sink(narrow.data(), out));
      pcm += static_cast<std::size_t>(in) * channels;
      frames -= in;
    }
    return Done{};
  };
  for (;;) {
    const int frames = op_read_stereo(file.get(), wide.data(), static_cast<int>(wide.size()));
    if (source.failed) return *source.failed;
    if (frames == OP_HOLE) continue;
    if (frames < 0) return trouble("opus", "the Opus data does not decode (opusfile says " + std::to_string(frames) + ")");
    if (frames == 0) break;
    TRY_DONE(drain(wide.data(), static_cast<std::size_t>(frames)));
  }
  std::vector<std::int16_t> tail(static_cast<std::size_t>(speex_resampler_get_input_latency(resampler.get())) * channels);
  return drain(tail.data(), tail.size() / channels);
}

}  // namespace pasokh::archive
