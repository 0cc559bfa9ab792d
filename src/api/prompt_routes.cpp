// Prompts: what callers hear, uploaded or spoken by espeak-ng. What comes in is decoded and written anew as the one form that is
// played (WAV, mono, 8 kHz): nothing of an upload but its samples reaches a caller or the disk.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "api/routes.h"
#include "api/services.h"
#include "api/sound_head.h"
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
constexpr std::size_t seconds_max = prompt_seconds_max, seconds_least_ms = 100;
constexpr std::size_t text_max = 2'000;

struct PromptUse {
  static constexpr auto schema_name = "PromptUse";
  std::string noun;                      // told as `kind`: queue, number or house
  std::optional<std::string> code;
  std::string as;                        // music, greeting, announcement, closed or phrase
  static constexpr std::string_view field_list = "kind, code, as";
  auto tie() { return std::tie(noun, code, as); }
  auto tie() const { return std::tie(noun, code, as); }
};
struct PromptView {
  static constexpr auto schema_name = "Prompt";
  std::string name, language, text;      // language: fa, en or music; text: what a phrase of the house says
  std::int64_t duration_ms = 0, bytes = 0;
  bool own = false;                      // not one of the house's phrases
  std::string source;                    // house, upload or speech
  std::optional<std::string> spoken;     // the text of speech
  std::vector<PromptUse> used_by;
  PASOKH_FIELDS(name, language, text, duration_ms, bytes, own, source, spoken, used_by)
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
  if (place.language == "music" && place.name == "none") return trouble("prompt-bad", "the music \"none\" means silence; choose another name");
  place.file = call.services.prompts() + "/" + place.language + "/" + place.name + ".wav";
  return place;
}

std::string text_of(const std::string& name, const std::string& language) {
  for (const auto& clip : archive::clips(language == "en" ? archive::PhraseLanguage::en : archive::PhraseLanguage::fa))
    if (clip.name == name) return clip.text;
  return {};
}

// Beside a spoken file stands its text; beside an uploaded one an empty file. A phrase of the house has neither.
std::string beside(const std::string& file) { return file.substr(0, file.rfind('.')) + ".source"; }

