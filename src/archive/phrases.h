// What a caller hears, by name: phrases, places in the queue, numbers and music, in Persian and English, as files to be played.
// The files stand in PROMPTS/{fa,en}/NAME.wav (or .opus) and PROMPTS/music; whoever puts a recorded one there is heard instead
// of the synthesised one. Numbers are put together from a bounded set of clips (at most 120 files per language).
#pragma once

#include <cstdint>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "media/wire.h"

namespace pasokh::archive {

enum class PhraseLanguage : std::uint8_t { fa, en };

struct Clip { std::string name, text; };              // the file's name without ending, and what it says
const std::vector<Clip>& clips(PhraseLanguage);       // all that prepare_prompts() makes
inline constexpr std::int64_t largest_number = 399;   // spoken; farther places say "many callers are before you"

// Names of the clips that say it, in order; the same in both languages. A place of 1…10 is one whole clip.
std::vector<std::string> place_clips(std::int64_t place);
std::vector<std::string> number_clips(std::int64_t number);   // 0…largest_number; beyond: digit by digit

class Phrases {
 public:
  explicit Phrases(std::string prompts_dir);
  void rescan();                                      // after files were added; any thread, beside items()

  // kind "prompt" (name), "place" (n), "number" (n), "music" (name; "none", "default", or a file), "tone" (name), "silence" (n ms).
  // What has no file is left out; the notice is then a beep, music the ringing tone. Language "fa" or "en"; where one has no
  // file, the other is played rather than nothing.
  std::vector<media::PlayItem> items(std::string_view kind, std::string_view name, std::int64_t n, std::string_view language) const;

 private:
  std::string file(const std::string& folder, const std::string& name) const;   // "" when there is none
  std::vector<media::PlayItem> spoken(PhraseLanguage, std::string_view kind, std::string_view name, std::int64_t n) const;
  std::string dir_;
  mutable std::shared_mutex guard_;
  std::set<std::string> files_;                       // relative to dir_
};

}  // namespace pasokh::archive
