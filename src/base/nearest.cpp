#include "base/nearest.h"

#include <algorithm>
#include <numeric>

namespace pasokh {
namespace {

// Levenshtein's distance, one row at a time
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& known) {
  if (typed.size() > 64) return {};  // nobody mistypes so much; keeps the work bounded
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, typed.size() / 3) + 1;
  for (const auto& name : known) {
    const std::size_t d = distance(typed, name);
    if (d < best_distance) { best_distance = d; best = name; }
  }
  return best;
}

}  // namespace pasokh
