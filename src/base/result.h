// Result<T, E>: a value or the reason there is none. Stands in for std::expected, which g++ 12 lacks; same spelling.
// Trouble: what went wrong outside (disk, peer, network, input), told for a person who must act on it.
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace pasokh {

// One layer writes what failed, each further layer may put what it was doing in front: "opening journal: disk full".
struct Trouble {
  std::string code;  // short and stable, e.g. "queue-unknown"; for programs and tests
  std::string text;  // for people: what happened, what to do
};

inline Trouble trouble(std::string code, std::string text) { return {std::move(code), std::move(text)}; }
inline Trouble within(std::string_view doing, Trouble cause) {
  cause.text = std::string(doing) + ": " + cause.text;
  return cause;
}

template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

struct Done {  // the value of a Result that carries nothing
  bool operator==(const Done&) const = default;
};

template <class T = Done, class E = Trouble>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : held_(std::in_place_index<1>, std::move(error)) {}
  template <class F>
  Result(Unexpected<F> unexpected) : held_(std::in_place_index<1>, E(std::move(unexpected.error))) {}

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(held_); }
  const T& value() const& { return std::get<0>(held_); }
  T&& value() && { return std::get<0>(std::move(held_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const E& error() const& { return std::get<1>(held_); }
  E&& error() && { return std::get<1>(std::move(held_)); }
  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

 private:
  std::variant<T, E> held_;
};

}  // namespace pasokh

// TRY(name, expression): binds the value, or returns the error from the enclosing function.
#define PASOKH_TRY_JOIN2(a, b) a##b
#define PASOKH_TRY_JOIN(a, b) PASOKH_TRY_JOIN2(a, b)
#define TRY(name, ...)                                                                  \
  auto PASOKH_TRY_JOIN(try_, __LINE__) = (__VA_ARGS__);                                 \
  if (!PASOKH_TRY_JOIN(try_, __LINE__)) return std::move(PASOKH_TRY_JOIN(try_, __LINE__)).error(); \
  auto& name = *PASOKH_TRY_JOIN(try_, __LINE__)
#define TRY_DONE(...)                                                                   \
  do {                                                                                  \
    if (auto try_done = (__VA_ARGS__); !try_done) return std::move(try_done).error();   \
  } while (false)
