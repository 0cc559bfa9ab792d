#include "api/faults.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/log.h"

namespace pasokh::api {

const std::vector<Fault>& faults() {
  static const std::vector<Fault> all{
      {"bad-request", 400, "The request is not understood.", "درخواست خوانا نیست."},
      {"not-json", 400, "The body is not JSON.", "بدنهٔ درخواست JSON نیست."},
      {"bad-body", 422, "Something in the body is wrong.", "بخشی از بدنهٔ درخواست نادرست است."},
      {"bad-query", 422, "Something in the query is wrong.", "بخشی از پارامترهای درخواست نادرست است."},
      {"sign-in-needed", 401, "Please sign in.", "لطفاً وارد شوید."},
      {"sign-in-failed", 401, "Login or password is wrong.", "نام کاربری یا گذرواژه نادرست است."},
      {"second-factor", 401, "The code of your authenticator is needed.", "کد برنامهٔ تأیید هویت لازم است."},
      {"second-factor-exists", 409, "There is a second factor already.", "عامل دوم از پیش فعال است."},
      {"second-factor-unknown", 404, "There is no second factor.", "عامل دومی نیست."},
      {"code-wrong", 422, "This is not the code that the authenticator shows now.", "این کد با آنچه برنامهٔ تأیید هویت نشان می‌دهد یکی نیست."},
      {"slow-down", 429, "Too many tries; please wait.", "تلاش‌ها بیش از اندازه است؛ کمی صبر کنید."},
      {"not-allowed", 403, "Your role does not allow this.", "نقش شما اجازهٔ این کار را نمی‌دهد."},
      {"not-yours", 403, "This belongs to another agent.", "این مورد متعلق به کارشناس دیگری است."},
      {"password-change-needed", 403, "Please change your password first.", "نخست گذرواژهٔ خود را عوض کنید."},
      {"cross-site", 403, "The request came from another site.", "درخواست از سایت دیگری آمده است."},
      {"upgrade-needed", 426, "This address speaks WebSocket only.", "این نشانی تنها WebSocket می‌پذیرد."},
      {"phones-off", 503, "This server has no browser phones.", "این سامانه تلفن مرورگری ندارد."},
      {"topic-unknown", 404, "There is no such topic.", "چنین موضوعی نیست."},
      {"https-needed", 403, "This is said over HTTPS only. What was sent came in the clear: change the password or token.", "این درخواست تنها با HTTPS پذیرفته است. آنچه فرستاده شد رمزنشده بود: گذرواژه یا توکن را عوض کنید."},
      {"authority-unknown", 404, "This server does not use a local authority.", "این سامانه مرجع گواهی محلی ندارد."},
      {"no-such-path", 404, "There is nothing at this address.", "چیزی در این نشانی نیست."},
      {"no-such-method", 405, "This address does not take this method.", "این روش برای این نشانی پذیرفته نیست."},
      {"body-too-large", 413, "The body is too large.", "بدنهٔ درخواست بیش از اندازه بزرگ است."},
      {"header-too-large", 431, "The header is too large.", "سرآیند درخواست بیش از اندازه بزرگ است."},
      {"not-json-type", 415, "The body must be application/json.", "بدنهٔ درخواست باید application/json باشد."},
      {"range-wrong", 416, "This range does not exist.", "این بازه وجود ندارد."},
      {"busy", 503, "Too much to do just now; try again in a moment. Calls are safe.", "سامانه پرکار است؛ اندکی بعد دوباره تلاش کنید. تماس‌ها برقرارند."},
      {"trouble", 500, "Something failed on our side. Calls are safe. The log tells more.", "خطایی در سامانه رخ داد. تماس‌ها برقرارند. جزئیات در گزارش سامانه است."},
      {"user-unknown", 404, "There is no such user.", "چنین کاربری نیست."},
      {"user-exists", 409, "There is such a user already.", "این کاربر از پیش هست."},
      {"login-bad", 422, "A login is 1 to 64 of a-z 0-9 . _ - .", "نام کاربری ۱ تا ۶۴ نویسه از a-z 0-9 . _ - است."},
      {"last-administrator", 409, "This is the only administrator.", "این تنها مدیر سامانه است."},
      {"not-to-yourself", 403, "Nobody may change the own role.", "هیچ‌کس نمی‌تواند نقش خودش را تغییر دهد."},
      {"session-unknown", 404, "There is no such session.", "چنین نشستی نیست."},
      {"token-unknown", 404, "There is no such token.", "چنین توکنی نیست."},
      {"token-exists", 409, "There is a token of this name.", "توکنی با این نام هست."},
      {"password-too-short", 422, "The password is too short: at least 10 characters.", "گذرواژه کوتاه است: دست‌کم ۱۰ نویسه."},
      {"password-too-long", 422, "The password is too long: at most 128 characters.", "گذرواژه بلند است: حداکثر ۱۲۸ نویسه."},
      {"password-too-common", 422, "This password is guessed first; choose another.", "این گذرواژه حدس‌زدنی است؛ گذرواژهٔ دیگری برگزینید."},
      {"password-holds-login", 422, "The password must not hold the login.", "گذرواژه نباید نام کاربری را در خود داشته باشد."},
      {"password-wrong", 403, "The present password is wrong.", "گذرواژهٔ کنونی نادرست است."},
      {"call-unknown", 404, "There is no such call.", "چنین تماسی نیست."},
      {"agent-unknown", 404, "There is no such agent.", "چنین کارشناسی نیست."},
      {"queue-unknown", 404, "There is no such queue.", "چنین صفی نیست."},
      {"device-unknown", 404, "There is no such device.", "چنین تلفنی نیست."},
      {"number-unknown", 404, "There is no such number.", "چنین شماره‌ای نیست."},
      {"trunk-unknown", 404, "There is no such trunk.", "چنین ترانکی نیست."},
      {"recording-unknown", 404, "There is no recording of this call.", "ضبطی از این تماس نیست."},
      {"contact-unknown", 404, "There is no such contact.", "چنین مخاطبی نیست."},
      {"contact-nameless", 422, "A contact needs a name or an organisation.", "مخاطب باید نام یا سازمان داشته باشد."},
      {"contact-long", 422, "Name, note or the list of numbers is too long.", "نام، یادداشت یا فهرست شماره‌ها بیش از اندازه بلند است."},
      {"contact-number", 422, "One of the numbers is no telephone number.", "یکی از شماره‌ها شمارهٔ تلفن نیست."},
      {"disposition-unknown", 404, "There is no such disposition.", "چنین نتیجه‌ای نیست."},
      {"disposition-wrong", 422, "This disposition is not for this call.", "این نتیجه برای این تماس نیست."},
      {"disposition-bad", 422, "A disposition needs a code of a-z 0-9 - _ and a name in both languages.", "نتیجهٔ تماس باید کدی از a-z 0-9 - _ و نامی به هر دو زبان داشته باشد."},
      {"report-long", 422, "Note or next step is too long.", "یادداشت یا گام بعدی بیش از اندازه بلند است."},
      {"follow-up-time", 422, "A follow-up lies ahead, at most two years.", "زمان پیگیری باید در آینده و حداکثر تا دو سال دیگر باشد."},
      {"follow-up-unknown", 404, "There is no such open follow-up.", "چنین پیگیری بازی نیست."},
      {"hours-unknown", 404, "There are no such opening hours.", "چنین ساعت کاری تعریف نشده است."},
      {"hours-bad", 422, "These times are no opening hours.", "این زمان‌ها ساعت کاری درستی نیستند."},
      {"holiday-bad", 422, "This is no day of the calendar.", "چنین روزی در تقویم نیست."},
      {"holidays-unknown", 404, "There is no such list of holidays.", "چنین فهرست تعطیلاتی نیست."},
      {"holidays-in-use", 409, "Opening hours use this list.", "ساعت کاری‌ای از این فهرست استفاده می‌کند."},
      {"alarm-unknown", 404, "There is no such alarm.", "چنین هشداری نیست."},
      {"device-not-phone", 409, "A browser's phone needs no settings: its agent signs in to the console.", "تلفن مرورگری تنظیم نمی‌خواهد: کارشناس در صفحهٔ سامانه وارد می‌شود."},
      {"schedule-unknown", 404, "There is no such scheduled report.", "چنین گزارش زمان‌بندی‌شده‌ای نیست."},
      {"schedule-bad", 422, "This cannot be scheduled so.", "گزارش را این‌گونه نمی‌توان زمان‌بندی کرد."},
      {"schedules-full", 409, "There are 500 scheduled reports already.", "پانصد گزارش زمان‌بندی‌شده از پیش هست."},
      {"mail-off", 409, "No mail server is named in pasokh.toml ([mail]).", "در pasokh.toml کارساز نامه‌ای نام برده نشده است ([mail])."},
      {"mail-failed", 424, "The mail server did not take the mail.", "کارساز نامه، نامه را نپذیرفت."},
      {"mail-refused", 424, "The mail server refuses this mail.", "کارساز نامه این نامه را رد کرد."},
      {"mail-unknown", 404, "There is no such mail that waits.", "چنین نامه‌ای در انتظار نیست."},
      {"webhook-unknown", 404, "There is no such webhook.", "چنین وب‌هوکی نیست."},
      {"webhooks-many", 409, "There are 20 webhooks already.", "بیست وب‌هوک از پیش هست."},
      {"event-unknown", 422, "There is no such event to be told of.", "چنین رویدادی برای خبردادن نیست."},
      {"url-bad", 422, "This address cannot be a webhook's.", "این نشانی برای وب‌هوک پذیرفته نیست."},
      {"host-not-allowed", 422, "This host is not allowed; the machine's administrator names hosts in pasokh.toml.", "این میزبان مجاز نیست؛ مدیر سامانه میزبان‌ها را در pasokh.toml نام می‌برد."},
      {"https-only", 422, "Webhooks go over HTTPS only.", "وب‌هوک تنها با HTTPS فرستاده می‌شود."},
      {"reason-missing", 422, "Please say why.", "لطفاً دلیل را بنویسید."},
      {"hold-unknown", 404, "This recording is not held.", "این ضبط نگه‌داشته نشده است."},
      {"comments-full", 409, "This recording has as many comments as it takes.", "این ضبط بیش از این یادداشت نمی‌پذیرد."},
      {"prompt-bad", 422, "A prompt's name is 1 to 64 of a-z 0-9 _ -.", "نام پیام ۱ تا ۶۴ نویسه از a-z 0-9 _ - است."},
      {"prompt-unknown", 404, "There is no such prompt.", "چنین پیامی نیست."},
      {"prompt-in-use", 409, "This prompt is used.", "این پیام در جایی به کار رفته است."},
      {"prompt-long", 422, "A prompt lasts at most ten minutes.", "پیام حداکثر ده دقیقه است."},
      {"not-audio", 422, "This is no sound that can be read: a WAV file or Opus in Ogg is expected.", "این پرونده صدای خواندنی نیست؛ WAV یا Opus در Ogg بفرستید."},
      {"espeak-missing", 503, "espeak-ng is not installed on the server.", "espeak-ng روی سرور نصب نیست."},
      {"espeak", 500, "The text could not be spoken.", "متن خوانده نشد."},
      {"view-unknown", 404, "There is no such view.", "چنین نمایی نیست."},
      {"views-full", 409, "A person keeps at most 100 views.", "هر کس حداکثر ۱۰۰ نما نگه می‌دارد."},
      {"import", 422, "The import was refused.", "ورود داده‌ها پذیرفته نشد."},
  };
  return all;
}

const Fault* fault(std::string_view code) {
  const auto& all = faults();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Fault& f) { return f.code == code; });
  return found == all.end() ? nullptr : &*found;
}

