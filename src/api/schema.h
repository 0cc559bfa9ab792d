// The JSON Schema (OpenAPI 3.1) of a described type. A type with `static constexpr auto schema_name = "Queue"` becomes a component
// of its own and is referred to by that name; others are written out in place.
#pragma once

#include <map>
#include <string>

#include "base/codec.h"
#include "base/describe.h"
#include "base/json_text.h"

namespace pasokh::api {

using Components = std::map<std::string, std::string>;  // name -> schema

template <class T>
std::string schema_of(Components& components) {
  using namespace codec_detail;
  if constexpr (std::is_same_v<T, bool>) return R"({"type":"boolean"})";
  else if constexpr (DescribedEnum<T>) {
    std::string out = R"({"type":"string","enum":[)";
    for (std::size_t i = 0; i < enum_names<T>.size(); ++i) { if (i) out += ','; append_json_string(out, enum_names<T>[i]); }
    return out + "]}";
  }
  else if constexpr (std::is_integral_v<T>) return R"({"type":"integer"})";
  else if constexpr (std::is_same_v<T, std::string>) return R"({"type":"string"})";
  else if constexpr (std::is_same_v<T, Instant>) return R"({"type":"string","format":"date-time"})";
  else if constexpr (std::is_same_v<T, Duration>) return R"({"type":["integer","string"],"description":"milliseconds; read also as a text like 20s"})";
  else if constexpr (is_id<T>::value) return R"({"type":"string","pattern":"^[0-9]+$"})";
  else if constexpr (is_optional<T>::value) return schema_of<typename T::value_type>(components);
  else if constexpr (is_vector<T>::value) return R"({"type":"array","items":)" + schema_of<typename T::value_type>(components) + "}";
  else if constexpr (is_map<T>::value) return R"({"type":"object","additionalProperties":)" + schema_of<typename T::mapped_type>(components) + "}";
  else if constexpr (is_variant<T>::value || is_pair<T>::value) return "{}";
  else {
    std::string properties, required;
    constexpr auto names = field_names<T>();
    std::size_t i = 0;
    const auto one = [&](const auto& field) {
      using Field = std::remove_cvref_t<decltype(field)>;
      const auto name = names[i++];
      if (!properties.empty()) properties += ',';
      append_json_string(properties, name);
      properties += ':' + schema_of<Field>(components);
      if constexpr (!is_optional<Field>::value) { if (!required.empty()) required += ','; append_json_string(required, name); }
    };
    const T example{};
    std::apply([&](const auto&... field) { (one(field), ...); }, example.tie());
    std::string out = R"({"type":"object","properties":{)" + properties + "}";
    if (!required.empty()) out += ",\"required\":[" + required + "]";
    out += "}";
    if constexpr (requires { T::schema_name; }) {
      components[T::schema_name] = out;
      return std::string(R"({"$ref":"#/components/schemas/)") + T::schema_name + "\"}";
    } else {
      return out;
    }
  }
}

}  // namespace pasokh::api
