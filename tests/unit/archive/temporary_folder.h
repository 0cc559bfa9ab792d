#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace pasokh::archive::test {

struct TemporaryFolder {
  std::string path = (std::filesystem::temp_directory_path() / "pasokh-archive-XXXXXX").string();
  TemporaryFolder() { if (!::mkdtemp(path.data())) std::abort(); }
  ~TemporaryFolder() { std::error_code ignored; std::filesystem::remove_all(path, ignored); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

}  // namespace pasokh::archive::test
