#include "app/doctor/texts.h"

#include <array>

#include "base/persian.h"

namespace pasokh::app::doctor {
namespace {

using enum Say;

constexpr Phrase table[] = {
    {configuration_understood, "`{0}` is understood", "`{0}` خوانده و فهمیده شد"},
    {configuration_broken, "{0}", "پیکربندی خوانده نمی‌شود: `{0}`"},
    {cannot_start, "the server cannot start", "سرور نمی‌تواند آغاز به کار کند"},
    {mend_the_file, "mend the file; what may stand in it is told by the message", "پرونده را درست کنید؛ پیام می‌گوید چه چیزی در آن پذیرفته است"},

    {port_free, "`{0}` is free", "`{0}` آزاد است"},
    {port_taken, "`{0}` is taken by another program", "`{0}` در دست برنامهٔ دیگری است"},
    {end_the_other_program, "find it with `ss -lnptu | grep {0}`; end it, or set another port in pasokh.toml", "آن برنامه را با `ss -lnptu | grep {0}` بیابید و ببندید، یا در `pasokh.toml` درگاه دیگری بگذارید"},
    {no_such_address, "this machine has no address `{0}`", "این دستگاه نشانی `{0}` را ندارد"},
    {set_own_address, "set an address of this machine, or 0.0.0.0, in pasokh.toml", "در `pasokh.toml` یکی از نشانی‌های همین دستگاه یا `0.0.0.0` را بگذارید"},
    {port_refused, "`{0}`: {1}", "`{0}` گرفته نشد: `{1}`"},
    {low_ports_need_rights, "ports below 1024 need root or CAP_NET_BIND_SERVICE", "درگاه‌های زیر ۱۰۲۴ دسترسی `root` یا `CAP_NET_BIND_SERVICE` می‌خواهند"},
    {set_other_address, "set another address in pasokh.toml", "در `pasokh.toml` نشانی دیگری بگذارید"},
    {answers, "our server answers {0} on `{1}`", "سرور ما روی `{1}` به `{0}` پاسخ می‌دهد"},
    {does_not_answer, "the server runs, but `{1}` does not answer {0}", "سرور روشن است، ولی `{1}` به `{0}` پاسخ نمی‌دهد"},
    {cannot_be_reached, "phones or browsers cannot reach it", "تلفن‌ها یا مرورگرها به آن نمی‌رسند"},
    {restart_or_log, "was pasokh.toml changed since the start? then restart; else look at the log", "آیا `pasokh.toml` پس از آغاز به کار تغییر کرده است؟ سرور را از نو راه بیندازید؛ وگرنه گزارش سرور را ببینید"},
    {rtp_room, "`{0}` is room for {1} calls", "درگاه‌های {0} برای {1} تماس جا دارند"},
    {rtp_few, "`{0}` is room for {1} calls", "درگاه‌های {0} تنها برای {1} تماس جا دارند"},
    {further_calls_refused, "further calls are refused", "تماس‌های بیشتر پذیرفته نمی‌شوند"},
    {widen_rtp, "widen [rtp] low and high in pasokh.toml", "در بخش `[rtp]` از `pasokh.toml` بازهٔ `low` تا `high` را بزرگ‌تر کنید"},
    {rtp_overlaps, "`{0}` overlaps the system's own ports `{1}`", "درگاه‌های {0} با درگاه‌های خود سیستم‌عامل ({1}) هم‌پوشانی دارند"},
    {port_taken_at_times, "now and then a port is taken, and another must be tried", "گاهی درگاهی گرفته است و باید دیگری را آزمود"},
    {set_rtp_below, "set [rtp] below {0}, or `sysctl net.ipv4.ip_local_reserved_ports={1}`", "بازهٔ `[rtp]` را زیر `{0}` ببرید، یا `sysctl net.ipv4.ip_local_reserved_ports={1}`"},

    {no_https_loopback, "no HTTPS is set, and the web listens on this machine alone", "HTTPS گذاشته نشده و وب تنها روی همین دستگاه گوش می‌دهد"},
    {no_https, "no HTTPS is set", "HTTPS گذاشته نشده است"},
    {no_microphone, "browsers on other machines give the page no microphone, and passwords cross the network in the clear", "مرورگر دستگاه‌های دیگر میکروفون را به صفحه نمی‌دهد، و گذرواژه‌ها آشکارا از شبکه می‌گذرند"},
    {set_https, "set `[http] https = \"0.0.0.0:8443\"` in pasokh.toml", "در `pasokh.toml` بنویسید `[http] https = \"0.0.0.0:8443\"`"},
    {certificate_unreadable, "{0}", "گواهی خوانده نمی‌شود: `{0}`"},
    {mend_certificate, "mend [http] certificate in pasokh.toml", "در `pasokh.toml` مقدار `[http] certificate` را درست کنید"},
    {certificate_not_yet, "none yet; the local authority makes one at the next start", "هنوز گواهی نیست؛ مرجع محلی در آغاز بعدی آن را می‌سازد"},
    {key_does_not_fit, "{0}", "کلید با گواهی نمی‌خواند: `{0}`"},
    {put_right_key, "put the right key beside the certificate", "کلید درست را کنار گواهی بگذارید"},
    {remove_certificate, "remove `{0}`; it is made anew", "`{0}` را پاک کنید؛ از نو ساخته می‌شود"},
    {names_empty, "[http] names is empty: the certificate covers `{0}`, and nothing says under which name people come", "`[http] names` تهی است: گواهی برای `{0}` است و معلوم نیست کاربران با چه نامی می‌آیند"},
    {warn_other_name, "browsers warn under any other name", "مرورگرها با هر نام دیگری هشدار می‌دهند"},
    {set_names, "set [http] names to the names that people type, so that this is watched", "نام‌هایی را که کاربران می‌نویسند در `[http] names` بگذارید تا پاییده شود"},
    {certificate_found, "`{0}`; ends in {1} days", "`{0}`؛ تا {1} روز دیگر اعتبار دارد"},
    {certificate_misses, "`{0}`; ends in {1} days; does not cover `{2}`", "`{0}`؛ تا {1} روز دیگر اعتبار دارد؛ این‌ها را در بر نمی‌گیرد: `{2}`"},
    {certificate_ended, "browsers refuse the page", "مرورگرها صفحه را نمی‌پذیرند"},
    {certificate_ends, "browsers refuse the page after that", "پس از آن مرورگرها صفحه را نمی‌پذیرند"},
    {put_new_certificate, "put a new certificate there; no restart is needed", "گواهی تازه را همان جا بگذارید؛ راه‌اندازی دوباره لازم نیست"},
    {start_to_renew, "start the server: it renews its certificate by itself", "سرور را روشن کنید: گواهی را خودش تازه می‌کند"},
    {warn_these_names, "browsers warn under these names", "مرورگرها با این نام‌ها هشدار می‌دهند"},
    {get_certificate, "get a certificate for them", "برای آن‌ها گواهی بگیرید"},
    {renewed_by_itself, "nothing: the running server renews it by itself within seconds", "هیچ: سرور روشن خودش در چند ثانیه آن را تازه می‌کند"},

    {no_browser_phones, "`[browser] port = 0`: there are no browser phones", "`[browser] port = 0`: تلفن مرورگر خاموش است"},
    {need_sip_phones, "agents need a SIP phone each", "هر کارشناس به یک تلفن SIP نیاز دارد"},
    {set_browser_port, "set `[browser] port = 10000` in pasokh.toml", "در `pasokh.toml` بنویسید `[browser] port = 10000`"},
    {browser_range_high, "UDP {0} lies beyond 65535", "درگاه‌های UDP {0} از ۶۵۵۳۵ می‌گذرند"},
    {browser_range_in_rtp, "UDP {0} lies within [rtp]", "درگاه‌های UDP {0} درون بازهٔ `[rtp]` هستند"},
    {some_workers_no_browsers, "some media workers take no browser phones", "برخی پردازنده‌های صدا تلفن مرورگر نمی‌پذیرند"},
    {set_other_browser_port, "set another [browser] port in pasokh.toml", "در `pasokh.toml` مقدار دیگری به `[browser] port` بدهید"},
    {browser_nobody_listens, "the server runs, but nobody listens on UDP {0}", "سرور روشن است، ولی کسی روی UDP {0} گوش نمی‌دهد"},
    {browser_no_audio, "browser phones have no audio there", "تلفن‌های مرورگر آنجا صدا ندارند"},
    {browser_look_in_log, "look in the log for browser-port-refused; free the port and restart", "در گزارش سرور `browser-port-refused` را بجویید؛ درگاه را آزاد کنید و سرور را از نو راه بیندازید"},
    {browser_port_taken, "UDP {0} is taken by another program", "UDP {0} در دست برنامهٔ دیگری است"},
    {browser_end_other_program, "find it with `ss -lnpu | grep {0}`; end it, or set another [browser] port", "آن برنامه را با `ss -lnpu | grep {0}` بیابید و ببندید، یا مقدار دیگری به `[browser] port` بدهید"},
    {browser_ours, "UDP {0} is ours", "UDP {0} در دست خود ماست"},
    {browser_free, "UDP {0} is free", "UDP {0} آزاد است"},
    {browser_ours_private, "UDP {0} is ours; agents at home need [browser] addresses (the router's public one) and UDP {0} forwarded", "UDP {0} در دست خود ماست؛ برای کارشناسان دورکار، نشانی بیرونی مسیریاب را در `[browser] addresses` بگذارید و UDP {0} را روی مسیریاب به اینجا برسانید"},
    {browser_free_private, "UDP {0} is free; agents at home need [browser] addresses (the router's public one) and UDP {0} forwarded", "UDP {0} آزاد است؛ برای کارشناسان دورکار، نشانی بیرونی مسیریاب را در `[browser] addresses` بگذارید و UDP {0} را روی مسیریاب به اینجا برسانید"},

    {no_mail, "no mail server is set; reports and alarms are not sent by mail", "سرور نامه گذاشته نشده است؛ گزارش‌ها و هشدارها با نامه فرستاده نمی‌شوند"},
    {mail_password_unreadable, "the password file `{0}` cannot be read", "پروندهٔ گذرواژه `{0}` خوانده نمی‌شود"},
    {no_mail_is_sent, "no mail is sent", "نامه‌ای فرستاده نمی‌شود"},
    {write_mail_password, "write the password into its first line; `chmod 0600`, owner: the user that runs pasokh", "گذرواژه را در سطر نخست آن بنویسید؛ `chmod 0600`، و مالکش همان کاربری باشد که پاسخ را اجرا می‌کند"},
    {mail_password_open, "the password file `{0}` can be read by others", "پروندهٔ گذرواژه `{0}` را دیگران هم می‌توانند بخوانند"},
    {mail_in_your_name, "whoever reads it sends mail in your name", "هر که آن را بخواند می‌تواند به نام شما نامه بفرستد"},
    {chmod_mail_password, "`chmod 0600 {0}`", "دسترسی‌اش را ببندید: `chmod 0600 {0}`"},
    {mail_trouble, "`{0}`: {1}", "سرور نامه در `{0}` پاسخ درست نداد: `{1}`"},
    {mail_waits, "scheduled reports and alarms wait, and are given up after a day", "گزارش‌های زمان‌بندی‌شده و هشدارها می‌مانند و پس از یک روز کنار گذاشته می‌شوند"},
    {check_mail_settings, "check [mail] in pasokh.toml, then `pasokh mail test ADDRESS`", "بخش `[mail]` را در `pasokh.toml` بررسی کنید، سپس `pasokh mail test ADDRESS`"},
    {mail_without_tls, "`{0}` greets us, without TLS", "`{0}` پاسخ می‌دهد، ولی بی TLS"},
    {mail_in_the_clear, "callers' numbers and the password cross the network in the clear", "شماره‌های مشتریان و گذرواژه آشکارا از شبکه می‌گذرند"},
    {set_starttls, "set `[mail] security = \"starttls\"`", "در `pasokh.toml` بنویسید `[mail] security = \"starttls\"`"},
    {mail_greets, "`{0}` greets us", "سرور نامه در `{0}` پاسخ می‌دهد"},

    {addresses, "`{0}`", "نشانی‌های این دستگاه: `{0}`"},
    {only_loopback, "no interface but loopback", "رابط شبکه‌ای جز loopback نیست"},
    {others_cannot_reach, "phones on other machines cannot reach this one", "تلفن‌های بیرون از این دستگاه به آن نمی‌رسند"},
    {connect_network, "connect it to the network", "دستگاه را به شبکه وصل کنید"},
    {told_outside, "peers outside are told `{0}`", "به طرف‌های بیرونی `{0}` گفته می‌شود"},
    {public_address, "a public address stands on this machine; nothing to translate", "این دستگاه خودش نشانی عمومی دارد؛ ترجمهٔ نشانی لازم نیست"},
    {all_private, "all addresses are private, and none is set to be told outside", "همهٔ نشانی‌ها خصوصی‌اند و نشانی بیرونی گذاشته نشده است"},
    {no_audio_beyond_router, "phones and trunks beyond the router may hear nothing; with a registered trunk the address is learnt from its answers", "تلفن‌ها و خطوط آن سوی مسیریاب شاید صدایی نشنوند؛ با خط ثبت‌نام‌شده، نشانی از پاسخ‌های خودش آموخته می‌شود"},
    {set_advertise, "set [sip] advertise to the router's public address, and forward UDP/TCP `{0}` and UDP `{1}`", "نشانی عمومی مسیریاب را در `[sip] advertise` بگذارید، و درگاه UDP/TCP `{0}` و درگاه‌های UDP `{1}` را به اینجا برسانید"},

    {clock_jumps, "the wall clock moved by {0} ms within 200 ms", "ساعت دستگاه در ۲۰۰ میلی‌ثانیه {0} میلی‌ثانیه جابه‌جا شد"},
    {reports_times_off, "times in reports are off; calls are measured by another clock and are right", "زمان‌ها در گزارش‌ها نادرست می‌شوند؛ درازای تماس‌ها با ساعت دیگری سنجیده می‌شود و درست است"},
    {one_clock_service, "find who sets the clock; let one service (systemd-timesyncd or chrony) do it", "ببینید چه برنامه‌ای ساعت را تغییر می‌دهد؛ تنها یک سرویس (`systemd-timesyncd` یا `chrony`) این کار را بکند"},
    {clock_not_kept, "nobody keeps this clock in step", "هیچ سرویسی این ساعت را با زمان جهانی هماهنگ نگه نمی‌دارد"},
    {times_drift, "times in reports and in the carrier's bills drift apart", "زمان گزارش‌ها و صورت‌حساب مخابرات از هم دور می‌شوند"},
    {install_timesync, "`apt install systemd-timesyncd && timedatectl set-ntp true`", "بزنید `apt install systemd-timesyncd && timedatectl set-ntp true`"},
    {clock_steady, "the clock is steady and kept in step", "ساعت یکنواخت است و هماهنگ نگه داشته می‌شود"},

    {disk_unreadable, "`{0}`: {1}", "پوشهٔ `{0}` خوانده نمی‌شود: `{1}`"},
    {nothing_written, "nothing can be written", "چیزی نوشته نمی‌شود"},
    {check_path, "check the path", "نشانی پوشه را بررسی کنید"},
    {disk_free, "{0} MiB free", "{0} مبی‌بایت آزاد"},
    {recordings_and_calls_stop, "recordings stop below {0} MiB; new calls are refused at {1} MiB", "ضبط زیر {0} مبی‌بایت می‌ایستد؛ در {1} مبی‌بایت تماس تازه پذیرفته نمی‌شود"},
    {make_room, "make room", "جا باز کنید"},
    {recordings_stop, "recordings stop below {0} MiB", "ضبط زیر {0} مبی‌بایت می‌ایستد"},
    {make_room_soon, "make room soon", "به‌زودی جا باز کنید"},
    {cannot_write, "cannot write into `{0}`: {1}", "در `{0}` نمی‌توان نوشت: `{1}`"},
    {chown_folder, "`chown` the folder to the user that runs pasokh", "با `chown` پوشه را به کاربری بدهید که پاسخ را اجرا می‌کند"},
    {write_fails, "writing fails: {0}", "نوشتن ناکام ماند: `{0}`"},
    {nothing_journalled, "nothing can be journalled", "چیزی در دفتر رویدادها نوشته نمی‌شود"},
    {check_disk, "check the disk", "دیسک را بررسی کنید"},
    {sync_takes, "a synced write takes {0} ms (median), {1} ms (longest)", "هر نوشتن همگام {0} میلی‌ثانیه (میانه) و دست بالا {1} میلی‌ثانیه می‌کشد"},
    {steps_wait, "each step of a call waits so long; callers notice beyond 100 ms", "هر گام تماس همین اندازه می‌ماند؛ تماس‌گیرنده بیش از ۱۰۰ میلی‌ثانیه را درمی‌یابد"},
    {use_local_disk, "use a local SSD; no network file system", "از SSD همین دستگاه استفاده کنید، نه سامانهٔ پروندهٔ شبکه‌ای"},

    {files_allowed, "{0} open files allowed ({1} at most)", "{0} پروندهٔ باز مجاز است (بیشینه {1})"},
    {four_sockets, "each call needs four sockets; beyond that, calls are refused", "هر تماس چهار سوکت می‌خواهد؛ بیش از آن پذیرفته نمی‌شود"},
    {raise_limit, "`LimitNOFILE=65536` in the service file, or `ulimit -n 65536`", "در پروندهٔ سرویس `LimitNOFILE=65536` بگذارید، یا `ulimit -n 65536`"},

    {prompts_there, "{0} announcements and pieces of music in `{1}`", "{0} پیام و آهنگ در `{1}`"},
    {no_prompts, "no announcements in `{0}`", "در `{0}` پیامی نیست"},
    {tones_instead, "callers hear tones instead of words, and a beep before recording", "تماس‌گیرنده به جای سخن بوق می‌شنود، و پیش از ضبط یک بوق کوتاه"},
    {make_folder_anew, "make the data folder anew, or put WAV files there", "پوشهٔ داده را از نو بسازید، یا پرونده‌های WAV آنجا بگذارید"},
    {install_espeak, "`apt install espeak-ng`, or put recorded WAV files there", "بزنید `apt install espeak-ng`، یا پرونده‌های WAV ضبط‌شده آنجا بگذارید"},

    {not_tried_no_number, "not tried: no number is known", "آزموده نشد: شماره‌ای دانسته نیست"},
    {not_tried_no_server, "not tried: the server does not run", "آزموده نشد: سرور روشن نیست"},
    {audio_unknown, "whether audio gets through is not known", "معلوم نیست که صدا می‌رسد یا نه"},
    {give_number, "`pasokh doctor DIR --call NUMBER`, with a number that leads to a queue", "با شماره‌ای که به صف می‌رسد: `pasokh doctor DIR --call NUMBER`"},
    {start_server, "start it with `pasokh serve DIR`; then ask again", "آن را با `pasokh serve DIR` روشن کنید و دوباره بپرسید"},
    {no_call_possible, "{0}", "تماس آزمایشی ممکن نشد: `{0}`"},
    {cannot_place_call, "no call can be placed from this machine", "از این دستگاه نمی‌توان تماس گرفت"},
    {look_at_firewall, "look at the firewall", "دیوار آتش را ببینید"},
    {not_answered, "a call to {0} was not answered: `{1}`", "تماس با {0} پاسخ داده نشد: `{1}`"},
    {customers_may_too, "customers may meet the same", "شاید مشتریان هم به همین برسند"},
    {is_number_set, "is the number set (`pasokh number list`) and does a trunk take calls from 127.0.0.1 (`pasokh trunk list`)?", "آیا شماره تعریف شده (`pasokh number list`) و خطی از `127.0.0.1` تماس می‌پذیرد (`pasokh trunk list`)؟"},
    {call_heard, "a call to {0}: {1} packets heard, {2} lost, largest gap {3} ms", "تماس با {0}: {1} بسته شنیده شد، {2} گم شد، بزرگ‌ترین وقفه {3} میلی‌ثانیه"},
    {hear_nothing, "callers hear nothing", "تماس‌گیرندگان چیزی نمی‌شنوند"},
    {do_workers_run, "do the media workers run (`pasokh centre health`)? does a firewall drop UDP on the rtp ports?", "آیا پردازنده‌های صدا روشن‌اند (`pasokh centre health`)؟ آیا دیوار آتش بسته‌های UDP درگاه‌های rtp را دور می‌ریزد؟"},
    {may_hear_clicks, "callers may hear clicks", "شاید تماس‌گیرندگان تق‌تق بشنوند"},
    {overloaded, "is the machine overloaded? see `top`", "آیا بار دستگاه زیاد است؟ با `top` ببینید"},

    {verdict_ok, "ok", "خوب"},
    {verdict_warning, "warning", "هشدار"},
    {verdict_problem, "problem", "مشکل"},
    {so, "so: ", "یعنی:"},
    {then, "do: ", "چاره:"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (static_cast<std::size_t>(table[i].say) != i) return false;
  return std::size(table) == says;
}
static_assert(in_order(), "each phrase once, in the order of Say");

constexpr CheckName names[] = {
    {"configuration", "پیکربندی"}, {"sip-udp", "SIP روی UDP"}, {"sip-tcp", "SIP روی TCP"}, {"http", "وب"}, {"rtp-ports", "درگاه‌های صدا"},
    {"certificate", "گواهی"}, {"certificate-names", "نام‌های گواهی"}, {"browser-ports", "تلفن مرورگر"}, {"mail", "نامه"}, {"addresses", "نشانی‌ها"},
    {"nat", "نشانی بیرونی"}, {"clock", "ساعت"}, {"disk", "دیسک"}, {"disk-sync", "نوشتن پایدار"}, {"limits", "حدهای سیستم"}, {"prompts", "پیام‌ها"}, {"audio", "صدا"},
};

std::string filled(std::string_view pattern, const std::vector<Text>& parts, std::string Text::*language) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool part = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}';
    if (!part) { out += pattern[i]; continue; }
    out += parts.at(static_cast<std::size_t>(pattern[i + 1] - '0')).*language;
    i += 2;
  }
  return out;
}

}  // namespace

std::span<const Phrase> phrases() { return table; }
std::span<const CheckName> check_names() { return names; }

Text number(std::int64_t n) {
  const std::string digits = std::to_string(n);
  return {digits, persian_digits(digits)};
}

Text range(std::int64_t low, std::int64_t high) {
  const Text a = number(low), b = number(high);
  return {a.en + "-" + b.en, a.fa + " تا " + b.fa};
}

Text say(Say what, const std::vector<Text>& parts) {
  const Phrase& phrase = table[static_cast<std::size_t>(what)];
  return {filled(phrase.en, parts, &Text::en), filled(phrase.fa, parts, &Text::fa)};
}

Text check_name(std::string_view check) {
  for (const auto& name : names)
    if (name.check == check) return {std::string(check), name.fa};
  return std::string(check);
}

}  // namespace pasokh::app::doctor