std::optional<std::string> source_of(const std::string& file) {
  std::ifstream in(beside(file), std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}
Result<> put_source(const std::string& file, const std::string& spoken) {
  std::ofstream out(beside(file), std::ios::binary | std::ios::trunc);
  out << spoken;
  return out.flush() ? Result<>(Done{}) : trouble("disk", "writing " + beside(file));
}

// Where prompts are named: queues by their music, greeting and announcement, numbers by what is heard outside their hours.
struct Uses {
  std::vector<std::pair<std::string, PromptUse>> music, spoken;  // by the prompt's name
  std::vector<PromptUse> of(const std::string& name, const std::string& language) const {
    std::vector<PromptUse> found;
    for (const auto& [used, by] : language == "music" ? music : spoken) if (used == name) found.push_back(by);
    if (language != "music" && !text_of(name, language).empty()) found.push_back({"house", std::nullopt, "phrase"});
    return found;
  }
};
std::string text_field(const JsonView& row, std::string_view field) {
  for (const auto& [key, value] : row.members()) if (key == field && value.kind() == JsonView::Kind::text) return std::string(value.text());
  return {};
}
Result<Uses> uses_of(Call& call) {
  Uses uses;
  for (const std::string noun : {"queue", "number"}) {
    TRY(json, call.services.ask_one({.noun = noun, .verb = "list", .target = {}, .settings = {}, .by = call.who().login}));
    TRY(rows, Json::parse(json));
    if (rows.root().kind() != JsonView::Kind::list) continue;
    for (const JsonView row : rows.root().items()) {
      for (const std::string as : {"music", "greeting", "announcement", "closed"}) {  // a row has what its noun has
        std::string name = text_field(row, as);
        if (!name.empty() && name.find(':') == name.npos) (as == "music" ? uses.music : uses.spoken).push_back({std::move(name), {noun, text_field(row, noun), as}});
      }
    }
  }
  return uses;
}

PromptView view(const fs::path& file, const std::string& language, const Uses& uses) {
  std::error_code error;
  PromptView out{file.stem().string(), language, {}, 0, static_cast<std::int64_t>(fs::file_size(file, error)), false, "house", {}, uses.of(file.stem().string(), language)};
  if (const auto source = source_of(file.string())) {
    out.source = source->empty() ? "upload" : "speech";
    if (!source->empty()) out.spoken = *source;
  }
  if (language != "music") out.text = text_of(out.name, language);
  out.own = out.text.empty() && !(language == "music" && out.name == "default");
  constexpr std::int64_t header = 44;                       // our own files: PCM16 mono 8 kHz
  if (file.extension() == ".wav") out.duration_ms = std::max<std::int64_t>(0, out.bytes - header) / (rate * 2 / 1'000);
  return out;
}

Result<std::vector<PromptView>> list(Call& call, const Nothing&) {
  TRY(uses, uses_of(call));
  std::vector<PromptView> all;
  for (const std::string language : {"en", "fa", "music"}) {
    std::error_code error;
    for (auto at = fs::directory_iterator(call.services.prompts() + "/" + language, error); !error && at != fs::directory_iterator(); at.increment(error))
      if (at->path().extension() == ".wav" || at->path().extension() == ".opus") all.push_back(view(at->path(), language, uses));
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
  if (const auto fault = sound_head_fault(std::string_view(bytes).substr(0, sound_head_bytes), bytes.size()); !fault.empty()) return trouble(std::string(fault), "");
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
  TRY(uses, uses_of(call));
  TRY_DONE(archive::write_wav(place.file, {rate, 1, std::move(samples)}));
  TRY_DONE(put_source(place.file, ""));
  call.services.hooks_changed_prompts();
  return view(place.file, place.language, uses);
}

Result<PromptView> say(Call& call, const Speech& body) {
  TRY(place, place_of(call, body.language.value_or("fa")));
  if (place.language == "music") return trouble("bad-body", "/language: expected fa or en");
  if (body.text.empty() || body.text.size() > text_max) return trouble("bad-body", "/text: expected 1 to 2000 bytes");
  TRY_DONE(archive::make_folder(fs::path(place.file).parent_path().string(), 0755));
  TRY(uses, uses_of(call));
  TRY_DONE(archive::speak(place.language, body.text, place.file));
  TRY_DONE(put_source(place.file, body.text));
  call.services.hooks_changed_prompts();
  return view(place.file, place.language, uses);
}

Result<Whole> sound(Call& call, const Nothing&) {
  TRY(place, place_of(call, call.asked("language")));
  std::ifstream in(place.file, std::ios::binary);
  if (!in) return trouble("prompt-unknown", "");
  Whole whole{{.type = "audio/wav"}};
  whole.response.body.assign(std::istreambuf_iterator<char>(in), {});
  return whole;
}

std::string told(const std::vector<PromptUse>& uses) {
  std::string text;
  for (const auto& use : uses) text += (text.empty() ? "" : ", ") + use.noun + " " + use.code.value_or("") + " (" + use.as + ")";
  return "It is used by " + text + "; name another one there first.";
}

// One's own is gone, when nobody names it any more. In the place of a phrase of the house its own comes back.
Result<Nothing> remove(Call& call, const Nothing&) {
  TRY(place, place_of(call, call.asked("language")));
  std::error_code error;
  if (!fs::exists(place.file, error)) return trouble("prompt-unknown", "");
  const std::string of_the_house = place.language == "music" ? std::string() : text_of(place.name, place.language);
  if (!of_the_house.empty()) {
    TRY_DONE(archive::speak(place.language, of_the_house, place.file));
  } else {
    TRY(uses, uses_of(call));
    if (const auto found = uses.of(place.name, place.language); !found.empty()) return trouble("prompt-in-use", told(found));
    if (::unlink(place.file.c_str()) != 0) return trouble("prompt-unknown", "");
  }
  fs::remove(beside(place.file), error);
  call.services.hooks_changed_prompts();
  return Nothing{};
}

}  // namespace

std::vector<Route> prompt_routes() {
  const Parameter language{"language", "fa, en, or music; default fa"};
  std::vector<Route> rows;
  rows.push_back(route<Nothing, std::vector<PromptView>>({.operation = "prompt_list", .method = "GET", .path = "/v1/prompts", .says = "What callers can hear, and where each is used", .permission = Permission::see_settings, .lane = Lane::reading, .asks_centre = true}, list));
  rows.push_back(route<Nothing, PromptView>({.operation = "prompt_put", .method = "PUT", .path = "/v1/prompts/{name}", .says = "Upload a prompt: the body is a WAV file or Opus in Ogg, at most 16 MiB and ten minutes; it is decoded and kept as mono, 8 kHz. What cannot be one is refused by its first bytes",
      .permission = Permission::change_settings, .faults = {"prompt-bad", "not-audio", "prompt-long"}, .query = {language}, .lane = Lane::reading, .asks_centre = true, .body_max = upload_max}, upload));
  rows.push_back(route<Speech, PromptView>({.operation = "prompt_say", .method = "POST", .path = "/v1/prompts/{name}/speech", .says = "Make a prompt from a text, spoken by espeak-ng",
      .permission = Permission::change_settings, .faults = {"prompt-bad", "espeak-missing", "espeak"}, .lane = Lane::reading, .asks_centre = true}, say));
  rows.push_back(route<Nothing, Whole>({.operation = "prompt_listen", .method = "GET", .path = "/v1/prompts/{name}/audio", .says = "The sound of a prompt", .permission = Permission::see_settings, .faults = {"prompt-bad", "prompt-unknown"},
      .query = {language}, .lane = Lane::reading, .answer_type = "audio/wav"}, sound));
  rows.push_back(route<Nothing, Nothing>({.operation = "prompt_remove", .method = "DELETE", .path = "/v1/prompts/{name}", .says = "Remove a prompt that nobody uses; in the place of a phrase of the house its own comes back", .permission = Permission::change_settings,
      .faults = {"prompt-bad", "prompt-unknown", "prompt-in-use", "espeak-missing", "espeak"}, .query = {language}, .lane = Lane::reading, .asks_centre = true}, remove));
  return rows;
}

}  // namespace pasokh::api
