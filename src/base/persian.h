// Persian text at the borders: digits in and out, and the folded form that searches compare. Keep the original text; the
// fold is only for finding.
#pragma once

#include <string>
#include <string_view>

namespace pasokh {

std::string latin_digits(std::string_view);     // ۱۲۳ and ١٢٣ -> 123; the rest as it is
std::string persian_digits(std::string_view);   // 123 -> ۱۲۳
std::string digits_only(std::string_view);      // of a number however it is written: "۰۲۱-۸۸ ۷۷" -> "0218877"

// Two spellings that people take for the same come out the same: Arabic ي ى ك ة ۀ and hamza carriers in their Persian form,
// vowel marks, tatweel and direction marks away, digits Latin, Latin letters small, ZWNJ as a space, spaces single.
// Bad UTF-8 passes as it is. Not done: NFKC (presentation forms), stemming.
std::string search_fold(std::string_view);

}  // namespace pasokh
