// Prompts: what callers hear, uploaded or spoken by espeak-ng. What comes in is decoded and written anew as the one form that is
// played (WAV, mono, 8 kHz): nothing of an upload but its samples reaches a caller or the disk.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "api/routes.h"
#include "api/services.h"
#include "archive/files.h"
#include "archive/opus_file.h"
#include "archive/phrases.h"
#include "archive/prompts.h"
#include "archive/wav.h"

namespace pasokh::api {
namespace {

using access::Permission;
namespace fs = std::filesystem;

constexpr std::uint32_t rate = 8'000;
constexpr std::size_t upload_max = 16 << 20;
constexpr std::size_t seconds_max = 600, seconds_least_ms = 100;
constexpr std::size_t text_max = 2'000;

struct PromptView {
  static constexpr auto schema_name = "Prompt";
  std::string name, language, text;      // language: fa, en or music; text: what a phrase of the house says
  std::int64_t duration_ms = 0, bytes = 0;
  bool own = false;                      // not one of the house's phrases
  PASOKH_FIELDS(name, language, text, duration_ms, bytes, own)
};
struct Speech {
  static constexpr auto schema_name = "Speech";
  std::string text;
  std::optional<std::string> language;   // fa, en; default fa
  PASOKH_FIELDS(text, language)
};

bool is_prompt_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
}

struct Place { std::string name, language, file; };
Result<Place> place_of(Call& call, const std::string& language) {
  Place place{call.at("name"), language.empty() ? "fa" : language, {}};
  if (!is_prompt_name(place.name)) return trouble("prompt-bad", "a prompt's name is 1 to 64 of a-z 0-9 _ -");
  if (place.language != "fa" && place.language != "en" && place.language != "music") return trouble("bad-query", "language: expected fa, en or music");
  place.file = call.services.prompts() + "/" + place.language + "/" + place.name + ".wav";
  return place;
}

std::string text_of(const std::string& name, const std::string& language) {
  for (const auto& clip : archive::clips(language == "en" ? archive::PhraseLanguage::en : archive::PhraseLanguage::fa))
    if (clip.name == name) return clip.text;
  return {};
}

PromptView view(const fs::path& file, const std::string& language) {
  std::error_code error;
  PromptView out{file.stem().string(), language, {}, 0, static_cast<std::int64_t>(fs::file_size(file, error)), false};
  if (language != "music") out.text = text_of(out.name, language);
  out.own = out.text.empty() && !(language == "music" && out.name == "default");
  constexpr std::int64_t header = 44;                       // our own files: PCM16 mono 8 kHz
  if (file.extension() == ".wav") out.duration_ms = std::max<std::int64_t>(0, out.bytes - header) / (rate * 2 / 1'000);
  return out;
}

Result<std::vector<PromptView>> list(Call& call, const Nothing&) {
  std::vector<PromptView> all;
  for (const std::string language : {"en", "fa", "music"}) {
    std::error_code error;
    for (auto at = fs::directory_iterator(call.services.prompts() + "/" + language, error); !error && at != fs::directory_iterator(); at.increment(error))
      if (at->path().extension() == ".wav" || at->path().extension() == ".opus") all.push_back(view(at->path(), language));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return std::tie(a.language, a.name) < std::tie(b.language, b.name); });
  return all;
}

Result<std::vector<std::int16_t>> wav_samples(const std::string& bytes, const std::string& beside) {
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) return trouble("disk", "writing " + beside);
  }
  auto wav = archive::read_wav(beside);
  ::unlink(beside.c_str());
  if (!wav) return trouble("not-audio", wav.error().text);
  return archive::mono_at(*wav, rate);
}

Result<std::vector<std::int16_t>> opus_samples(const std::string& bytes) {
  std::vector<std::int16_t> samples;
  const auto read = [&](std::int64_t at, std::size_t n) -> Result<std::string> { return at >= static_cast<std::int64_t>(bytes.size()) ? std::string() : bytes.substr(static_cast<std::size_t>(at), n); };
  const auto decoded = archive::decode_opus(static_cast<std::int64_t>(bytes.size()), read, [&](const std::int16_t* stereo, std::size_t frames) -> Result<> {
    if (samples.size() > seconds_max * rate) return trouble("prompt-long", "");
    for (std::size_t i = 0; i < frames; ++i) samples.push_back(static_cast<std::int16_t>((stereo[2 * i] + stereo[2 * i + 1]) / 2));
    return Done{};
  });
  if (!decoded) return decoded.error().code == "prompt-long" ? decoded.error() : trouble("not-audio", decoded.error().text);
  return samples;
}

