// A private folder that goes with the test.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

struct Scratch {
  std::string dir;
  Scratch() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pasokh-storage-XXXXXX").string();
    dir = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::error_code ignored; std::filesystem::remove_all(dir, ignored); }
  Scratch(const Scratch&) = delete;
};
