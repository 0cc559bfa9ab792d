// How a browser is told to trust this centre: the local authority's certificate, and what to do with it, in both languages.
#include <fstream>
#include <sstream>

#include "api/routes.h"
#include "api/services.h"
#include "api/tls_authority.h"

namespace pasokh::api {
namespace {

Result<Whole> authority_file(Call& call, const Nothing&) {
  std::ifstream in(tls_files(call.services.dir()).authority, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) return Whole{refusal("authority-unknown")};
  Response response{.type = "application/x-x509-ca-cert", .body = std::move(text).str()};
  response.headers = {{"Content-Disposition", "attachment; filename=\"pasokh-authority.crt\""}};
  return Whole{std::move(response)};
}

constexpr std::string_view page_head = R"html(<!doctype html>
<html lang="fa" dir="rtl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>پاسخ: اعتماد به این سامانه</title><link rel="stylesheet" href="/start.css"></head>
<body><main>
<section lang="fa" dir="rtl">
<h1>اعتماد به این سامانه</h1>
<p>مرورگر تنها در صفحهٔ HTTPS میکروفون را در اختیار می‌گذارد. این سامانه در شبکهٔ شما گواهی خودش را دارد؛ یک بار به مرجع آن اعتماد کنید:</p>
<p><a href="/authority.crt">دریافت پروندهٔ مرجع (authority.crt)</a></p>
<p>پیش از نصب، اثر انگشت را با آنچه مدیر سامانه می‌گوید بسنجید (فرمان <bdi dir="ltr">pasokh doctor</bdi> یا همین صفحه روی خود سامانه):</p>
<p><code dir="ltr">)html";
constexpr std::string_view page_middle = R"html(</code></p>
<ul>
<li>ویندوز (Chrome، Edge): پرونده را باز کنید ← Install Certificate ← Local Machine ← Trusted Root Certification Authorities.</li>
<li>Firefox: تنظیمات ← حریم خصوصی و امنیت ← گواهی‌ها ← نمایش گواهی‌ها ← مراجع ← درون‌ریزی؛ «اعتماد برای شناسایی وبگاه‌ها».</li>
<li>اندروید: تنظیمات ← امنیت ← رمزگذاری و گواهی‌ها ← نصب گواهی ← گواهی CA.</li>
<li>آیفون: پرونده را در Safari بگیرید، نمایه را نصب کنید، سپس General ← About ← Certificate Trust Settings آن را روشن کنید.</li>
<li>لینوکس: در <bdi dir="ltr">/usr/local/share/ca-certificates/</bdi> بگذارید و <bdi dir="ltr">update-ca-certificates</bdi> را اجرا کنید؛ Chrome: تنظیمات ← گواهی‌ها ← مراجع.</li>
<li>مدیر شبکه می‌تواند آن را با Group Policy برای همه نصب کند.</li>
</ul>
</section>
<hr>
<section lang="en" dir="ltr">
<h1>Trust this centre</h1>
<p>Browsers give a page the microphone over HTTPS only. In your network this centre has a certificate of its own; trust its authority once:</p>
<p><a href="/authority.crt">Get the authority's file (authority.crt)</a></p>
<p>Before you install it, compare the fingerprint with what the administrator tells you (this page on the server itself shows it too):</p>
<p><code>)html";
constexpr std::string_view page_end = R"html(</code></p>
<ul>
<li>Windows (Chrome, Edge): open the file → Install Certificate → Local Machine → Trusted Root Certification Authorities.</li>
<li>Firefox: Settings → Privacy &amp; Security → Certificates → View Certificates → Authorities → Import; “Trust this CA to identify websites”.</li>
<li>Android: Settings → Security → Encryption &amp; credentials → Install a certificate → CA certificate.</li>
<li>iPhone: fetch the file in Safari, install the profile, then General → About → Certificate Trust Settings: switch it on.</li>
<li>Linux: put it into /usr/local/share/ca-certificates/ and run update-ca-certificates; Chrome: Settings → Certificates → Authorities.</li>
<li>A network administrator can install it for everybody by Group Policy.</li>
</ul>
</section>
</main></body></html>
)html";

Result<Whole> authority_page(Call& call, const Nothing&) {
  const auto facts = read_certificate(tls_files(call.services.dir()).authority);
  if (!facts) return Whole{refusal("authority-unknown")};
  const std::string says = "SHA-256 " + facts->fingerprint;  // hex and colons: nothing to escape
  return Whole{{.type = "text/html; charset=utf-8", .body = std::string(page_head) + says + std::string(page_middle) + says + std::string(page_end)}};
}

}  // namespace

std::vector<Route> authority_routes() {
  std::vector<Route> rows;
  rows.push_back(route<Nothing, Whole>({.operation = "authority_page", .method = "GET", .path = "/authority", .says = "How to make a browser trust this centre, in both languages",
      .faults = {"authority-unknown"}, .answer_type = "text/html"}, authority_page));
  rows.push_back(route<Nothing, Whole>({.operation = "authority_file", .method = "GET", .path = "/authority.crt", .says = "The local authority's certificate, in PEM form",
      .faults = {"authority-unknown"}, .answer_type = "application/x-x509-ca-cert"}, authority_file));
  return rows;
}

}  // namespace pasokh::api
