#include "sip/header_names.h"

#include <array>

#include "sip/grammar.h"

namespace pasokh::sip {

namespace {

struct Name { std::string_view text; Field field; };

constexpr Name names[] = {
    {"via", Field::via}, {"v", Field::via},
    {"from", Field::from}, {"f", Field::from},
    {"to", Field::to}, {"t", Field::to},
    {"call-id", Field::call_id}, {"i", Field::call_id},
    {"cseq", Field::cseq},
    {"contact", Field::contact}, {"m", Field::contact},
    {"max-forwards", Field::max_forwards},
    {"route", Field::route},
    {"record-route", Field::record_route},
    {"content-type", Field::content_type}, {"c", Field::content_type},
    {"content-length", Field::content_length}, {"l", Field::content_length},
    {"authorization", Field::authorization},
    {"proxy-authorization", Field::proxy_authorization},
    {"www-authenticate", Field::www_authenticate},
    {"proxy-authenticate", Field::proxy_authenticate},
    {"authentication-info", Field::authentication_info},
    {"expires", Field::expires},
    {"min-expires", Field::min_expires},
    {"supported", Field::supported}, {"k", Field::supported},
    {"require", Field::require},
    {"proxy-require", Field::proxy_require},
    {"unsupported", Field::unsupported},
    {"allow", Field::allow},
    {"allow-events", Field::allow_events}, {"u", Field::allow_events},
    {"event", Field::event}, {"o", Field::event},
    {"subscription-state", Field::subscription_state},
    {"refer-to", Field::refer_to}, {"r", Field::refer_to},
    {"referred-by", Field::referred_by}, {"b", Field::referred_by},
    {"replaces", Field::replaces},
    {"rseq", Field::rseq},
    {"rack", Field::rack},
    {"session-expires", Field::session_expires}, {"x", Field::session_expires},
    {"min-se", Field::min_se},
    {"p-asserted-identity", Field::p_asserted_identity},
    {"privacy", Field::privacy},
    {"retry-after", Field::retry_after},
    {"user-agent", Field::user_agent},
    {"server", Field::server},
    {"reason", Field::reason},
    {"warning", Field::warning},
    {"date", Field::date},
    {"path", Field::path},
    {"content-encoding", Field::content_encoding}, {"e", Field::content_encoding},
    {"accept", Field::accept},
    {"diversion", Field::diversion},
};

constexpr std::size_t slots = 256;

constexpr std::size_t slot_of(std::string_view name) {
  const auto letter = [name](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(grammar::lower(name[i]))); };
  return (name.size() * 37 + letter(0) * 7 + letter(name.size() / 2) * 19 + letter(name.size() - 1)) % slots;
}

constexpr std::array<std::uint8_t, slots> make_index() {  // index + 1 of names; open addressing
  std::array<std::uint8_t, slots> index{};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    auto slot = slot_of(names[i].text);
    while (index[slot] != 0) slot = (slot + 1) % slots;
    index[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return index;
}
constexpr auto index_of_names = make_index();

constexpr std::array<std::string_view, 14> methods{"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "REFER", "NOTIFY", "SUBSCRIBE", "INFO", "MESSAGE", "PUBLISH"};

}  // namespace

Field field_of(std::string_view name) {
  if (name.empty()) return Field::other;
  for (auto slot = slot_of(name); index_of_names[slot] != 0; slot = (slot + 1) % slots) {
    const auto& known = names[index_of_names[slot] - 1];
    if (grammar::same(known.text, name)) return known.field;
  }
  return Field::other;
}

Method method_of(std::string_view name) {
  for (std::size_t i = 0; i < methods.size(); ++i)
    if (methods[i] == name) return static_cast<Method>(i);
  return Method::other;
}

std::string_view method_name(Method method) {
  const auto i = static_cast<std::size_t>(method);
  return i < methods.size() ? methods[i] : std::string_view("OTHER");
}

}  // namespace pasokh::sip
