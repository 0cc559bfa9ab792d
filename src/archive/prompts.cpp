#include "archive/prompts.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "archive/files.h"
#include "archive/phrases.h"
#include "archive/wav.h"

extern char** environ;

namespace pasokh::archive {

namespace {

constexpr std::uint32_t rate = 8'000;
constexpr const char* program = "espeak-ng";

// Runs a program by name with these arguments, its output thrown away. The exit status, 127 when it is not there.
int run(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return 127;
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// Clips are put side by side, so what counts is that they begin and end without a pause of their own.
void trim_and_level(std::vector<std::int16_t>& samples) {
  int peak = 1;
  for (const auto sample : samples) peak = std::max(peak, std::abs(static_cast<int>(sample)));
  const auto audible = [&](std::int16_t sample) { return std::abs(static_cast<int>(sample)) > peak / 50; };
  constexpr std::ptrdiff_t room = rate / 25;  // 40 ms
  auto first = std::find_if(samples.begin(), samples.end(), audible);
  auto last = std::find_if(samples.rbegin(), samples.rend(), audible).base();
  first = samples.begin() + std::max<std::ptrdiff_t>(0, first - samples.begin() - room);
  last = samples.begin() + std::min(static_cast<std::ptrdiff_t>(samples.size()), last - samples.begin() + room);
  std::vector<std::int16_t> kept(first, std::max(first, last));
  for (auto& sample : kept) sample = static_cast<std::int16_t>(sample * 20'000 / peak);
  samples = std::move(kept);
}

Result<> prepare_music(const std::string& folder, Prepared& prepared) {
  const auto file = folder + "/default.wav";
  if (::access(file.c_str(), F_OK) == 0) { ++prepared.kept; return Done{}; }
  TRY_DONE(make_folder(folder, 0755));
  TRY_DONE(write_wav(file, {rate, 1, waiting_music()}));
  ++prepared.made;
  return Done{};
}

Result<> prepare_language(PhraseLanguage language, const std::string& folder, bool speaks, Prepared& prepared) {
  TRY_DONE(make_folder(folder, 0755));
  for (const auto& clip : clips(language)) {
    const auto file = folder + "/" + clip.name;
    if (::access((file + ".wav").c_str(), F_OK) == 0 || ::access((file + ".opus").c_str(), F_OK) == 0) { ++prepared.kept; continue; }
    if (!speaks) continue;
    TRY_DONE(speak(language == PhraseLanguage::fa ? "fa" : "en", clip.text, file + ".wav"));
    ++prepared.made;
  }
  return Done{};
}

}  // namespace

bool can_speak() { return run({program, "--version"}) == 0; }

Result<> speak(const std::string& voice, const std::string& text, const std::string& wav_file, int words_per_minute) {
  const auto raw = wav_file + ".spoken";
  const int status = run({program, "-v", voice, "-s", std::to_string(words_per_minute), "-w", raw, "--", text});
  if (status == 127) return trouble("espeak-missing", "espeak-ng is not installed (apt-get install espeak-ng)");
  if (status != 0) return trouble("espeak", "espeak-ng failed with status " + std::to_string(status) + " for " + wav_file);
  auto spoken = read_wav(raw);
  ::unlink(raw.c_str());
  if (!spoken) return spoken.error();
  auto samples = mono_at(*spoken, rate);
  trim_and_level(samples);
  return write_wav(wav_file, {rate, 1, std::move(samples)});
}

Result<Prepared> prepare_prompts(const std::string& prompts_dir) {
  Prepared prepared;
  TRY_DONE(prepare_music(prompts_dir + "/music", prepared));
  const bool speaks = can_speak();
  TRY_DONE(prepare_language(PhraseLanguage::fa, prompts_dir + "/fa", speaks, prepared));
  TRY_DONE(prepare_language(PhraseLanguage::en, prompts_dir + "/en", speaks, prepared));
  if (!speaks)
    prepared.warning = "espeak-ng is not installed, so no phrases were made: callers hear tones and music instead. Install it and run init again, or put "
                       "recorded WAV files into " + prompts_dir + "/fa and /en";
  return prepared;
}

}  // namespace pasokh::archive
