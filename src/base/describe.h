// PASOKH_FIELDS(a, b, c) inside a struct names its members once; from that follow the binary form (base/codec.h) and JSON
// (base/json_text.h). Fields are only ever appended: an old reader skips what it does not know, a new reader keeps the
// default for what an old writer did not write.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

namespace pasokh {

#define PASOKH_FIELDS(...)                                          \
  static constexpr std::string_view field_list = #__VA_ARGS__;      \
  auto tie() { return std::tie(__VA_ARGS__); }                      \
  auto tie() const { return std::tie(__VA_ARGS__); }
#define PASOKH_NO_FIELDS                              \
  static constexpr std::string_view field_list = "";  \
  auto tie() { return std::tie(); }                   \
  auto tie() const { return std::tie(); }

template <class T>
concept Described = requires(T& t) { T::field_list; t.tie(); };

// The names in PASOKH_FIELDS, in order.
template <Described T>
constexpr auto field_names() {
  constexpr std::size_t n = std::tuple_size_v<decltype(std::declval<T&>().tie())>;
  std::array<std::string_view, n> names{};
  std::string_view rest = T::field_list;
  for (std::size_t i = 0; i < n; ++i) {
    auto end = rest.find(',');
    auto name = rest.substr(0, end);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    names[i] = name;
    if (end != rest.npos) rest.remove_prefix(end + 1);
  }
  return names;
}

// Enumerations: specialise with the names in order of their values, starting at 0.
//   template <> inline constexpr std::array enum_names<Colour>{"red", "green"};
template <class E>
inline constexpr int enum_names = 0;  // the primary template: not described

template <class E>
concept DescribedEnum = std::is_enum_v<E> && !std::is_same_v<std::remove_cvref_t<decltype(enum_names<E>)>, int>;

template <DescribedEnum E>
constexpr std::string_view name_of(E e) {
  auto i = static_cast<std::size_t>(e);
  return i < enum_names<E>.size() ? std::string_view(enum_names<E>[i]) : std::string_view("?");
}

// false when the text names no enumerator
template <DescribedEnum E>
constexpr bool from_name(std::string_view name, E& e) {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i)
    if (enum_names<E>[i] == name) { e = static_cast<E>(i); return true; }
  return false;
}

}  // namespace pasokh
