#include "app/load/set_limit.h"

#include <filesystem>
#include <fstream>
#include <sstream>

namespace pasokh::app::load {
namespace {

constexpr std::string_view key = "new_calls_per_second", section = "[limits]";

bool begins(std::string_view line, std::string_view word) {
  line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t")));
  return line.starts_with(word);
}

}  // namespace

std::string with_limit(const std::string& configuration, std::int64_t limit) {
  const std::string setting = std::string(key) + " = " + std::to_string(limit);
  std::string out;
  bool inside = false, written = false;
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    if (begins(line, "[")) {
      if (inside && !written) { out += setting + "\n"; written = true; }
      inside = begins(line, section);
    } else if (inside && !written && begins(line, key)) {
      const auto comment = line.find('#');
      line = setting + (comment == line.npos ? "" : "              " + line.substr(comment));
      written = true;
    }
    out += line + "\n";
  }
  if (written) return out;
  return out + (inside ? "" : "\n" + std::string(section) + "\n") + setting + "\n";
}

Result<> set_limit(const std::string& dir, std::int64_t limit) {
  const std::string path = dir + "/pasokh.toml", fresh = path + ".new";
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return trouble("configuration-unreadable", path + " cannot be read; set new_calls_per_second = " + std::to_string(limit) + " there by hand.");
  std::error_code wrong;
  const auto status = std::filesystem::status(path, wrong);
  std::ofstream out(fresh, std::ios::trunc);
  out << with_limit(text.str(), limit);
  out.close();
  if (!out) return trouble("configuration-unwritable", fresh + " cannot be written; set new_calls_per_second = " + std::to_string(limit) + " in " + path + " by hand.");
  std::filesystem::permissions(fresh, status.permissions(), wrong);
  std::filesystem::rename(fresh, path, wrong);
  if (wrong) return trouble("configuration-unwritable", path + ": " + wrong.message());
  return Done{};
}

}  // namespace pasokh::app::load