int status_of(std::string_view code) {
  if (const auto* known = fault(code)) return known->status;
  const auto ends = [&](std::string_view ending) { return code.size() >= ending.size() && code.substr(code.size() - ending.size()) == ending; };
  if (code == "setting-unknown" || code == "verb-unknown" || code == "noun-unknown" || code == "command-unknown") return 422;
  if (ends("-unknown")) return 404;
  if (ends("-wrong") || ends("-bad") || ends("-missing") || ends("-invalid")) return 422;
  if (code == "disk" || code == "disk-full" || code == "overload" || code == "server-gone") return 503;
  return 409;  // the centre understood and refused: state stands against it
}

static Response answer(int status, std::string_view code, std::string_view says, std::string_view says_fa) {
  Response response{.status = status, .body = "{\"code\":"};
  append_json_string(response.body, code);
  response.body += ",\"message\":";
  append_json_string(response.body, says);
  response.body += ",\"message_fa\":";
  append_json_string(response.body, says_fa);
  response.body += "}";
  return response;
}

Response refusal(std::string_view code, std::string_view detail) {
  const Fault* known = fault(code);
  if (!known) known = fault("trouble");
  std::string says(known->says);
  if (!detail.empty()) says += " " + std::string(detail);
  return answer(known->status, known->code, says, known->says_fa);
}

Response refusal(const Trouble& t) {
  if (const Fault* known = fault(t.code)) return answer(known->status, known->code, t.text.empty() || known->status >= 500 ? known->says : std::string_view(t.text), known->says_fa);
  if (t.code == "database" || t.code == "damaged" || t.code == "read-only" || t.code == "no-centre" || t.code == "key") {  // SQL and paths are nobody's business outside
    log(LogLevel::error, "an answer failed", {{"code", t.code}, {"cause", t.text}});
    return refusal("trouble");
  }
  return answer(status_of(t.code), t.code, t.text, "انجام نشد. " + t.text);
}

}  // namespace pasokh::api
