#include "archive/phrases.h"

#include <array>
#include <filesystem>

namespace pasokh::archive {

namespace {

constexpr std::int64_t whole_places = 10;

struct Words {
  std::array<std::string_view, 20> cardinal;          // 0…19
  std::array<std::string_view, 20> ordinal;           // [1]…[19]
  std::string_view ordinal_one_after_ten;             // fa: یکم, not اول, in بیست و یکم
  std::array<std::string_view, 10> tens, tens_and, tens_ordinal;   // [2]…[9]
  std::array<std::string_view, 4> hundreds, hundreds_and, hundreds_ordinal;  // [1]…[3]
  std::string_view place_before, place_after, place_far;
  std::vector<Clip> phrases;
};

const Words& persian() {
  static const Words words{
      .cardinal = {"صفر", "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده", "یازده", "دوازده", "سیزده", "چهارده", "پانزده", "شانزده", "هفده", "هجده", "نوزده"},
      .ordinal = {"", "اول", "دوم", "سوم", "چهارم", "پنجم", "ششم", "هفتم", "هشتم", "نهم", "دهم", "یازدهم", "دوازدهم", "سیزدهم", "چهاردهم", "پانزدهم", "شانزدهم", "هفدهم", "هجدهم", "نوزدهم"},
      .ordinal_one_after_ten = "یکم",
      .tens = {"", "", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"},
      .tens_and = {"", "", "بیست و", "سی و", "چهل و", "پنجاه و", "شصت و", "هفتاد و", "هشتاد و", "نود و"},
      .tens_ordinal = {"", "", "بیستم", "سی‌اُم", "چهلم", "پنجاهم", "شصتم", "هفتادم", "هشتادم", "نودم"},
      .hundreds = {"", "صد", "دویست", "سیصد"},
      .hundreds_and = {"", "صد و", "دویست و", "سیصد و"},
      .hundreds_ordinal = {"", "صدم", "دویستم", "سیصدم"},
      .place_before = "شما نفر",
      .place_after = "در صف هستید",
      .place_far = "تماس‌گیرندگان زیادی پیش از شما در صف هستند",
      .phrases = {
          {"welcome", "سلام، خوش آمدید."},
          {"notice", "این تماس ضبط می‌شود."},
          {"please_wait", "همکاران ما مشغول پاسخ‌گویی هستند. لطفاً منتظر بمانید."},
          {"closed", "اکنون بیرون از ساعت کاری هستیم. لطفاً در ساعت کاری تماس بگیرید."},
          {"emergency", "با پوزش، به دلیل رویدادی اضطراری اکنون نمی‌توانیم پاسخ دهیم. لطفاً دیرتر تماس بگیرید."},
          {"queue_full", "صف تماس پر است. لطفاً کمی دیرتر تماس بگیرید."},
          {"waited_out", "با پوزش، اکنون کسی نمی‌تواند پاسخ دهد. لطفاً دیرتر تماس بگیرید."},
          {"refused", "با پوزش، این تماس اکنون ممکن نیست."},
          {"unknown_number", "شماره‌ای که گرفته‌اید وجود ندارد."},
          {"overflow", "تماس شما به همکار دیگری وصل می‌شود."},
          {"goodbye", "از تماس شما سپاسگزاریم. خدانگهدار."},
          {"enter_agent_number", "شماره‌ی کارشناسی خود را وارد کنید و سپس مربع را بزنید."},
          {"agent_unknown", "این شماره‌ی کارشناسی شناخته نشد."},
          {"signed_in", "وارد شدید."},
          {"signed_out", "خارج شدید."},
          {"ready", "آماده‌ی دریافت تماس هستید."},
          {"paused", "تماس برای شما متوقف شد."},
          {"transfer_failed", "انتقال تماس انجام نشد."},
          {"try_again", "لطفاً دوباره بکوشید."}}};
  return words;
}

const Words& english() {
  static const Words words{
      .cardinal = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"},
      .ordinal = {"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"},
      .ordinal_one_after_ten = "first",
      .tens = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"},
      .tens_and = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"},
      .tens_ordinal = {"", "", "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth"},
      .hundreds = {"", "one hundred", "two hundred", "three hundred"},
      .hundreds_and = {"", "one hundred and", "two hundred and", "three hundred and"},
      .hundreds_ordinal = {"", "one hundredth", "two hundredth", "three hundredth"},
      .place_before = "You are",
      .place_after = "in the queue",
      .place_far = "Many callers are before you in the queue",
      .phrases = {
          {"welcome", "Welcome."},
          {"notice", "This call is recorded."},
          {"please_wait", "All our colleagues are talking. Please hold the line."},
          {"closed", "We are closed now. Please call during working hours."},
          {"emergency", "We are sorry. Because of an emergency we cannot answer now. Please call again later."},
          {"queue_full", "Too many callers are waiting. Please call again a little later."},
          {"waited_out", "We are sorry, nobody can take your call now. Please call again later."},
          {"refused", "We are sorry, this call is not possible now."},
          {"unknown_number", "The number you have dialled does not exist."},
          {"overflow", "Your call is being passed to another colleague."},
          {"goodbye", "Thank you for calling. Goodbye."},
          {"enter_agent_number", "Please enter your agent number, then press hash."},
          {"agent_unknown", "This agent number is not known."},
          {"signed_in", "You are signed in."},
          {"signed_out", "You are signed out."},
          {"ready", "You are ready for calls."},
          {"paused", "You are paused."},
          {"transfer_failed", "The transfer did not succeed."},
          {"try_again", "Please try again."}}};
  return words;
}

std::string clip_name(std::string_view family, std::int64_t n) { return std::string(family) + "_" + std::to_string(n); }

std::string sentence_of_place(const Words& words, std::int64_t place) {
  return std::string(words.place_before) + " " + std::string(words.ordinal[static_cast<std::size_t>(place)]) + " " + std::string(words.place_after);
}

std::vector<Clip> make_clips(const Words& words) {
  std::vector<Clip> all = words.phrases;
  const auto add = [&](const std::string& name, std::string_view text) { all.push_back({name, std::string(text)}); };
  add("place_before", words.place_before);
  add("place_after", words.place_after);
  add("place_far", words.place_far);
  for (std::int64_t n = 1; n <= whole_places; ++n) add(clip_name("place", n), sentence_of_place(words, n));
  for (std::size_t n = 0; n < 20; ++n) add(clip_name("number", static_cast<std::int64_t>(n)), words.cardinal[n]);
  for (std::size_t n = 1; n < 20; ++n) add(clip_name("ordinal", static_cast<std::int64_t>(n)), words.ordinal[n]);
  add("ordinal_one_after_ten", words.ordinal_one_after_ten);
  for (std::size_t n = 2; n < 10; ++n) {
    add(clip_name("number", static_cast<std::int64_t>(n) * 10), words.tens[n]);
    add(clip_name("and", static_cast<std::int64_t>(n) * 10), words.tens_and[n]);
    add(clip_name("ordinal", static_cast<std::int64_t>(n) * 10), words.tens_ordinal[n]);
  }
  for (std::size_t n = 1; n < 4; ++n) {
    add(clip_name("number", static_cast<std::int64_t>(n) * 100), words.hundreds[n]);
    add(clip_name("and", static_cast<std::int64_t>(n) * 100), words.hundreds_and[n]);
    add(clip_name("ordinal", static_cast<std::int64_t>(n) * 100), words.hundreds_ordinal[n]);
  }
  return all;
}

// The parts before the last: 123 -> and_100, and_20; leaves 3. What is left is never 0.
std::int64_t split(std::int64_t n, std::vector<std::string>& parts) {
  if (n > 100 && n % 100 != 0) { parts.push_back(clip_name("and", n / 100 * 100)); n %= 100; }
  if (n > 20 && n < 100 && n % 10 != 0) { parts.push_back(clip_name("and", n / 10 * 10)); n %= 10; }
  return n;
}

}  // namespace

const std::vector<Clip>& clips(PhraseLanguage language) {
  static const std::vector<Clip> fa = make_clips(persian()), en = make_clips(english());
  return language == PhraseLanguage::fa ? fa : en;
}

std::vector<std::string> place_clips(std::int64_t place) {
  if (place < 1 || place > largest_number) return {"place_far"};
  if (place <= whole_places) return {clip_name("place", place)};
  std::vector<std::string> parts{"place_before"};
  const auto last = split(place, parts);
  parts.push_back(last == 1 && place > 1 ? "ordinal_one_after_ten" : clip_name("ordinal", last));
  parts.push_back("place_after");
  return parts;
}

std::vector<std::string> number_clips(std::int64_t number) {
  std::vector<std::string> parts;
  if (number < 0 || number > largest_number) {
    for (const char digit : std::to_string(number)) if (digit != '-') parts.push_back(clip_name("number", digit - '0'));
    return parts;
  }
  const auto last = split(number, parts);
  parts.push_back(clip_name("number", last));
  return parts;
}

Phrases::Phrases(std::string prompts_dir) : dir_(std::move(prompts_dir)) { rescan(); }

void Phrases::rescan() {
  namespace fs = std::filesystem;
  files_.clear();
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(dir_, error); !error && at != fs::recursive_directory_iterator(); at.increment(error))
    if (at->is_regular_file(error)) files_.insert(at->path().lexically_relative(dir_).string());
}

std::string Phrases::file(const std::string& folder, const std::string& name) const {
  for (const auto* ending : {"", ".wav", ".opus"})
    if (const auto relative = folder + name + ending; files_.contains(relative)) return dir_ + "/" + relative;
  return {};
}

std::vector<media::PlayItem> Phrases::spoken(PhraseLanguage language, std::string_view kind, std::string_view name, std::int64_t n) const {
  const auto names = kind == "place" ? place_clips(n) : kind == "number" ? number_clips(n) : std::vector{std::string(name)};
  std::vector<media::PlayItem> items;
  for (const auto& clip : names) {
    const auto found = file(language == PhraseLanguage::fa ? "fa/" : "en/", clip);
    if (found.empty()) return {};    // half a number is worse than none
    items.push_back({.file = found});
  }
  return items;
}

std::vector<media::PlayItem> Phrases::items(std::string_view kind, std::string_view name, std::int64_t n, std::string_view language) const {
  if (kind == "silence") return {{.silence_ms = n}};
  if (kind == "tone") return {{.tone = std::string(name)}};
  if (kind == "music") {
    if (name == "none") return {{.silence_ms = 60'000}};
    for (const auto& wanted : {std::string(name), std::string("default")})
      for (const auto* folder : {"music/", ""})
        if (const auto found = file(folder, wanted); !found.empty()) return {{.file = found}};   // names outside PROMPTS are never in files_
    return {{.tone = "ringback"}};
  }
  const auto first = language == "en" ? PhraseLanguage::en : PhraseLanguage::fa;
  auto items = spoken(first, kind, name, n);
  if (items.empty()) items = spoken(first == PhraseLanguage::fa ? PhraseLanguage::en : PhraseLanguage::fa, kind, name, n);
  if (items.empty() && name == "notice") items.push_back({.tone = "beep"});  // the law asks that recording is told; a beep tells it
  return items;
}

}  // namespace pasokh::archive
