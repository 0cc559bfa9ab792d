// A route: a row that describes itself. From the rows follow what is allowed to whom, what is read and written, and the OpenAPI
// document. The handler only unwraps, asks, wraps.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/faults.h"
#include "api/http.h"
#include "api/json_read.h"
#include "api/schema.h"
#include "base/json_text.h"
#include "office/access/access.h"
#include "storage/access_store.h"

namespace pasokh::api {

class Services;

// Who asks: a person in a session, or a program with a token.
struct Caller {
  std::string login;                 // as journalled and audited; a token's is "token:NAME"
  access::Role role = access::Role::agent;
  std::string agent;                 // code, when the person is one
  std::string session;               // hash
  bool is_program = false;
  bool must_change_password = false;
};

// One request at work in a handler.
struct Call {
  const Request& request;
  Services& services;
  const std::map<std::string, std::string>& path;    // {code} -> value
  const std::map<std::string, std::string>& query;
  std::optional<Caller> caller;                      // nothing: not signed in (Permission::anyone)
  Instant now;
  std::vector<std::pair<std::string, std::string>> answer_headers{};

  const Caller& who() const { return *caller; }
  std::string at(const std::string& name) const { const auto f = path.find(name); return f == path.end() ? std::string() : f->second; }
  std::string asked(const std::string& name) const { const auto f = query.find(name); return f == query.end() ? std::string() : f->second; }
};

struct Nothing { PASOKH_NO_FIELDS };                 // no body; an answer of it is 204
struct JsonText { std::string json; };               // JSON as the centre gave it
struct Whole { Response response; };                 // the handler made the whole answer

struct Parameter { std::string_view name, says; };

enum class Lane : std::uint8_t {
  ordinary,                          // milliseconds
  hashing,                           // passwords: at most two at once, so that a flood of sign-ins takes neither CPU nor memory from calls
  reading,                           // reports and recordings
};

struct Row {                   // what a row says in words
  std::string_view operation;        // the name in every generated client: never renamed
  std::string_view method, path, says;
  access::Permission permission = access::Permission::anyone;
  std::vector<std::string_view> faults = {};   // besides those that every route has (see common_faults)
  std::vector<Parameter> query = {};
  Lane lane = Lane::ordinary;
  bool asks_centre = false;          // may also be refused with one of the centre's own codes
  bool before_password_change = false;         // open to one who must change the password first
  bool loopback_free = false;        // no sign-in needed from this machine
  bool audited_by_itself = false;    // else: each change is audited by the router
  std::size_t body_max = 64 << 10;
  std::string_view answer_says = "Done";
  std::string_view answer_type = "application/json";
  std::string_view answer_schema = {};         // of a JsonText
};

struct Route : Row {
  std::function<Response(Call&)> run;
  std::function<std::string(Components&)> body_schema, answer_schema_of;  // empty: no body
};

const std::vector<std::string_view>& common_faults();

namespace route_detail {

template <class Body>
std::optional<Response> read_body(const Request& request, Body& body) {
  if constexpr (!std::is_same_v<Body, Nothing>) {
    if (request.body.empty()) {  // where every field is optional, no body is as good as {}
      const std::string wrong = read_json(Json::parse("{}")->root(), body);
      return wrong.empty() ? std::nullopt : std::optional(refusal("bad-body", wrong));
    }
    const auto type = request.header("content-type");
    if (type.substr(0, type.find(';')) != "application/json") return refusal("not-json-type");
    const auto json = Json::parse(request.body);
    if (!json) return refusal("not-json", json.error().text);
    if (const std::string wrong = read_json(json->root(), body); !wrong.empty()) return refusal("bad-body", wrong);
  }
  return std::nullopt;
}

template <class Answer>
Response wrap(Answer&& answer) {
  using T = std::remove_cvref_t<Answer>;
  if constexpr (std::is_same_v<T, Nothing>) return Response{.status = 204, .type = {}};
  else if constexpr (std::is_same_v<T, JsonText>) return Response{.body = std::move(answer.json)};
  else if constexpr (std::is_same_v<T, Whole>) return std::move(answer.response);
  else return Response{.body = json_text(answer)};
}

}  // namespace route_detail

template <class Body, class Answer>
Route route(Row row, Result<Answer> (*handler)(Call&, const Body&)) {
  Route out{std::move(row), {}, {}, {}};
  out.run = [handler](Call& call) {
    Body body{};
    if (auto refused = route_detail::read_body(call.request, body)) return std::move(*refused);
    auto answer = handler(call, body);
    if (!answer) return refusal(answer.error());
    Response response = route_detail::wrap(std::move(*answer));
    for (auto& header : call.answer_headers) response.headers.push_back(std::move(header));
    return response;
  };
  if constexpr (!std::is_same_v<Body, Nothing>) out.body_schema = [](Components& c) { return schema_of<Body>(c); };
  if constexpr (!std::is_same_v<Answer, Nothing> && !std::is_same_v<Answer, JsonText> && !std::is_same_v<Answer, Whole>)
    out.answer_schema_of = [](Components& c) { return schema_of<Answer>(c); };
  return out;
}

}  // namespace pasokh::api
