// Makes the prompt files at `init`: phrases by espeak-ng (a separate process: it is GPL), music by our own little synthesiser.
// Off the call path, once; what exists already stays, so recorded prompts win.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pasokh::archive {

struct Prepared {
  std::int64_t made = 0, kept = 0;
  std::string warning;               // e.g. espeak-ng is missing: phrases are left out, callers hear tones and music
};
Result<Prepared> prepare_prompts(const std::string& prompts_dir);

// One text into a WAV file (mono, 8 kHz, silence trimmed, level evened). `voice` as espeak-ng names it: "fa", "en+f3"…
Result<> speak(const std::string& voice, const std::string& text, const std::string& wav_file, int words_per_minute = 140);
bool can_speak();                    // is espeak-ng there?

// A calm loop, 64 s, mono, 8 kHz; ends where it begins. The same samples at every call.
std::vector<std::int16_t> waiting_music();

}  // namespace pasokh::archive
