#include "api/router.h"

#include <algorithm>

#include "api/secrets.h"
#include "base/log.h"

namespace pasokh::api {
namespace {

constexpr std::size_t buckets_max = 20'000, path_bytes_max = 2'048, query_parameters_max = 30;
constexpr Duration touch_every = Duration::minutes(1);

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    out.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

// nothing: the path is another one. An empty value in the map marks text that is not well formed.
std::optional<std::map<std::string, std::string>> match(std::string_view pattern, const std::vector<std::string_view>& path) {
  const auto wanted = segments(pattern);
  if (wanted.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (is_parameter(wanted[i])) found[std::string(wanted[i].substr(1, wanted[i].size() - 2))] = percent_decoded(path[i]);
    else if (wanted[i] != path[i]) return std::nullopt;
  }
  return found;
}

bool changes(std::string_view method) { return method != "GET" && method != "HEAD"; }

// Cookies are sent by the browser also for other sites' pages: what changes something must come from our own page. The custom header
// cannot be set by a form, and setting it from another origin needs a preflight that we never grant (OWASP ASVS 5.0 3.5.1-3).
bool from_our_page(const Request& request) {
  if (request.header("x-pasokh").empty()) return false;
  const auto site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin") return false;
  if (request.header("origin").empty()) return !site.empty();  // an old browser that tells neither: refused
  return same_origin(request);
}

std::string shown(const std::map<std::string, std::string>& path) {
  std::string out;
  for (const auto& [name, value] : path) out += (out.empty() ? "" : " ") + name + "=" + value.substr(0, 100);
  return out;
}

}  // namespace

const std::vector<std::string_view>& common_faults() {
  static const std::vector<std::string_view> all{"bad-request", "not-json", "bad-body", "bad-query", "sign-in-needed", "slow-down", "not-allowed",
                                                 "password-change-needed", "cross-site", "body-too-large", "not-json-type", "busy", "trouble"};
  return all;
}

std::string fault_code(const Response& response) {
  constexpr std::string_view lead = "{\"code\":\"";
  if (response.status < 400 || response.body.rfind(lead, 0) != 0) return {};
  return response.body.substr(lead.size(), response.body.find('"', lead.size()) - lead.size());
}

Response render(const Router::Target& target) {
  if (target.refused == 405) {
    Response response = refusal("no-such-method");
    response.headers.emplace_back("Allow", target.allow);
    return response;
  }
  return refusal(target.refused == 404 ? "no-such-path" : "bad-request");
}

Router::Target Router::find(std::string_view method, std::string_view whole) const {
  Target target;
  const auto mark = std::min(whole.find('?'), whole.size());
  const std::string_view path = whole.substr(0, mark);
  if (path.empty() || path.front() != '/' || path.size() > path_bytes_max || !split_query(whole.substr(std::min(mark + 1, whole.size())), target.query) ||
      target.query.size() > query_parameters_max) {
    target.refused = 400;
    return target;
  }
  const auto parts = segments(path);
  target.refused = 404;
  for (const Route& route : all_routes()) {
    auto values = match(route.path, parts);
    if (!values) continue;
    if (std::any_of(values->begin(), values->end(), [](const auto& v) { return v.second.empty(); })) { target.refused = 400; return target; }
    if (route.method == method || (method == "HEAD" && route.method == "GET")) {
      target.route = &route;
      target.path = std::move(*values);
      target.refused = 0;
      return target;
    }
    target.refused = 405;
    target.allow += (target.allow.empty() ? "" : ", ") + std::string(route.method);
  }
  return target;
}

bool Router::take(std::map<std::string, Bucket>& buckets, const std::string& key, double per_second, Instant now) {
  if (buckets.size() >= buckets_max) std::erase_if(buckets, [&](const auto& b) { return now - b.second.at > Duration::seconds(10); });
  if (buckets.size() >= buckets_max) buckets.clear();
  auto [found, fresh] = buckets.try_emplace(key, Bucket{2 * per_second, now});
  Bucket& bucket = found->second;
  const double seconds = static_cast<double>(std::max<std::int64_t>(0, (now - bucket.at).us)) / 1e6;
  bucket.left = std::min(2 * per_second, bucket.left + seconds * per_second);
  bucket.at = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

Result<std::optional<Caller>> Router::who_is(const Request& request, Instant now, bool& by_cookie) {
  std::string token;
  const auto authorization = request.header("authorization");
  if (authorization.rfind("Bearer ", 0) == 0) token = authorization.substr(7);
  else if (token = cookie(request.header("cookie"), session_cookie(request.secure)); !token.empty()) by_cookie = true;
  if (token.empty() || token.size() > 100) return std::optional<Caller>();
  const std::string hash = token_hash(token);
  TRY(found, services_.access().session(hash, now));
  if (!found) return std::optional<Caller>();
  const auto& [session, user] = *found;
  const bool program = !session.token_name.empty();
  if (!program && access::is_idle(user.role, session.last_used, now)) {
    TRY(ended, services_.access().end_session(hash));
    (void)ended;
    return std::optional<Caller>();
  }
  if (now - session.last_used > touch_every) TRY_DONE(services_.access().touch_session(hash, now));
  return std::optional<Caller>(Caller{.login = program ? "token:" + session.token_name : user.login, .role = program ? session.role : user.role,
                                      .agent = program ? session.agent : user.agent, .session = hash, .is_program = program,
                                      .must_change_password = !program && user.must_change});
}

// The gate: nothing when the request may pass.
std::optional<Response> Router::admit(const Request& request, const Route& route, std::optional<Caller>& caller, Instant now) {
  {
    const std::scoped_lock lock(guard_);
    if (!take(addresses_, request.address, limits_.per_address, now)) {
      Response slow = refusal("slow-down");
      slow.headers.emplace_back("Retry-After", "1");
      return slow;
    }
  }
  bool by_cookie = false;
  auto who = who_is(request, now, by_cookie);
  if (!who) return refusal(who.error());
  caller = std::move(*who);
  if (by_cookie && changes(request.method) && route.permission != access::Permission::anyone && !from_our_page(request)) return refusal("cross-site");
  if (caller) {
    const std::scoped_lock lock(guard_);
    if (!take(users_, caller->login, limits_.per_user, now)) {
      Response slow = refusal("slow-down");
      slow.headers.emplace_back("Retry-After", "1");
      return slow;
    }
  }
  if (route.permission == access::Permission::anyone) return std::nullopt;
  if (!caller) {
    if (route.loopback_free && request.from_loopback) return std::nullopt;
    Response needed = refusal("sign-in-needed");
    needed.headers.emplace_back("WWW-Authenticate", "Bearer");
    return needed;
  }
  if (!access::allows(caller->role, route.permission)) return refusal("not-allowed");
  if (caller->must_change_password && !route.before_password_change) return refusal("password-change-needed");
  return std::nullopt;
}

void Router::audit(const Call& call, const Route& route, const Response& response) {
  const std::string code = fault_code(response);
  const bool denied = code == "not-allowed" || code == "not-yours" || code == "cross-site";
  if (route.audited_by_itself && !denied) return;
  if (!denied && (!changes(call.request.method) || !call.caller)) return;
  auto written = services_.access().audit({.at = call.now, .who = call.caller ? call.caller->login : "", .from = call.request.address,
                                           .what = std::string(route.operation), .object = shown(call.path), .outcome = code.empty() ? "done" : code});
  if (!written) log(LogLevel::error, "the audit log cannot be written", {{"cause", written.error().text}});
}

void Router::check_faults(const Route& route, const Response& response) {
  const std::string code = fault_code(response);
  if (code.empty()) return;
  const auto named = [&](const std::vector<std::string_view>& list) { return std::find(list.begin(), list.end(), code) != list.end(); };
  if (named(route.faults) || named(common_faults()) || route.asks_centre) return;
  log(LogLevel::error, "a route gave a fault that its row does not name", {{"operation", std::string(route.operation)}, {"code", code}});
  if (undeclared) undeclared(route, code);
}

void Router::count(const Route* route, const Response& response) {
  const std::scoped_lock lock(guard_);
  ++answered_[{route ? std::string(route->operation) : "none", response.status}];
}

Response Router::handle(const Request& request, const Target& target) {
  const Instant now = services_.now();
  if (!target.route) {
    Response response = render(target);
    count(nullptr, response);
    return response;
  }
  const Route& route = *target.route;
  Call call{.request = request, .services = services_, .path = target.path, .query = target.query, .caller = std::nullopt, .now = now};
  std::optional<Response> refused = admit(request, route, call.caller, now);
  Response response = refused ? std::move(*refused) : route.run(call);
  check_faults(route, response);
  audit(call, route, response);
  count(&route, response);
  return response;
}

std::string Router::metrics() const {
  std::string out = "# HELP pasokh_http_requests_total HTTP requests answered, by operation and status.\n# TYPE pasokh_http_requests_total counter\n";
  const std::scoped_lock lock(guard_);
  for (const auto& [key, n] : answered_)
    out += "pasokh_http_requests_total{operation=\"" + key.first + "\",status=\"" + std::to_string(key.second) + "\"} " + std::to_string(n) + "\n";
  return out;
}

}  // namespace pasokh::api
