#include "office/access/sign_in_throttle.h"

#include <algorithm>

namespace pasokh::access {
namespace {

constexpr std::int32_t free_failures = 3;
constexpr Duration longest_pause = Duration::seconds(60), minute = Duration::minutes(1), forget_after = Duration::hours(24 * 30);
constexpr std::size_t account_limit = 5, address_limit = 20;

}  // namespace

Duration SignInThrottle::pause_after(std::int32_t failures) {
  if (failures < free_failures) return {};
  return std::min(longest_pause, Duration::seconds(std::int64_t{1} << std::min(failures - free_failures, 10)));
}

// until fewer than `limit` failures lie within the last minute
Duration SignInThrottle::until_below(const Recent& recent, std::size_t limit, Instant now) {
  if (recent.failures.size() < limit) return {};
  const Instant decisive = recent.failures[recent.failures.size() - limit];
  return std::max(Duration{}, decisive + minute - now);
}

Duration SignInThrottle::wait(std::string_view login, std::string_view address, Instant now) const {
  Duration longest;
  bool known = false;
  if (const auto pair = pairs_.find(Key(login, address)); pair != pairs_.end()) {
    known = pair->second.known;
    longest = std::max(longest, pair->second.last + pause_after(pair->second.failures) - now);
  }
  if (const auto account = logins_.find(login); account != logins_.end() && !known)
    longest = std::max(longest, until_below(account->second, account_limit, now));
  if (const auto source = addresses_.find(address); source != addresses_.end() && !known)
    longest = std::max(longest, until_below(source->second, address_limit, now));
  return longest;
}

void SignInThrottle::failed(std::string_view login, std::string_view address, Instant now) {
  forget_old(now);
  Pair& pair = pairs_[Key(login, address)];
  ++pair.failures;
  pair.last = now;
  for (Recent* recent : {&logins_[std::string(login)], &addresses_[std::string(address)]}) {
    recent->failures.push_back(now);
    if (recent->failures.size() > address_limit) recent->failures.pop_front();
  }
}

void SignInThrottle::succeeded(std::string_view login, std::string_view address, Instant now) {
  forget_old(now);
  pairs_[Key(login, address)] = Pair{.failures = 0, .last = now, .known = true};
}

void SignInThrottle::forget_old(Instant now) {
  if (pairs_.size() >= entries_max) {
    std::erase_if(pairs_, [&](const auto& entry) { return now - entry.second.last > (entry.second.known ? forget_after : minute); });
    if (pairs_.size() >= entries_max)  // a flood within a minute: known addresses are worth more than strangers'
      std::erase_if(pairs_, [](const auto& entry) { return !entry.second.known; });
  }
  for (auto* map : {&logins_, &addresses_}) {
    if (map->size() < entries_max) continue;
    std::erase_if(*map, [&](const auto& entry) { return now - entry.second.failures.back() > minute; });
    if (map->size() >= entries_max) map->clear();
  }
}

}  // namespace pasokh::access
