#include "api/json_value.h"

#include <boost/json.hpp>
#include <limits>

namespace pasokh::api {
namespace {

namespace json = boost::json;
const json::value& of(const void* value) { return *static_cast<const json::value*>(value); }

}  // namespace

JsonView::Kind JsonView::kind() const {
  const auto& v = of(value_);
  switch (v.kind()) {
    case json::kind::null: return Kind::null;
    case json::kind::bool_: return Kind::boolean;
    case json::kind::int64: return Kind::integer;
    case json::kind::uint64: return Kind::number;  // above 2^63: nothing of ours is so large
    case json::kind::double_: return Kind::number;
    case json::kind::string: return Kind::text;
    case json::kind::array: return Kind::list;
    case json::kind::object: return Kind::object;
  }
  return Kind::null;
}

bool JsonView::boolean() const { return of(value_).get_bool(); }
std::int64_t JsonView::integer() const { return of(value_).get_int64(); }
std::string_view JsonView::text() const { return {of(value_).get_string().data(), of(value_).get_string().size()}; }

std::vector<JsonView> JsonView::items() const {
  std::vector<JsonView> out;
  for (const auto& item : of(value_).get_array()) out.push_back(JsonView(&item));
  return out;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::members() const {
  std::vector<std::pair<std::string_view, JsonView>> out;
  for (const auto& [key, value] : of(value_).get_object()) out.emplace_back(std::string_view(key.data(), key.size()), JsonView(&value));
  return out;
}

std::string JsonView::written() const { return json::serialize(of(value_)); }

Result<Json> Json::parse(std::string_view text) {
  boost::system::error_code error;
  auto document = std::make_shared<json::value>(json::parse(json::string_view(text.data(), text.size()), error));
  if (error) return trouble("not-json", "the body is not JSON: " + error.message());
  return Json(std::move(document));
}

JsonView Json::root() const { return JsonView(document_.get()); }

}  // namespace pasokh::api
