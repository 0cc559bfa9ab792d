// A parsed JSON document, looked at without the parser's own headers (they cost seconds in every file).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace pasokh::api {

class JsonView {  // valid while its Json lives
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, number, text, list, object };
  Kind kind() const;
  bool boolean() const;
  std::int64_t integer() const;
  std::string_view text() const;
  std::vector<JsonView> items() const;
  std::vector<std::pair<std::string_view, JsonView>> members() const;
  std::string written() const;       // as JSON text again

 private:
  friend class Json;
  explicit JsonView(const void* value) : value_(value) {}
  const void* value_;
};

class Json {
 public:
  static Result<Json> parse(std::string_view text);  // strict; at most 32 levels deep
  JsonView root() const;

 private:
  explicit Json(std::shared_ptr<const void> document) : document_(std::move(document)) {}
  std::shared_ptr<const void> document_;
};

}  // namespace pasokh::api
