#include "storage/event_words.h"

#include <array>

#include "base/json_text.h"
#include "base/persian.h"
#include "floor/words.h"

namespace pasokh::storage {

namespace {

namespace f = pasokh::floor;

// The closed lists of the floor in Persian, in order of their values; English is the enumerator's own name.
template <class E> inline constexpr int fa = 0;
template <> inline constexpr std::array fa<f::Outcome>{"در جریان", "پاسخ‌داده", "رهاشده", "صف پر", "پایان انتظار", "پذیرفته‌نشده", "شمارهٔ ناشناس", "بی‌پاسخ", "اشغال", "خطا", "تعطیل"};
template <> inline constexpr std::array fa<f::LapseReason>{"پاسخ نداد", "رد کرد", "اشغال بود", "در دسترس نبود"};
template <> inline constexpr std::array fa<f::WithdrawReason>{"تماس‌گیرنده رفت", "دیگری پاسخ داد", "کارشناس رفت", "خطای ما", "جابه‌جا شد"};
template <> inline constexpr std::array fa<f::EndCause>{"قطع شد", "لغو شد", "بی‌پاسخ", "اشغال", "رد شد", "در دسترس نبود", "ارتباط از دست رفت", "ما پایان دادیم", "منتقل شد", "خطا", "مجاز نبود", "زمان گذشت"};
template <> inline constexpr std::array fa<f::LeftQueue>{"پاسخ داده شد", "رها کرد", "سرریز به صف دیگر", "سرریز به شماره", "پایان بیشترین انتظار", "سرپرست سپرد", "منتقل شد", "صف برداشته شد", "خطا", "صف پر بود"};
template <> inline constexpr std::array fa<f::Direction>{"ورودی", "خروجی", "داخلی"};
template <> inline constexpr std::array fa<f::TransferKind>{"مستقیم", "با مشورت"};
static_assert(fa<f::Outcome>.size() == enum_names<f::Outcome>.size() && fa<f::LapseReason>.size() == enum_names<f::LapseReason>.size() &&
              fa<f::WithdrawReason>.size() == enum_names<f::WithdrawReason>.size() && fa<f::EndCause>.size() == enum_names<f::EndCause>.size() &&
              fa<f::LeftQueue>.size() == enum_names<f::LeftQueue>.size() &&
              fa<f::Direction>.size() == enum_names<f::Direction>.size() && fa<f::TransferKind>.size() == enum_names<f::TransferKind>.size());

// What a recording is marked with, and why one was erased: codes, of which a later version may have more.
struct Coded { std::string_view code; const char *en, *fa; };
constexpr Coded marks[] = {{"hold", "hold", "نگهداشت"}, {"resume", "resume", "ادامه پس از نگهداشت"}, {"gap", "gap", "وقفه"}, {"switched_off", "recording was switched off", "ضبط خاموش شد"}};
constexpr Coded erasures[] = {{"retention", "kept as long as its queue asks for", "زمان نگهداری صف گذشت"}};

template <std::size_t n>
std::string coded(const Coded (&list)[n], const std::string& code, bool persian) {
  for (const auto& each : list)
    if (each.code == code) return persian ? each.fa : each.en;
  return code;
}

template <class Event>
concept OfCall = requires(const Event& event) { event.call; };


std::string spaced(std::string_view name) {
  std::string out(name);
  for (char& c : out) if (c == '_') c = ' ';
  return out;
}

class Teller {
 public:
  Teller(const Names& names, f::Language language) : names_(names), persian_(language == f::Language::fa) {}

