#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "archive/phrases.h"
#include "archive/prompts.h"
#include "archive/wav.h"
#include "temporary_folder.h"

using namespace pasokh;
using namespace pasokh::archive;
using namespace pasokh::archive::test;

namespace {

std::string said(PhraseLanguage language, const std::vector<std::string>& names) {
  std::map<std::string, std::string> texts;
  for (const auto& clip : clips(language)) texts[clip.name] = clip.text;
  std::string sentence;
  for (const auto& name : names) {
    REQUIRE_MESSAGE(texts.count(name) == 1, name);
    if (!sentence.empty()) sentence += ' ';
    sentence += texts[name];
  }
  return sentence;
}

void write_clip(const std::string& file) {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  REQUIRE(write_wav(file, {8'000, 1, std::vector<std::int16_t>(80, 1)}));
}

}  // namespace

TEST_CASE("places are said as people say them, in both languages") {
  using L = PhraseLanguage;
  const auto fa = [](std::int64_t n) { return said(L::fa, place_clips(n)); };
  const auto en = [](std::int64_t n) { return said(L::en, place_clips(n)); };
  CHECK(fa(2) == "شما نفر دوم در صف هستید");
  CHECK(en(2) == "You are second in the queue");
  CHECK(fa(11) == "شما نفر یازدهم در صف هستید");
  CHECK(fa(20) == "شما نفر بیستم در صف هستید");
  CHECK(fa(21) == "شما نفر بیست و یکم در صف هستید");
  CHECK(en(21) == "You are twenty first in the queue");
  CHECK(fa(33) == "شما نفر سی و سوم در صف هستید");
  CHECK(fa(100) == "شما نفر صدم در صف هستید");
  CHECK(fa(101) == "شما نفر صد و یکم در صف هستید");
  CHECK(fa(110) == "شما نفر صد و دهم در صف هستید");
  CHECK(fa(120) == "شما نفر صد و بیستم در صف هستید");
  CHECK(fa(345) == "شما نفر سیصد و چهل و پنجم در صف هستید");
  CHECK(en(345) == "You are three hundred and forty fifth in the queue");
  CHECK(en(5'000) == "Many callers are before you in the queue");
}

TEST_CASE("every place and number has all its clips, and they are at most 120 per language") {
  for (const auto language : {PhraseLanguage::fa, PhraseLanguage::en}) {
    CHECK(clips(language).size() <= 120);
    for (std::int64_t n = 0; n <= largest_number + 1; ++n) {
      CHECK(!said(language, place_clips(n)).empty());
      CHECK(!said(language, number_clips(n)).empty());
    }
  }
  CHECK(said(PhraseLanguage::fa, number_clips(125)) == "صد و بیست و پنج");
  CHECK(said(PhraseLanguage::en, number_clips(300)) == "three hundred");
  CHECK(said(PhraseLanguage::en, number_clips(2'026)) == "two zero two six");
}

TEST_CASE("both languages have the same clips by name") {
  const auto& fa = clips(PhraseLanguage::fa);
  const auto& en = clips(PhraseLanguage::en);
  REQUIRE(fa.size() == en.size());
  for (std::size_t i = 0; i < fa.size(); ++i) CHECK(fa[i].name == en[i].name);
}

TEST_CASE("items become files; what is missing becomes the other language, a tone, or nothing") {
  TemporaryFolder folder;
  write_clip(folder.path + "/fa/notice.wav");
  write_clip(folder.path + "/fa/place_2.wav");
  write_clip(folder.path + "/fa/place_before.wav");
  write_clip(folder.path + "/music/default.wav");
  write_clip(folder.path + "/music/spring.wav");
  const Phrases phrases(folder.path);
  const auto items = [&](std::string_view kind, std::string_view name, std::int64_t n, std::string_view language = "fa") { return phrases.items(kind, name, n, language); };
  CHECK(items("prompt", "notice", 0) == std::vector<media::PlayItem>{{.file = folder.path + "/fa/notice.wav"}});
  CHECK(items("prompt", "notice", 0, "en") == items("prompt", "notice", 0));
  CHECK(items("place", "", 2).size() == 1);
  CHECK(items("place", "", 22).empty());            // "شما نفر" alone would be silly
  CHECK(items("prompt", "closed", 0).empty());
  CHECK(items("tone", "busy", 0) == std::vector<media::PlayItem>{{.tone = "busy"}});
  CHECK(items("silence", "", 300) == std::vector<media::PlayItem>{{.silence_ms = 300}});
  CHECK(items("music", "spring", 0)[0].file == folder.path + "/music/spring.wav");
  CHECK(items("music", "default", 0)[0].file == folder.path + "/music/default.wav");
  CHECK(items("music", "../../etc/passwd", 0) == items("music", "default", 0));
  CHECK(items("music", "none", 0)[0].silence_ms > 0);

  TemporaryFolder bare;
  const Phrases none(bare.path);
  CHECK(none.items("prompt", "notice", 0, "fa") == std::vector<media::PlayItem>{{.tone = "beep"}});
  CHECK(none.items("music", "default", 0, "fa") == std::vector<media::PlayItem>{{.tone = "ringback"}});
}

TEST_CASE("waiting music is a minute long, neither silent nor clipped, and its end meets its beginning") {
  const auto music = waiting_music();
  REQUIRE(music.size() >= 30 * 8'000);
  double power = 0;
  int peak = 0, largest_step = 0;
  for (std::size_t i = 0; i < music.size(); ++i) {
    power += std::pow(music[i], 2);
    peak = std::max(peak, std::abs(static_cast<int>(music[i])));
    largest_step = std::max(largest_step, std::abs(music[(i + 1) % music.size()] - music[i]));
  }
  CHECK(peak <= 12'000);
  CHECK(std::sqrt(power / static_cast<double>(music.size())) > 500);
  CHECK(std::abs(music.front() - music.back()) <= largest_step);
  CHECK(largest_step < 9'000);
}

TEST_CASE("prompts are made once, and recorded ones stay as they are") {
  TemporaryFolder folder;
  write_clip(folder.path + "/fa/welcome.wav");
  const auto size_before = std::filesystem::file_size(folder.path + "/fa/welcome.wav");
  const auto first = prepare_prompts(folder.path);
  REQUIRE(first);
  CHECK(std::filesystem::file_size(folder.path + "/fa/welcome.wav") == size_before);
  CHECK(std::filesystem::exists(folder.path + "/music/default.wav"));
  if (!can_speak()) {
    CHECK(first->warning.find("espeak-ng") != std::string::npos);
    return;
  }
  CHECK(first->warning.empty());
  CHECK(first->kept == 1);
  CHECK(first->made == static_cast<std::int64_t>(clips(PhraseLanguage::fa).size() + clips(PhraseLanguage::en).size()));
  const auto place = read_wav(folder.path + "/fa/place_2.wav");
  REQUIRE(place);
  CHECK(place->rate == 8'000);
  CHECK(place->channels == 1);
  CHECK(place->samples.size() > 8'000);             // more than a second of speech
  const Phrases phrases(folder.path);
  for (const std::int64_t n : {1, 11, 57, 100, 399}) for (const auto* language : {"fa", "en"}) CHECK(!phrases.items("place", "", n, language).empty());

  const auto second = prepare_prompts(folder.path);
  REQUIRE(second);
  CHECK(second->made == 0);
}

TEST_CASE("without espeak-ng there is music, a clear message, and no failure") {
  TemporaryFolder folder;
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", folder.path.c_str(), 1);
  const auto prepared = prepare_prompts(folder.path + "/prompts");
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE(prepared);
  CHECK(prepared->made == 1);
  CHECK(prepared->warning.find("espeak-ng is not installed") != std::string::npos);
}

TEST_CASE("broken WAV files are refused with a reason") {
  TemporaryFolder folder;
  const auto file = folder.path + "/broken.wav";
  for (const auto& bytes : {std::string(), std::string("RIFF"), std::string(200, 'x'), wav_header(8'000, 1, 10).substr(0, 30), wav_header(8'000, 0, 4) + "abcd", wav_header(1, 1, 4) + "abcd"}) {
    auto* out = std::fopen(file.c_str(), "wb");
    std::fwrite(bytes.data(), 1, bytes.size(), out);
    std::fclose(out);
    CHECK_FALSE(read_wav(file));
  }
}
