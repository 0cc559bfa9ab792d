// The console's files, as `make build` leaves them in build/console: read once into memory, read anew when index.html has changed.
// Any thread.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace pasokh::api {

class ConsoleFiles {
 public:
  explicit ConsoleFiles(std::string folder);           // empty: there is no console

  bool present();
  // For GET and HEAD: a file, or index.html for `/` and for every path below /app/. Nothing: not ours.
  std::optional<Response> find(const Request& request);

  static constexpr std::size_t files_max = 2'000, file_bytes_max = 8 << 20, bytes_max = 64 << 20;

 private:
  struct File { std::string type, plain, gzip, brotli; bool kept_for_ever = false; };
  using Files = std::map<std::string, File, std::less<>>;  // by path: "/assets/main-Cx81.js"
  std::shared_ptr<const Files> files();
  static std::shared_ptr<const Files> read(const std::string& folder);
  static Response page(const File& index, const Request& request);

  std::string folder_;
  std::mutex guard_;
  std::shared_ptr<const Files> files_;
  std::filesystem::file_time_type changed_{};
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace pasokh::api
