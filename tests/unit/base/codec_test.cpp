#include "base/codec.h"

#include <doctest/doctest.h>

#include "base/json_text.h"

using namespace pasokh;

namespace {
enum class Colour : std::uint8_t { red, green };
struct Old {
  CallId call;
  std::string name;
  PASOKH_FIELDS(call, name)
};
struct New {
  CallId call;
  std::string name;
  std::int32_t added = 7;
  Colour colour = Colour::green;
  std::vector<Duration> waits;
  PASOKH_FIELDS(call, name, added, colour, waits)
};
}  // namespace
template <>
inline constexpr std::array pasokh::enum_names<Colour>{"red", "green"};

TEST_CASE("a new reader keeps defaults for fields that an old writer did not know, and the other way round") {
  auto fresh = from_bytes<New>(to_bytes(Old{{5}, "sara"}));
  REQUIRE(fresh);
  CHECK(fresh->call == CallId{5});
  CHECK(fresh->added == 7);
  auto old = from_bytes<Old>(to_bytes(New{{6}, "reza", -3, Colour::red, {Duration::seconds(2)}}));
  REQUIRE(old);
  CHECK(old->name == "reza");
}

TEST_CASE("every cut of a record is refused or read as shorter, never past its end") {
  const auto whole = to_bytes(New{{1ull << 60}, "x", -1, Colour::red, {Duration{-5}, Duration{9}}});
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK_FALSE(from_bytes<New>(std::string_view(whole).substr(0, n)));
  CHECK(from_bytes<New>(whole)->waits[0].us == -5);
}

TEST_CASE("JSON: ids are strings, instants RFC 3339 UTC with milliseconds, bad UTF-8 is replaced") {
  CHECK(json_text(New{{3}, "a\"\xff", 1, Colour::red, {Duration::seconds(1)}}) ==
        R"({"call":"3","name":"a\")" "\xEF\xBF\xBD" R"(","added":1,"colour":"red","waits":[1000]})");
  CHECK(rfc3339(Instant{1'774'051'200'123'456}) == "2026-03-21T00:00:00.123Z");
}
