// Described types as JSON text (writing only). Ids are strings, Instants RFC 3339 UTC with milliseconds, Durations whole
// milliseconds under the field's own name, variants {"kind":…, fields…} when the alternative has a `kind` name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"

namespace pasokh {

std::string rfc3339(Instant at);                          // 2026-11-24T07:06:09.123Z
void append_json_string(std::string& out, std::string_view text);  // with quotes; bad UTF-8 becomes U+FFFD

template <class T>
void append_json(std::string& out, const T& value) {
  using namespace codec_detail;
  if constexpr (std::is_same_v<T, bool>) out += value ? "true" : "false";
  else if constexpr (DescribedEnum<T>) append_json_string(out, name_of(value));
  else if constexpr (std::is_enum_v<T>) out += std::to_string(static_cast<std::int64_t>(value));
  else if constexpr (std::is_integral_v<T>) out += std::to_string(value);
  else if constexpr (std::is_convertible_v<const T&, std::string_view>) append_json_string(out, value);
  else if constexpr (std::is_same_v<T, Instant>) append_json_string(out, rfc3339(value));
  else if constexpr (std::is_same_v<T, Duration>) out += std::to_string(value.ms());
  else if constexpr (is_id<T>::value) append_json_string(out, text(value));
  else if constexpr (is_vector<T>::value) {
    out += '[';
    bool first = true;
    for (const auto& item : value) { if (!first) out += ','; first = false; append_json(out, item); }
    out += ']';
  } else if constexpr (is_map<T>::value) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : value) {
      if (!first) out += ',';
      first = false;
      if constexpr (is_id<std::remove_cvref_t<decltype(key)>>::value) append_json_string(out, text(key)); else append_json_string(out, key);
      out += ':';
      append_json(out, item);
    }
    out += '}';
  } else if constexpr (is_optional<T>::value) { if (value) append_json(out, *value); else out += "null"; }
  else if constexpr (is_pair<T>::value) { out += '['; append_json(out, value.first); out += ','; append_json(out, value.second); out += ']'; }
  else if constexpr (is_variant<T>::value) std::visit([&](const auto& alternative) { append_json(out, alternative); }, value);
  else {
    constexpr auto names = field_names<T>();
    out += '{';
    bool first = true;
    if constexpr (requires { T::kind; }) { out += "\"kind\":"; append_json_string(out, T::kind); first = false; }
    std::size_t i = 0;
    std::apply([&](const auto&... field) {
      ((out += first ? "" : ",", first = false, append_json_string(out, names[i++]), out += ':', append_json(out, field)), ...);
    }, value.tie());
    out += '}';
  }
}

template <class T>
std::string json_text(const T& value) { std::string out; append_json(out, value); return out; }

}  // namespace pasokh
