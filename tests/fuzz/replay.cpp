// Seeds and mutations of them without libFuzzer: replay_<name> FOLDER…
// Deterministic: the same inputs at every run.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "expect.h"

namespace {

constexpr int mutations = 500;  // of each seed

struct Draw {
  std::uint64_t state;
  std::size_t operator()(std::size_t below) {
    state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    return static_cast<std::size_t>((state >> 33) % below);
  }
};

void mutate(std::string& text, Draw& draw) {
  constexpr std::string_view pieces[] = {"\r\n", "\r", "\n", "\"", "<", ">", ";", ",", ":", "@", "%00", "\\", " ", "[", "]", "=", "\t", "4294967296", "-1", "z9hG4bK"};
  for (auto times = 1 + draw(4); times > 0 && !text.empty(); --times) {
    const auto at = draw(text.size());
    switch (draw(6)) {
      case 0: text[at] = static_cast<char>(draw(256)); break;
      case 1: text.erase(at, 1 + draw(8)); break;
      case 2: text.insert(at, pieces[draw(std::size(pieces))]); break;
      case 3: text.insert(at, text.substr(draw(text.size()), draw(64))); break;
      case 4: text.resize(at); break;
      default: text[at] = static_cast<char>(text[at] ^ (1 << draw(8))); break;
    }
  }
}

void run(const std::string& text) { LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()); }

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::filesystem::path> seeds;
  for (int i = 1; i < count; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(arguments[i])) seeds.push_back(entry.path());
  std::sort(seeds.begin(), seeds.end());
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 1;
  }
  run("");
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ifstream file(seeds[i], std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    run(all.str());
    Draw draw{i + 1};
    for (int n = 0; n < mutations; ++n) {
      auto text = all.str();
      mutate(text, draw);
      run(text);
    }
  }
  std::printf("%zu seeds, %zu inputs\n", seeds.size(), seeds.size() * (mutations + 1) + 1);
}
