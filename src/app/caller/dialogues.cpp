#include "app/caller/dialogues.h"

#include <unistd.h>

#include <cmath>

#include "archive/files.h"
#include "archive/prompts.h"
#include "archive/wav.h"

namespace pasokh::app::caller {

namespace {

struct Line { bool customer; const char* text; };
struct Script { const char* customer_voice; const char* specialist_voice; std::vector<Line> lines; };

const std::vector<Script>& scripts() {
  static const std::vector<Script> all{
      {"fa+m3", "fa+f2",
       {{false, "سلام، وقت شما به خیر. چطور می‌توانم کمکتان کنم؟"}, {true, "سلام. سفارش من هنوز نرسیده است. ممکن است ببینید کجاست؟"},
        {false, "بله، لطفاً شماره‌ی سفارش را بفرمایید."}, {true, "شماره‌ی سفارش سی و چهار هشتاد و دو است."},
        {false, "سفارش شما امروز صبح فرستاده شده و فردا به دستتان می‌رسد."}, {true, "خیلی ممنون. روز خوبی داشته باشید."}}},
      {"fa+f4", "fa+m1",
       {{false, "سلام، بخش پشتیبانی، بفرمایید."}, {true, "سلام. اینترنت خانه از دیشب قطع است."}, {false, "متأسفم. چراغ دستگاه چه رنگی است؟"},
        {true, "چراغ قرمز است و چشمک می‌زند."}, {false, "لطفاً دستگاه را خاموش کنید و پس از یک دقیقه دوباره روشن کنید."}, {true, "باشد، الان انجام می‌دهم. درست شد، سپاسگزارم."}}},
      {"fa+m5", "fa+f3",
       {{false, "سلام، بخش فروش، در خدمتم."}, {true, "سلام. قیمت بسته‌ی سالانه را می‌خواستم."}, {false, "بسته‌ی سالانه اکنون بیست درصد تخفیف دارد."},
        {true, "می‌شود صورت حساب را برای شرکت بفرستید؟"}, {false, "حتماً. نشانی شرکت را برایم پیامک کنید."}, {true, "باشد، ممنون از راهنمایی شما."}}},
      {"en+f3", "en+m3",
       {{false, "Good morning, how can I help you?"}, {true, "Hello. I was charged twice for the same invoice."}, {false, "I am sorry about that. Let me look at your account."},
        {true, "It was on Monday, in the afternoon."}, {false, "I can see it. The second payment will be returned within three days."}, {true, "Thank you very much. Goodbye."}}}};
  return all;
}

// A voice without words: a soft hum that rises and falls like a sentence.
std::vector<std::int16_t> hum(double hertz, double seconds) {
  std::vector<std::int16_t> samples;
  double phase = 0;
  for (int i = 0; i < static_cast<int>(seconds * 8'000); ++i) {
    const double t = i / 8'000.0;
    phase += 2 * M_PI * hertz * (1 + 0.08 * std::sin(5 * t)) / 8'000;
    const double level = 5'000 * std::abs(std::sin(9 * t)) * std::min(1.0, std::min(t, seconds - t) * 20);
    samples.push_back(static_cast<std::int16_t>(level * (std::sin(phase) + 0.3 * std::sin(2 * phase))));
  }
  return samples;
}

Result<std::vector<std::int16_t>> line_samples(const Script& script, const Line& line, const std::string& file, bool speaks) {
  if (::access(file.c_str(), F_OK) != 0) {
    if (!speaks) return hum(line.customer ? 180 : 130, 2.0);
    TRY_DONE(archive::speak(line.customer ? script.customer_voice : script.specialist_voice, line.text, file, 150));
  }
  TRY(wav, archive::read_wav(file));
  return archive::mono_at(wav, 8'000);
}

}  // namespace

Result<std::vector<Dialogue>> prepare_dialogues(const std::string& folder, std::string& warning) {
  TRY_DONE(archive::make_folder(folder, 0700));
  const bool speaks = archive::can_speak();
  if (!speaks) warning = "espeak-ng is not installed: the voices of the demo hum instead of speaking";
  std::vector<Dialogue> dialogues;
  for (std::size_t s = 0; s < scripts().size(); ++s) {
    const auto& script = scripts()[s];
    auto customer = std::make_shared<std::vector<std::int16_t>>(), specialist = std::make_shared<std::vector<std::int16_t>>();
    for (std::size_t l = 0; l < script.lines.size(); ++l) {
      const auto file = folder + "/dialogue-" + std::to_string(s + 1) + "-" + std::to_string(l + 1) + ".wav";
      TRY(spoken, line_samples(script, script.lines[l], file, speaks));
      auto& speaker = script.lines[l].customer ? *customer : *specialist;
      speaker.insert(speaker.end(), spoken.begin(), spoken.end());
      const auto length = speaker.size() + 8'000 / 2;   // half a second of thinking
      customer->resize(length);
      specialist->resize(length);
    }
    dialogues.push_back({customer, specialist});
  }
  return dialogues;
}

}  // namespace pasokh::app::caller