  std::string operator()(const f::CallArrived& e) const {
    const std::string who = e.agent ? agent(e.agent) : party(e.caller);
    const std::string number = e.number ? names_.number(e.number) : e.dialled;
    return say("تماس " + in(e.direction) + " رسید: " + who + " شمارهٔ " + number + " را گرفت", in(e.direction) + " call arrived: " + who + " dialled " + number);
  }
  std::string operator()(const f::CallAnswered&) const { return say("پاسخ خودکار داده شد؛ هنوز کارشناسی نیست", "we answered; no agent yet"); }
  std::string operator()(const f::CallQueued& e) const {
    const auto place = n(e.place);
    return say("وارد صف " + queue(e.queue) + " شد، نفر " + place + "، اولویت " + n(e.priority),
               "entered queue " + queue(e.queue) + " in place " + place + ", priority " + n(e.priority));
  }
  std::string operator()(const f::CallLeftQueue& e) const { return say("از صف " + queue(e.queue) + " بیرون رفت: " + in(e.why), "left queue " + queue(e.queue) + ": " + in(e.why)); }
  std::string operator()(const f::CallOffered& e) const {
    const auto& r = e.reason;
    if (!r.given_by.empty()) return say("سرپرست " + r.given_by + " آن را به " + agent(e.agent) + " سپرد", r.given_by + " gave it to " + agent(e.agent));
    std::string excluded;
    for (const auto& [why, many] : r.excluded) excluded += (excluded.empty() ? "" : persian_ ? "، " : ", ") + n(many) + " " + std::string(f::excluded_word(why, language()));
    return say("به " + agent(e.agent) + " عرضه شد (" + strategy_word(r.strategy, language()) + "؛ " + n(r.free) + " آزاد از " + n(r.on_duty) + " حاضر" + (excluded.empty() ? "" : "؛ کنار: " + excluded) + ")",
               "offered to " + agent(e.agent) + " (" + strategy_word(r.strategy, language()) + "; " + n(r.free) + " free of " + n(r.on_duty) + " on duty" + (excluded.empty() ? "" : "; left out: " + excluded) + ")");
  }
  std::string operator()(const f::OfferRinging& e) const { return say("تلفن " + agent(e.agent) + " زنگ می‌خورد", "the phone of " + agent(e.agent) + " rings"); }
  std::string operator()(const f::OfferAnswered& e) const { return say(agent(e.agent) + " پاسخ داد", agent(e.agent) + " answered"); }
  std::string operator()(const f::OfferLapsed& e) const { return say(agent(e.agent) + " نگرفت: " + in(e.why), agent(e.agent) + " did not take it: " + in(e.why)); }
  std::string operator()(const f::OfferWithdrawn& e) const { return say("از " + agent(e.agent) + " پس گرفته شد: " + in(e.why), "taken back from " + agent(e.agent) + ": " + in(e.why)); }
  std::string operator()(const f::CallHeld& e) const { return say(agent(e.agent) + " نگه داشت", agent(e.agent) + " put it on hold"); }
  std::string operator()(const f::CallResumed& e) const { return say(agent(e.agent) + " از نگهداشت برگرداند", agent(e.agent) + " took it off hold"); }
  std::string operator()(const f::LegDialled& e) const {
    const std::string to = e.to_agent ? agent(e.to_agent) : !e.number.empty() ? e.number : party(e.party);
    return say("شماره‌گیری " + to + (e.by ? " از سوی " + agent(e.by) : ""), "dialled " + to + (e.by ? " for " + agent(e.by) : ""));
  }
  std::string operator()(const f::LegAnswered&) const { return say("طرف گرفته‌شده پاسخ داد", "the dialled party answered"); }
  std::string operator()(const f::LegEnded& e) const { return say("یک طرف رفت: " + in(e.cause), "a party left: " + in(e.cause)); }
  std::string operator()(const f::ConsultStarted& e) const { return say(agent(e.agent) + " مشورت را آغاز کرد", agent(e.agent) + " began to consult"); }
  std::string operator()(const f::ConsultEnded& e) const { return say("مشورت " + agent(e.agent) + " پایان یافت", "the consultation of " + agent(e.agent) + " ended"); }
  std::string operator()(const f::CallTransferred& e) const {
    const std::string to = e.to_agent ? agent(e.to_agent) : e.to_queue ? say("صف ", "queue ") + queue(e.to_queue) : say("شمارهٔ بیرونی", "an outside number");
    return say(agent(e.from) + " به " + to + " منتقل کرد (" + in(e.how) + ")", agent(e.from) + " transferred it to " + to + " (" + in(e.how) + ")");
  }
  std::string operator()(const f::AgentLeftCall& e) const { return say(agent(e.agent) + " از تماس بیرون رفت", agent(e.agent) + " left the call"); }
  std::string operator()(const f::CallEnded& e) const { return say("پایان: " + in(e.outcome) + " (" + in(e.cause) + ")", "ended: " + in(e.outcome) + " (" + in(e.cause) + ")"); }
  std::string operator()(const f::WrapUpStarted& e) const { return say("کار پس از تماس " + agent(e.agent) + " آغاز شد", "wrap-up of " + agent(e.agent) + " began"); }
  std::string operator()(const f::WrapUpEnded& e) const { return say("کار پس از تماس " + agent(e.agent) + " پایان یافت", "wrap-up of " + agent(e.agent) + " ended"); }
  std::string operator()(const f::RecordingStarted& e) const { return say("ضبط آغاز شد", "recording began") + number_of(e.capture); }
  std::string operator()(const f::RecordingStopped& e) const { return say("ضبط ایستاد", "recording stopped") + number_of(e.capture); }
  std::string operator()(const f::RecordingMarked& e) const { return say("نشان در ضبط: ", "mark in the recording: ") + coded(marks, e.mark, persian_); }
  std::string operator()(const f::RecordingFinished& e) const {
    const auto seconds = n(e.duration.ms() / 1'000);
    return e.empty ? say("ضبط تهی بود", "the recording was empty") : say("ضبط آماده شد، " + seconds + " ثانیه", "recording finished, " + seconds + " s");
  }
  std::string operator()(const f::RecordingFailed& e) const { return say("ضبط ناکام ماند: ", "recording failed: ") + e.why; }
  std::string operator()(const f::LegMeasured& e) const {
    const auto lost = n(e.lost), in_ = n(e.packets_in), out = n(e.packets_out), by_peer = n(e.lost_by_peer), jitter = n(e.jitter_us_max / 1'000), trip = n(e.round_trip_us / 1'000);
    const bool shown = e.peer_loss_permille != 0 || e.peer_jitter_us != 0 || e.peer_round_trip_us != 0;
    const auto share = n(e.peer_loss_permille / 10) + (e.peer_loss_permille % 10 == 0 ? "" : say("٫", ".") + n(e.peer_loss_permille % 10));
    const auto browser = !shown ? std::string() : say("؛ بدترین در مرورگر: " + share + "٪ گم‌شده، لرزش " + n(e.peer_jitter_us / 1'000) + "، رفت و برگشت " + n(e.peer_round_trip_us / 1'000) + " میلی‌ثانیه",
                                                      "; worst in the browser: " + share + " % lost, jitter " + n(e.peer_jitter_us / 1'000) + " ms, round trip " + n(e.peer_round_trip_us / 1'000) + " ms");
    return say("کیفیت: " + lost + " بسته از " + in_ + " گم شد، از " + out + " بستهٔ ما " + by_peer + " تا؛ لرزش تا " + jitter + " میلی‌ثانیه، رفت و برگشت " + trip + " میلی‌ثانیه، " + e.codec + browser,
               "quality: " + lost + " of " + in_ + " packets lost, of our " + out + " " + by_peer + "; jitter up to " + jitter + " ms, round trip " + trip + " ms, " + e.codec + browser);
  }
  std::string operator()(const f::NoticeEnded& e) const { return e.heard ? say("آگهی ضبط پخش شد", "the notice was played") : say("آگهی ضبط ناتمام ماند", "the notice was cut short"); }
  std::string operator()(const f::PlaceAnnounced& e) const { return say("جایگاه اعلام شد: نفر " + n(e.place), "told the place in the queue: " + n(e.place)); }
  std::string operator()(const f::Announced& e) const { return say("پیام صف " + queue(e.queue) + " پخش شد", "the announcement of queue " + queue(e.queue) + " was played"); }
  std::string operator()(const f::SkillsRelaxed& e) const { return say("نیاز مهارتی کمتر شد: گام " + n(e.step), "skills relaxed: step " + n(e.step)); }
  std::string operator()(const f::CallsJoined& e) const {
    return say(agent(e.agent) + " دو تماس را به هم رساند" + (e.to_agent ? "؛ اکنون با " + agent(e.to_agent) : ""),
               agent(e.agent) + " joined two calls" + (e.to_agent ? "; now with " + agent(e.to_agent) : ""));
  }
  std::string operator()(const f::CallReportDue& e) const { return say("گزارش تماس بر عهدهٔ " + agent(e.agent) + " است", "the report of the call is due from " + agent(e.agent)); }
  std::string operator()(const f::CallReportCompleted& e) const { return say(agent(e.agent) + " گزارش تماس را کامل کرد", agent(e.agent) + " completed the report of the call"); }
  std::string operator()(const f::CallReportOverdue& e) const { return say("زمان گزارش " + agent(e.agent) + " گذشت؛ تماس تازه‌ای نمی‌گیرد", "the report of " + agent(e.agent) + " is overdue; no new calls until then"); }
  std::string operator()(const f::CallReportWaived& e) const { return say(e.by + " از گزارش " + agent(e.agent) + " چشم پوشید", e.by + " let " + agent(e.agent) + " go on without the report"); }
  std::string operator()(const f::CallTurnedAway& e) const { return say("بیرون از ساعت کاری: پیام «" + e.prompt + "» پخش شد", "outside opening hours: \"" + e.prompt + "\" was played"); }
  std::string operator()(const f::RecordingErased& e) const { return say("ضبط پاک شد: ", "the recording was erased: ") + coded(erasures, e.why, persian_); }
  std::string operator()(const f::LegReplaced&) const { return say("تلفن دیگری جای یک طرف را گرفت", "another phone took the place of a party"); }
  // What is of no call stands in no timeline. An event of a call without a sentence above does not build.
  template <class Event>
    requires(!OfCall<Event>)
  std::string operator()(const Event& e) const { return std::string(Event::kind) + " " + json_text(e); }

 private:
  f::Language language() const { return persian_ ? f::Language::fa : f::Language::en; }
  std::string say(const std::string& in_persian, const std::string& in_english) const { return persian_ ? in_persian : in_english; }
  std::string n(std::int64_t number) const { return persian_ ? persian_digits(std::to_string(number)) : std::to_string(number); }
  template <class E> std::string in(E e) const {
    if (!persian_) return spaced(name_of(e));
    const auto i = static_cast<std::size_t>(e);
    return i < fa<E>.size() ? fa<E>[i] : "?";
  }
  std::string agent(AgentId id) const { return names_.agent(id); }
  std::string queue(QueueId id) const { return names_.queue(id); }
  std::string party(PartyId id) const {
    const std::string text = names_.party(id);
    return !text.empty() ? text : say("شمارهٔ پنهان یا پاک‌شده", "a withheld or erased number");
  }
  std::string number_of(CaptureId id) const { return " (" + text(id) + ")"; }

  const Names& names_;
  const bool persian_;
};

}  // namespace

std::string word(f::Outcome outcome, f::Language language) {
  return language == f::Language::fa ? std::string(fa<f::Outcome>[static_cast<std::size_t>(outcome)]) : spaced(name_of(outcome));
}

std::string words(const f::Event& event, const Names& names, f::Language language) {
  return std::visit(Teller(names, language), event);
}

}  // namespace pasokh::storage
