// How a phone gets its settings: a link that opens once. Whoever opens it gets a new password for the device, made at that moment and
// kept by us only as its hash; so the link can be sent about, and a stolen one that was used is seen at once: the phone's own opens no more.
#include <algorithm>

#include "api/office_bodies.h"
#include "api/qr.h"
#include "api/routes.h"
#include "api/secrets.h"
#include "api/services.h"
#include "api/tls_authority.h"
#include "base/log.h"
#include "storage/provisioning.h"

namespace pasokh::api {
namespace {

using access::Permission;
using storage::Database;
using storage::Provisioning;
using storage::ProvisioningLink;

constexpr std::int32_t hours_default = 24, hours_max = 168;
constexpr std::size_t password_letters = 20;

struct NewLink {
  static constexpr auto schema_name = "NewProvisioning";
  std::optional<std::int32_t> hours;
  std::optional<std::string> transport;          // udp (default) or tcp
  PASOKH_FIELDS(hours, transport)
};
struct LinkMade {
  static constexpr auto schema_name = "ProvisioningMade";
  std::string id, url;
  Instant expires;
  std::string qr, linphone_url, linphone_qr;     // pictures: SVG
  PASOKH_FIELDS(id, url, expires, qr, linphone_url, linphone_qr)
};
struct LinkView {
  static constexpr auto schema_name = "Provisioning";
  std::string id;
  Instant made;
  std::string made_by;
  Instant expires;
  std::optional<Instant> opened;
  std::optional<std::string> opened_from;
  PASOKH_FIELDS(id, made, made_by, expires, opened, opened_from)
};

std::string host_of(const Request& request) {    // as the browser wrote it, without the port
  std::string host(request.header("host"));
  if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) host.resize(colon);
  return host;
}
bool is_plain_host(const std::string& host) { return !host.empty() && host.size() <= 253 && host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == host.npos; }
bool is_loopback(const std::string& host) { return host == "localhost" || host.starts_with("127.") || host == "[::1]"; }

// Where a phone finds us: as whoever asks does; and when that is this machine itself, by our first address in the network.
std::string reachable_host(const Request& request) {
  const std::string host = host_of(request);
  if (is_plain_host(host) && !is_loopback(host)) return host;
  for (const auto& address : own_names().addresses)
    if (address.find(':') == address.npos && !address.starts_with("127.")) return address;
  return is_plain_host(host) ? host : "127.0.0.1";
}

std::string base_url(Call& call) {
  if (const auto port = call.services.hooks().https_port) return "https://" + reachable_host(call.request) + (port == 443 ? "" : ":" + std::to_string(port));
  const std::string whole(call.request.header("host"));
  return "http://" + (is_plain_host(whole) ? whole : "127.0.0.1");
}

std::string text_in(const JsonView& row, std::string_view field) {
  for (const auto& [key, member] : row.members())
    if (key == field && member.kind() == JsonView::Kind::text) return std::string(member.text());
  return {};
}

Result<> is_phone(Call& call, const std::string& device) {
  TRY(json, call.services.ask_one({.noun = "device", .verb = "list", .target = {}, .settings = {}, .by = "provisioning"}));
  TRY(rows, Json::parse(json));
  for (const JsonView row : rows.root().items())
    if (text_in(row, "device") == device) return text_in(row, "kind") == "browser" ? Result<>(trouble("device-not-phone", "")) : Result<>(Done{});
  return trouble("device-unknown", "");
}

Result<LinkMade> make(Call& call, const NewLink& body) {
  const std::string device = call.at("user"), transport = body.transport.value_or("udp");
  const std::int32_t hours = body.hours.value_or(hours_default);
  if (hours < 1 || hours > hours_max) return trouble("bad-body", "/hours: expected 1 to 168");
  if (transport != "udp" && transport != "tcp") return trouble("bad-body", "/transport: expected udp or tcp");
  TRY_DONE(is_phone(call, device));
  const std::string token = new_token();
  const ProvisioningLink link{.device = device, .transport = transport, .made_by = call.who().login, .made = call.now, .expires = call.now + Duration::hours(hours), .opened = {}, .opened_from = {}};
  TRY(office, call.services.office());
  TRY(id, office->write([&](Database& db) { return Provisioning(db).add(link, token_hash(token)); }));
  const std::string url = base_url(call) + "/provision/" + token, linphone = url + "/linphone.xml";
  return LinkMade{std::to_string(id), url, link.expires, qr_svg(url), linphone, qr_svg(linphone)};
}

Result<std::vector<LinkView>> list(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(links, office->read([&](Database& db) { return Provisioning(db).of(call.at("user")); }));
  std::vector<LinkView> views;
  for (const auto& l : links) views.push_back({std::to_string(l.id), l.made, l.made_by, l.expires, l.opened, l.opened ? std::optional(l.opened_from) : std::nullopt});
  return views;
}

Result<Nothing> revoke(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY_DONE(office->write([&](Database& db) { return Provisioning(db).revoke(call.at("user"), call.now); }));
  return Nothing{};
}

// --- what stands behind the link

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

Whole page(int status, const std::string& fa, const std::string& en) {
  return Whole{{.status = status, .type = "text/html; charset=utf-8",
                .body = "<!doctype html>\n<html lang=\"fa\" dir=\"rtl\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">"
                        "<title>پاسخ: تنظیم تلفن</title><link rel=\"stylesheet\" href=\"/start.css\"></head>\n<body><main>\n<section lang=\"fa\" dir=\"rtl\">" + fa +
                        "</section>\n<hr>\n<section lang=\"en\" dir=\"ltr\">" + en + "</section>\n</main></body></html>\n"}};
}
Whole gone() {
  return page(410, "<h1>این پیوند دیگر باز نمی‌شود</h1><p>یک بار باز شده، یا زمانش گذشته است. از مدیر سامانه پیوند تازه‌ای بخواهید. اگر شما آن را باز نکرده‌اید، به او بگویید.</p>",
              "<h1>This link opens no more</h1><p>It was opened once, or its time is over. Ask the administrator for a new one, and say so if it was not you who opened it.</p>");
}

// What mail programs and messengers look at by themselves must not use the link up: the settings come by a press of the button.
Result<Whole> ask_first(Call& call, const Nothing&) {
  TRY(office, call.services.office());
  TRY(link, office->read([&](Database& db) { return Provisioning(db).closed(token_hash(call.at("token")), call.now); }));
  if (!link) return gone();
  const std::string form = "<form method=\"post\" action=\"/provision/" + escaped(call.at("token")) + "\"><button type=\"submit\">";
  return page(200, "<h1>تنظیم تلفن " + escaped(link->device) + "</h1><p>با زدن دکمه، گذرواژهٔ تازه‌ای برای این تلفن ساخته و یک بار نشان داده می‌شود. تلفنی که با گذرواژهٔ پیشین وصل است باید از نو تنظیم شود.</p>" + form + "نمایش تنظیمات</button></form>",
              "<h1>Settings of phone " + escaped(link->device) + "</h1><p>The button makes a new password for this phone and shows it once. A phone that is signed in with the old one must be set up anew.</p>" + form + "Show the settings</button></form>");
}

struct Opened { ProvisioningLink link; std::string password, server; std::uint16_t port = 5060; };

// Opens the link and gives the device a new password; nothing when it opens no more.
Result<std::optional<Opened>> open(Call& call) {
  TRY(office, call.services.office());
  TRY(link, office->write([&](Database& db) { return Provisioning(db).open(token_hash(call.at("token")), call.request.address, call.now); }));
  if (!link) return std::optional<Opened>();
  Opened opened{*link, random_password(password_letters), reachable_host(call.request), call.services.hooks().sip_port};
  const auto set = call.services.ask_one({.noun = "device", .verb = "set", .target = link->device, .settings = {{"password", opened.password}}, .by = "provisioning"});
  const auto noted = call.services.access().audit({.at = call.now, .who = "link of " + link->made_by, .from = call.request.address, .what = "device_provision", .object = "device=" + link->device,
                                                   .outcome = set ? "done" : set.error().code});
  if (!noted) log(LogLevel::error, "the audit log cannot be written", {{"cause", noted.error().text}});
  if (!set) {
    if (set.error().code == "device-unknown") return std::optional<Opened>();
    TRY_DONE(office->write([&](Database& db) { return Provisioning(db).close_again(link->id); }));
    return set.error();
  }
  return std::optional(std::move(opened));
}

Result<Whole> show(Call& call, const Nothing&) {
  TRY(opened, open(call));
  if (!opened) return gone();
  const std::string server = opened->server + ":" + std::to_string(opened->port);
  const std::string uri = "sip:" + opened->link.device + ":" + opened->password + "@" + server + ";transport=" + opened->link.transport;
  const auto rows = [&](const char* of_server, const char* user, const char* password, const char* transport) {
    const auto row = [](const char* name, const std::string& value) { return "<tr><th>" + std::string(name) + "</th><td><code dir=\"ltr\">" + escaped(value) + "</code></td></tr>"; };
    return "<table>" + row(of_server, server) + row(user, opened->link.device) + row(password, opened->password) + row(transport, opened->link.transport == "udp" ? "UDP" : "TCP") + "</table>";
  };
  return page(200, "<h1>تنظیمات تلفن</h1>" + rows("کارساز (SIP)", "کاربر", "گذرواژه", "انتقال") + "<p>این صفحه دیگر باز نمی‌شود. تلفن‌هایی که QR می‌خوانند:</p>" + qr_svg(uri),
              "<h1>The phone's settings</h1>" + rows("Server (SIP)", "User", "Password", "Transport") + "<p>This page does not open again. Phones that read a QR code find the settings in the picture above.</p>");
}

// Linphone's remote provisioning (lpconfig XML). The phone fetches it by itself, so that one request is all there is.
Result<Whole> linphone(Call& call, const Nothing&) {
  TRY(opened, open(call));
  if (!opened) return gone();
  const auto entry = [](const std::string& name, const std::string& value) { return "    <entry name=\"" + name + "\" overwrite=\"true\">" + escaped(value) + "</entry>\n"; };
  const std::string proxy = "<sip:" + opened->server + ":" + std::to_string(opened->port) + ";transport=" + opened->link.transport + ">";
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<config xmlns=\"http://www.linphone.org/xsds/lpconfig.xsd\">\n  <section name=\"sip\">\n" + entry("default_proxy", "0") + "  </section>\n  <section name=\"auth_info_0\">\n";
  xml += entry("username", opened->link.device) + entry("passwd", opened->password) + entry("domain", opened->server) + "  </section>\n  <section name=\"proxy_0\">\n";
  xml += entry("reg_proxy", proxy) + entry("reg_identity", "sip:" + opened->link.device + "@" + opened->server) + entry("reg_expires", "600") + entry("reg_sendregister", "1") + "  </section>\n</config>\n";
  return Whole{{.type = "application/xml; charset=utf-8", .body = std::move(xml)}};
}

}  // namespace

