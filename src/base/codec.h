// The compact binary form of described types: journal events, snapshots, live rows and the media wire use it.
// Integers are varints (signed ones zigzag), text and lists carry their length, a described struct carries its byte
// length, so that fields can be appended later. Reader never reads past its span: a short or bad input sets failed().
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/describe.h"
#include "base/ids.h"
#include "base/time.h"

namespace pasokh {

class Writer {
 public:
  std::string bytes;

  void varint(std::uint64_t n) {
    while (n >= 0x80) { bytes.push_back(static_cast<char>(n | 0x80)); n >>= 7; }
    bytes.push_back(static_cast<char>(n));
  }
  void zigzag(std::int64_t n) { varint((static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63)); }
  void blob(std::string_view s) { varint(s.size()); bytes.append(s); }
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }
  void fail() { failed_ = true; rest_ = {}; }

  std::uint64_t varint() {
    std::uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) { fail(); return 0; }
      auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      n |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return n;
    }
    fail();
    return 0;
  }
  std::int64_t zigzag() { auto n = varint(); return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1); }
  std::string_view blob() {
    auto n = varint();
    if (n > rest_.size()) { fail(); return {}; }
    auto s = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return s;
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

namespace codec_detail {
template <class T> struct is_id : std::false_type {};
template <class Tag> struct is_id<Id<Tag>> : std::true_type {};
template <class T> struct is_vector : std::false_type {};
template <class T> struct is_vector<std::vector<T>> : std::true_type {};
template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};
template <class T> struct is_map : std::false_type {};
template <class K, class V> struct is_map<std::map<K, V>> : std::true_type {};
template <class T> struct is_pair : std::false_type {};
template <class A, class B> struct is_pair<std::pair<A, B>> : std::true_type {};
template <class T> struct is_variant : std::false_type {};
template <class... T> struct is_variant<std::variant<T...>> : std::true_type {};
}  // namespace codec_detail

template <class T>
void encode(Writer& w, const T& value) {
  using namespace codec_detail;
  if constexpr (std::is_same_v<T, bool>) w.varint(value ? 1 : 0);
  else if constexpr (std::is_enum_v<T>) w.varint(static_cast<std::uint64_t>(value));
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) w.zigzag(value);
  else if constexpr (std::is_integral_v<T>) w.varint(value);
  else if constexpr (std::is_same_v<T, std::string>) w.blob(value);
  else if constexpr (std::is_same_v<T, Instant> || std::is_same_v<T, Duration>) w.zigzag(value.us);
  else if constexpr (is_id<T>::value) w.varint(value.value);
  else if constexpr (is_vector<T>::value || is_map<T>::value) { w.varint(value.size()); for (const auto& item : value) encode(w, item); }
  else if constexpr (is_optional<T>::value) { w.varint(value ? 1 : 0); if (value) encode(w, *value); }
  else if constexpr (is_pair<T>::value) { encode(w, value.first); encode(w, value.second); }
  else if constexpr (is_variant<T>::value) { w.varint(value.index()); std::visit([&](const auto& alternative) { encode(w, alternative); }, value); }
  else {
    static_assert(Described<const T> || Described<T>, "give the type PASOKH_FIELDS");
    Writer body;
    std::apply([&](const auto&... field) { (encode(body, field), ...); }, value.tie());
    w.blob(body.bytes);
  }
}

template <class T> void decode(Reader& r, T& value);

namespace codec_detail {
template <class V, std::size_t I = 0>
void decode_alternative(Reader& r, V& value, std::size_t index) {
  if constexpr (I == std::variant_size_v<V>) r.fail();
  else if (index == I) decode(r, value.template emplace<I>());
  else decode_alternative<V, I + 1>(r, value, index);
}
}  // namespace codec_detail

template <class T>
void decode(Reader& r, T& value) {
  using namespace codec_detail;
  if constexpr (std::is_same_v<T, bool>) value = r.varint() != 0;
  else if constexpr (std::is_enum_v<T>) value = static_cast<T>(r.varint());
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) value = static_cast<T>(r.zigzag());
  else if constexpr (std::is_integral_v<T>) value = static_cast<T>(r.varint());
  else if constexpr (std::is_same_v<T, std::string>) value = std::string(r.blob());
  else if constexpr (std::is_same_v<T, Instant> || std::is_same_v<T, Duration>) value.us = r.zigzag();
  else if constexpr (is_id<T>::value) value.value = r.varint();
  else if constexpr (is_vector<T>::value) {
    auto n = r.varint();
    if (n > r.left()) { r.fail(); return; }  // each item takes at least one byte
    value.clear();
    value.reserve(n);
    for (; n && !r.failed(); --n) decode(r, value.emplace_back());
  } else if constexpr (is_map<T>::value) {
    auto n = r.varint();
    if (n > r.left()) { r.fail(); return; }
    value.clear();
    for (; n && !r.failed(); --n) { std::pair<typename T::key_type, typename T::mapped_type> item; decode(r, item); value.insert(std::move(item)); }
  } else if constexpr (is_optional<T>::value) {
    if (r.varint()) decode(r, value.emplace()); else value.reset();
  } else if constexpr (is_pair<T>::value) { decode(r, value.first); decode(r, value.second); }
  else if constexpr (is_variant<T>::value) decode_alternative(r, value, r.varint());
  else {
    static_assert(Described<T>, "give the type PASOKH_FIELDS");
    Reader body(r.blob());
    if (r.failed()) return;
    std::apply([&](auto&... field) { ((body.at_end() ? void() : decode(body, field)), ...); }, value.tie());
    if (body.failed()) r.fail();
  }
}

template <class T>
std::string to_bytes(const T& value) { Writer w; encode(w, value); return std::move(w.bytes); }

// nothing when the bytes are not a whole T
template <class T>
std::optional<T> from_bytes(std::string_view bytes) {
  Reader r(bytes);
  T value{};
  decode(r, value);
  if (r.failed()) return std::nullopt;
  return value;
}

}  // namespace pasokh
