// JSON into a described type (PASOKH_FIELDS). What is unknown, missing or of the wrong kind is named by its place
// ("/skills/0/level: expected a whole number"). Optional fields may be absent or null; all others must be there.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/json_value.h"
#include "base/codec.h"
#include "base/describe.h"
#include "base/nearest.h"
#include "base/time.h"

namespace pasokh::api {

bool duration_from(std::string_view text, Duration& out);  // "20s", "500ms", "5m", "1h"

// empty: read; otherwise what is wrong
template <class T>
std::string read_json(JsonView json, T& value, const std::string& place = "") {
  using Kind = JsonView::Kind;
  using namespace codec_detail;
  const auto expected = [&](const std::string& what) { return (place.empty() ? "/" : place) + ": expected " + what; };
  if constexpr (is_optional<T>::value) {
    if (json.kind() == Kind::null) { value.reset(); return {}; }
    return read_json(json, value.emplace(), place);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (json.kind() != Kind::boolean) return expected("true or false");
    value = json.boolean();
  } else if constexpr (DescribedEnum<T>) {
    if (json.kind() == Kind::text && from_name(json.text(), value)) return {};
    std::string list;
    for (const auto name : enum_names<T>) list += (list.empty() ? "" : ", ") + std::string(name);
    return expected("one of " + list);
  } else if constexpr (std::is_integral_v<T>) {
    if (json.kind() != Kind::integer || !std::in_range<T>(json.integer())) return expected("a whole number");
    value = static_cast<T>(json.integer());
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (json.kind() != Kind::text) return expected("a text");
    value = json.text();
  } else if constexpr (std::is_same_v<T, Duration>) {
    if (json.kind() == Kind::integer && json.integer() >= 0 && json.integer() < std::int64_t{1} << 40) value = Duration::milliseconds(json.integer());
    else if (json.kind() != Kind::text || !duration_from(json.text(), value)) return expected("milliseconds, or a text like \"20s\"");
  } else if constexpr (is_vector<T>::value) {
    if (json.kind() != Kind::list) return expected("a list");
    value.clear();
    for (const JsonView item : json.items()) {
      const std::string here = place + "/" + std::to_string(value.size());
      if (auto wrong = read_json(item, value.emplace_back(), here); !wrong.empty()) return wrong;
    }
  } else if constexpr (is_map<T>::value) {
    if (json.kind() != Kind::object) return expected("an object");
    value.clear();
    for (const auto& [key, member] : json.members())
      if (auto wrong = read_json(member, value[std::string(key)], place + "/" + std::string(key)); !wrong.empty()) return wrong;
  } else {
    static_assert(Described<T>, "give the type PASOKH_FIELDS");
    if (json.kind() != Kind::object) return expected("an object");
    constexpr auto names = field_names<T>();
    const auto members = json.members();
    for (const auto& [key, member] : members) {
      if (std::find(names.begin(), names.end(), key) != names.end()) continue;
      const std::string near = nearest(key, {names.begin(), names.end()});
      return place + "/" + std::string(key) + ": unknown" + (near.empty() ? "" : "; did you mean " + near + "?");
    }
    std::string wrong;
    std::size_t i = 0;
    const auto one = [&](auto& field) {
      const std::string_view name = names[i++];
      if (!wrong.empty()) return;
      const auto found = std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == name; });
      if (found != members.end()) wrong = read_json(found->second, field, place + "/" + std::string(name));
      else if constexpr (!is_optional<std::remove_cvref_t<decltype(field)>>::value) wrong = place + "/" + std::string(name) + ": missing";
    };
    std::apply([&](auto&... field) { (one(field), ...); }, value.tie());
    return wrong;
  }
  return {};
}

}  // namespace pasokh::api
