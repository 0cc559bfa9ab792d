// Telephone numbers of Iran (ITU-T E.129, E.164): one form for what trunks, phones and people write in many ways.
// National form is what a person in Iran dials: 02188776655, 09121234567, 00493012345; short numbers stay as they are.
// Nothing is refused: what is no number comes back as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pasokh::phone {

// ASCII digits with at most a leading '+', '*' and '#'; Persian and Arabic digits read, " -()./" and marks of direction left out.
// Nothing when it holds anything else, or no digit and no star.
std::optional<std::string> dialled(std::string_view text);

// From 021…, 21…, 9821…, 009821…, +9821…, 912…, 0912…, 210912… and, with an area code ("021", "21", or "" for none), from the
// eight digits of a local number.
std::string national_form(std::string_view number, std::string_view area_code);

// "+982188776655"; nothing for short numbers and what has no such form
std::optional<std::string> e164(std::string_view number, std::string_view area_code);

enum class Kind : std::uint8_t { none, emergency, short_number, service, mobile, fixed, premium, international, other };
Kind kind_of(std::string_view national);   // of a national form; service: holds '*' or '#'

bool is_emergency(std::string_view number);  // 110, 112, 115, 125: never rewritten, never blocked

// The first rule whose prefix fits puts its replacement in the prefix's place; '^' before a prefix is the same as none.
struct PrefixRule { std::string prefix, replacement; };
std::string rewrite(std::string_view number, const std::vector<PrefixRule>& rules);

}  // namespace pasokh::phone
