// A private folder that goes with the test; in memory where that is possible, since a kill -9 does not need a real disk.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

struct Scratch {
  std::string dir;
  Scratch() {
    const std::filesystem::path memory = "/dev/shm";
    std::string pattern = ((::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path()) / "pasokh-storage-XXXXXX").string();
    dir = ::mkdtemp(pattern.data());
  }
  ~Scratch() { std::error_code ignored; std::filesystem::remove_all(dir, ignored); }
  Scratch(const Scratch&) = delete;
};