std::vector<Route> provisioning_routes() {
  std::vector<Route> rows;
  rows.push_back(route<NewLink, LinkMade>({.operation = "device_provision", .method = "POST", .path = "/v1/devices/{user}/provisioning",
      .says = "A link that gives a phone its settings, once: the link and its QR code (SVG), as a page for people and as XML for Linphone. Told only now. Opening it makes a new password for the device",
      .permission = Permission::change_settings, .faults = {"device-unknown", "device-not-phone"}, .asks_centre = true}, make));
  rows.push_back(route<Nothing, std::vector<LinkView>>({.operation = "device_provisionings", .method = "GET", .path = "/v1/devices/{user}/provisioning", .says = "Links made for a device, newest first, and who opened them from where",
      .permission = Permission::change_settings}, list));
  rows.push_back(route<Nothing, Nothing>({.operation = "device_provision_revoke", .method = "DELETE", .path = "/v1/devices/{user}/provisioning", .says = "Links of a device that were not opened yet open no more",
      .permission = Permission::change_settings}, revoke));
  rows.push_back(route<Nothing, Whole>({.operation = "provision_page", .method = "GET", .path = "/provision/{token}", .says = "Behind such a link: asks before it is used up", .answer_type = "text/html"}, ask_first));
  rows.push_back(route<Nothing, Whole>({.operation = "provision_open", .method = "POST", .path = "/provision/{token}", .says = "Opens the link: a phone's settings, shown once", .asks_centre = true,
      .audited_by_itself = true, .answer_type = "text/html"}, show));
  rows.push_back(route<Nothing, Whole>({.operation = "provision_linphone", .method = "GET", .path = "/provision/{token}/linphone.xml", .says = "Opens the link: the settings as Linphone reads them", .asks_centre = true,
      .audited_by_itself = true, .answer_type = "application/xml"}, linphone));
  return rows;
}

}  // namespace pasokh::api
