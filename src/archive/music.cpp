// Music for waiting, written here and played by a little synthesiser, so that it is nobody's property: a slow turn of chords
// with a plucked melody over it, two verses of eight bars.
#include <array>
#include <cmath>
#include <algorithm>
#include <cstddef>

#include "archive/prompts.h"

namespace pasokh::archive {

namespace {

constexpr double rate = 8'000, bar_s = 4.0;
constexpr std::size_t bars = 16;
constexpr auto length = static_cast<std::size_t>(rate * bar_s * static_cast<double>(bars));

double hertz(int note) { return 440 * std::pow(2.0, (note - 69) / 12.0); }  // MIDI note numbers

// Adds one note. Notes run over the end into the beginning, so that the loop has no seam.
void sound(std::vector<double>& mix, double from_s, double for_s, int note, double level, double attack_s, double decay_s, bool plucked) {
  const auto first = static_cast<std::size_t>(from_s * rate);
  const auto n = static_cast<std::size_t>(for_s * rate);
  const double f = hertz(note);
  for (std::size_t i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / rate, left = for_s - t;
    const double envelope = std::min({t / attack_s, left / 0.2, 1.0}) * std::exp(-t / decay_s);
    const double phase = 2 * M_PI * f * t;
    const double tone = plucked ? std::sin(phase) + 0.35 * std::exp(-t * 4) * std::sin(2 * phase) + 0.15 * std::exp(-t * 9) * std::sin(3 * phase)
                                : std::sin(phase) + 0.4 * std::sin(phase * 1.003) + 0.12 * std::sin(2 * phase);
    mix[(first + i) % length] += level * envelope * tone;
  }
}

struct Chord { std::array<int, 4> notes; };
constexpr std::array<Chord, 8> turn{{{{48, 55, 64, 71}}, {{45, 52, 60, 67}}, {{53, 57, 60, 64}}, {{55, 59, 62, 64}},
                                     {{52, 55, 59, 62}}, {{45, 52, 60, 64}}, {{50, 57, 60, 65}}, {{55, 59, 65, 69}}}};
// The melody, eight places to a bar; 0 is a rest.
constexpr std::array<std::array<int, 8>, 8> verse{{{76, 0, 79, 0, 83, 0, 79, 76}, {72, 0, 76, 0, 79, 0, 0, 0}, {77, 0, 76, 72, 0, 69, 72, 0}, {74, 0, 71, 0, 74, 76, 0, 0},
                                                   {79, 0, 83, 0, 86, 0, 83, 79}, {76, 0, 72, 0, 76, 0, 0, 0}, {74, 77, 0, 81, 0, 77, 74, 0}, {79, 0, 77, 0, 74, 0, 71, 0}}};
constexpr std::array<std::array<int, 8>, 8> answer{{{67, 0, 0, 72, 0, 0, 76, 0}, {0, 0, 79, 0, 76, 0, 72, 0}, {81, 0, 0, 79, 0, 77, 0, 72}, {0, 0, 74, 0, 79, 0, 0, 0},
                                                    {71, 0, 0, 74, 0, 0, 79, 0}, {0, 0, 76, 0, 72, 0, 69, 0}, {77, 0, 0, 76, 0, 74, 0, 72}, {74, 0, 0, 71, 0, 0, 0, 0}}};

}  // namespace

std::vector<std::int16_t> waiting_music() {
  std::vector<double> mix(length, 0.0);
  for (std::size_t bar = 0; bar < bars; ++bar) {
    const double at = static_cast<double>(bar) * bar_s;
    const auto& chord = turn[bar % turn.size()];
    for (const int note : chord.notes) sound(mix, at, bar_s + 0.4, note, 0.10, 0.6, 6.0, false);
    const auto& melody = (bar < turn.size() ? verse : answer)[bar % turn.size()];
    for (std::size_t place = 0; place < melody.size(); ++place) {
      const double beat = at + static_cast<double>(place) * bar_s / 8;
      if (melody[place] != 0) sound(mix, beat, 2.0, melody[place], 0.22, 0.008, 0.7, true);
      sound(mix, beat, 1.0, chord.notes[place % 4] + 12, 0.05, 0.01, 0.35, true);  // a quiet harp below
    }
  }
  double peak = 1e-9;
  for (const double sample : mix) peak = std::max(peak, std::abs(sample));
  std::vector<std::int16_t> samples(length);
  for (std::size_t i = 0; i < length; ++i) samples[i] = static_cast<std::int16_t>(std::lround(mix[i] / peak * 12'000));
  return samples;
}

}  // namespace pasokh::archive
