// How long a sign-in must wait, so that guessing is slow and no stranger can lock anyone out. Pure: time is handed in.
//
//  - an account, tried from one address: after 3 failures 1 s, then 2, 4, … 60 s, counted from the last failure;
//  - an account, over all addresses: more than 5 failures in a minute make addresses wait that never signed in to it;
//    an address from which it was signed in before is judged by its own failures only, so the owner still gets in;
//  - an address, over all accounts: at most 20 failures in a minute.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace pasokh::access {

class SignInThrottle {
 public:
  Duration wait(std::string_view login, std::string_view address, Instant now) const;  // zero: try now
  void failed(std::string_view login, std::string_view address, Instant now);
  void succeeded(std::string_view login, std::string_view address, Instant now);

  static constexpr std::size_t entries_max = 20'000;  // of each kind; then the oldest goes

 private:
  struct Pair { std::int32_t failures = 0; Instant last; bool known = false; };
  struct Recent { std::deque<Instant> failures; };
  using Key = std::pair<std::string, std::string>;

  static Duration pause_after(std::int32_t failures);
  static Duration until_below(const Recent& recent, std::size_t limit, Instant now);
  void forget_old(Instant now);

  std::map<Key, Pair> pairs_;                        // login, address
  std::map<std::string, Recent, std::less<>> logins_, addresses_;
};

}  // namespace pasokh::access
