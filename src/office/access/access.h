// Who may do what: roles, permissions and the one table between them; and the rules for logins and passwords. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/describe.h"
#include "base/time.h"

namespace pasokh::access {

enum class Role : std::uint8_t { agent, supervisor, coach, planner, hiring, administrator };

enum class Permission : std::uint8_t {
  anyone,              // no sign-in
  signed_in,           // whoever is signed in: own sessions, own password
  work_own_calls,      // an agent's own state, own calls, own history
  see_floor,           // queues, agents and calls as they stand now
  direct_floor,        // others' state and calls: pause, sign out, give, hang up
  see_reports,
  explain_offers,
  see_recordings,      // the list
  hear_recordings,     // and the sound; each listening is written into the audit log
  see_settings,
  change_settings,     // queues, agents, devices, numbers, trunks, the centre
  manage_users,        // users, their roles, others' sessions
  make_tokens,         // tokens for programs
  see_audit,
  see_metrics,         // also allowed from this machine without sign-in
  work_on_records,     // contacts, the own reports of calls, follow-ups
  remove_contacts,     // and forget what was written about them
  hold_recordings,     // keep one from being erased, or let it go
};

// An administrator grants roles but cannot listen; a supervisor listens but grants nothing: two persons for a leak.
bool allows(Role role, Permission permission);

// Codes of what is wrong, or nothing. Length counts, composition does not (OWASP ASVS 5.0 6.2.1, 6.2.5, 6.2.9, 6.2.12).
std::optional<std::string_view> password_fault(std::string_view password, std::string_view login);
inline constexpr std::size_t password_length_min = 10, password_length_max = 128;  // characters; bytes at most 512

// Whoever can see or change much is signed out after a quarter of an hour without a sign of life; agents stay for their shift.
bool is_idle(Role role, Instant last_used, Instant now);
inline constexpr Duration idle_of_power = Duration::minutes(15);

// 1-64 of a-z 0-9 . _ - ; begins with a letter or digit
bool is_login(std::string_view login);

}  // namespace pasokh::access

namespace pasokh {
template <> inline constexpr std::array enum_names<access::Role>{"agent", "supervisor", "coach", "planner", "hiring", "administrator"};
template <> inline constexpr std::array enum_names<access::Permission>{
    "anyone", "signed_in", "work_own_calls", "see_floor", "direct_floor", "see_reports", "explain_offers", "see_recordings",
    "hear_recordings", "see_settings", "change_settings", "manage_users", "make_tokens", "see_audit", "see_metrics",
    "work_on_records", "remove_contacts", "hold_recordings"};
}  // namespace pasokh