Result<std::vector<std::int16_t>> samples_of(const std::string& bytes, const std::string& beside) {
  if (bytes.starts_with("RIFF")) return wav_samples(bytes, beside);
  if (bytes.starts_with("OggS")) return opus_samples(bytes);
  return trouble("not-audio", "neither a WAV file nor Opus in Ogg");
}

Result<PromptView> upload(Call& call, const Nothing&) {
  TRY(place, place_of(call, call.asked("language")));
  TRY_DONE(archive::make_folder(fs::path(place.file).parent_path().string(), 0755));
  TRY(samples, samples_of(call.request.body, place.file + ".upload"));
  if (samples.size() > seconds_max * rate) return trouble("prompt-long", "");
  if (samples.size() < seconds_least_ms * rate / 1'000) return trouble("not-audio", "there is hardly a sound in it");
  TRY_DONE(archive::write_wav(place.file, {rate, 1, std::move(samples)}));
  call.services.hooks_changed_prompts();
  return view(place.file, place.language);
}

Result<PromptView> say(Call& call, const Speech& body) {
  TRY(place, place_of(call, body.language.value_or("fa")));
  if (place.language == "music") return trouble("bad-body", "/language: expected fa or en");
  if (body.text.empty() || body.text.size() > text_max) return trouble("bad-body", "/text: expected 1 to 2000 bytes");
  TRY_DONE(archive::make_folder(fs::path(place.file).parent_path().string(), 0755));
  TRY_DONE(archive::speak(place.language, body.text, place.file));
  call.services.hooks_changed_prompts();
  return view(place.file, place.language);
}

Result<Whole> sound(Call& call, const Nothing&) {
  TRY(place, place_of(call, call.asked("language")));
  std::ifstream in(place.file, std::ios::binary);
  if (!in) return trouble("prompt-unknown", "");
  Whole whole{{.type = "audio/wav"}};
  whole.response.body.assign(std::istreambuf_iterator<char>(in), {});
  return whole;
}

// A phrase of the house comes back, spoken, with the next start; one's own is gone.
Result<Nothing> remove(Call& call, const Nothing&) {
  TRY(place, place_of(call, call.asked("language")));
  if (::unlink(place.file.c_str()) != 0) return trouble("prompt-unknown", "");
  call.services.hooks_changed_prompts();
  return Nothing{};
}

}  // namespace

std::vector<Route> prompt_routes() {
  const Parameter language{"language", "fa, en, or music; default fa"};
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<PromptView>>({.operation = "prompt_list", .method = "GET", .path = "/v1/prompts", .says = "What callers can hear", .permission = Permission::see_settings, .lane = Lane::reading}, list));
  rows.push_back(route<Nothing, PromptView>({.operation = "prompt_put", .method = "PUT", .path = "/v1/prompts/{name}", .says = "Upload a prompt: the body is a WAV file or Opus in Ogg, at most 16 MiB and ten minutes; it is decoded and kept as mono, 8 kHz",
      .permission = Permission::change_settings, .faults = {"prompt-bad", "not-audio", "prompt-long"}, .query = {language}, .lane = Lane::reading, .body_max = upload_max}, upload));
  rows.push_back(route<Speech, PromptView>({.operation = "prompt_say", .method = "POST", .path = "/v1/prompts/{name}/speech", .says = "Make a prompt from a text, spoken by espeak-ng",
      .permission = Permission::change_settings, .faults = {"prompt-bad", "espeak-missing", "espeak"}, .lane = Lane::reading}, say));
  rows.push_back(route<Nothing, Whole>({.operation = "prompt_listen", .method = "GET", .path = "/v1/prompts/{name}/audio", .says = "The sound of a prompt", .permission = Permission::see_settings, .faults = {"prompt-bad", "prompt-unknown"},
      .query = {language}, .lane = Lane::reading, .answer_type = "audio/wav"}, sound));
  rows.push_back(route<Nothing, Nothing>({.operation = "prompt_remove", .method = "DELETE", .path = "/v1/prompts/{name}", .says = "Remove a prompt; a phrase of the house can be made again by `pasokh init`", .permission = Permission::change_settings,
      .faults = {"prompt-bad", "prompt-unknown"}, .query = {language}}, remove));
  return rows;
}

}  // namespace pasokh::api
