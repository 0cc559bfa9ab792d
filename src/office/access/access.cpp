#include "office/access/access.h"

#include <algorithm>

namespace pasokh::access {
namespace {

using enum Role;
using enum Permission;

struct Row {
  Permission permission;
  std::array<Role, 6> roles;
  std::size_t count;
};

template <class... R>
constexpr Row row(Permission permission, R... roles) { return {permission, {roles...}, sizeof...(roles)}; }

// the whole of it
constexpr std::array table{
    row(anyone, agent, supervisor, coach, planner, hiring, administrator),
    row(signed_in, agent, supervisor, coach, planner, hiring, administrator),
    row(work_own_calls, agent, supervisor, coach),
    row(see_floor, supervisor, coach, planner, administrator),
    row(direct_floor, supervisor),
    row(see_reports, supervisor, coach, planner, administrator),
    row(explain_offers, supervisor, coach, administrator),
    row(see_recordings, supervisor, coach),
    row(hear_recordings, supervisor, coach),
    row(see_settings, supervisor, planner, administrator),
    row(change_settings, administrator),
    row(manage_users, administrator),
    row(make_tokens, administrator),
    row(see_audit, administrator),
    row(see_metrics, administrator),
    row(work_on_records, agent, supervisor, coach, administrator),
    row(remove_contacts, supervisor, administrator),
    row(hold_recordings, supervisor, administrator),
};

// Longer than the least length, yet among the first that anyone tries.
constexpr std::array<std::string_view, 40> common{
    "1234567890", "0123456789", "0987654321", "12345678910", "123456789a", "1q2w3e4r5t", "1qaz2wsx3edc", "q1w2e3r4t5", "qwertyuiop",
    "qwerty1234", "qwerty12345", "qwerty123456", "asdfghjkl1", "abcdefghij", "abcd123456", "a123456789", "aa12345678", "password12",
    "password123", "password1234", "passw0rd123", "administrator", "admin12345", "admin123456", "adminadmin", "iloveyou12", "letmein123",
    "welcome123", "welcome1234", "changeme123", "changemenow", "secret1234", "superman123", "football123", "baseball123", "sunshine123",
    "michael123", "princess123", "pasokh1234", "callcenter123"};

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool repeats(std::string_view text) {  // "aaaaaaaaaa", "abababababab"
  for (std::size_t period = 1; period <= 3; ++period) {
    bool all = true;
    for (std::size_t i = period; i < text.size() && all; ++i) all = text[i] == text[i - period];
    if (all) return true;
  }
  return false;
}

}  // namespace

bool allows(Role role, Permission permission) {
  for (const Row& r : table)
    if (r.permission == permission) return std::find(r.roles.begin(), r.roles.begin() + r.count, role) != r.roles.begin() + r.count;
  return false;  // not in the table: nobody
}

std::optional<std::string_view> password_fault(std::string_view password, std::string_view login) {
  const std::size_t length = characters(password);
  if (length < password_length_min) return "password-too-short";
  if (length > password_length_max || password.size() > 4 * password_length_max) return "password-too-long";
  const std::string plain = lower(password);
  if (repeats(plain) || std::find(common.begin(), common.end(), plain) != common.end()) return "password-too-common";
  if (login.size() >= 4 && plain.find(lower(login)) != plain.npos) return "password-holds-login";
  return std::nullopt;
}

bool is_idle(Role role, Instant last_used, Instant now) { return role != agent && now - last_used > idle_of_power; }

bool is_login(std::string_view login) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !login.empty() && login.size() <= 64 && word(login.front()) &&
         std::all_of(login.begin(), login.end(), [&](char c) { return word(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace pasokh::access
