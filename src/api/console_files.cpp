#include "api/console_files.h"

#include <fstream>
#include <sstream>

#include "api/secrets.h"
#include "base/log.h"

namespace pasokh::api {
namespace fs = std::filesystem;
namespace {

constexpr auto look_every = std::chrono::seconds(1);
constexpr std::string_view nonce_mark = "{{nonce}}";  // in index.html: becomes the nonce of this answer's policy

std::string_view type_of(std::string_view path) {
  constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".mjs", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
      {".json", "application/json"}, {".webmanifest", "application/manifest+json"}, {".svg", "image/svg+xml"}, {".png", "image/png"}, {".ico", "image/x-icon"},
      {".webp", "image/webp"}, {".woff2", "font/woff2"}, {".wasm", "application/wasm"}, {".mp3", "audio/mpeg"}, {".wav", "audio/wav"}, {".ogg", "audio/ogg"},
      {".txt", "text/plain; charset=utf-8"}, {".map", "application/json"}};
  for (const auto& [ending, type] : types)
    if (path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending) return type;
  return "application/octet-stream";
}

// "main-BkX3a9_1.js": a name that holds its content's hash never means another content.
bool has_hashed_name(std::string_view path) {
  const auto slash = path.rfind('/'), dot = path.rfind('.');
  const auto name = path.substr(slash + 1, dot == path.npos || dot < slash ? path.npos : dot - slash - 1);
  const auto dash = name.find_last_of("-.");
  return path.rfind("/assets/", 0) == 0 && dash != name.npos && name.size() - dash - 1 >= 8;
}

bool accepts(std::string_view header, std::string_view coding) {  // RFC 9110 §12.5.3; a weight of 0 refuses
  while (!header.empty()) {
    const auto end = std::min(header.find(','), header.size());
    auto item = header.substr(0, end);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    if (item.substr(0, coding.size()) == coding && (item.size() == coding.size() || item[coding.size()] == ';' || item[coding.size()] == ' '))
      return item.find("q=0") == item.npos || item.find("q=0.") != item.npos;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return false;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// What a page of ours may do. Styles that the interface library makes carry the nonce; scripts come from here alone.
std::string policy(const std::string& nonce, std::string_view host, bool secure) {
  return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data: blob:; font-src 'self'; media-src 'self' blob:; "
         "connect-src 'self' " + (secure ? "wss://" : "ws://") + std::string(host) + "; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; "
         "base-uri 'none'; object-src 'none'; frame-ancestors 'none'";
}

bool is_plain_host(std::string_view host) {  // what may stand in a header of ours
  return !host.empty() && host.size() <= 255 && host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == host.npos;
}

}  // namespace

ConsoleFiles::ConsoleFiles(std::string folder) : folder_(std::move(folder)) {}

bool ConsoleFiles::present() { const auto all = files(); return all && all->contains("/index.html"); }

std::shared_ptr<const ConsoleFiles::Files> ConsoleFiles::files() {
  if (folder_.empty()) return nullptr;
  const std::scoped_lock lock(guard_);
  const auto now = std::chrono::steady_clock::now();
  if (files_ && now - looked_ < look_every) return files_;
  looked_ = now;
  std::error_code error;
  const auto changed = fs::last_write_time(folder_ + "/index.html", error);
  if (error) files_ = std::make_shared<const Files>();
  else if (!files_ || changed != changed_) files_ = read(folder_);
  changed_ = error ? fs::file_time_type{} : changed;
  return files_;
}

std::shared_ptr<const ConsoleFiles::Files> ConsoleFiles::read(const std::string& folder) {
  auto all = std::make_shared<Files>();
  std::size_t count = 0, bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error) || at->is_symlink(error)) continue;
    const auto size = at->file_size(error);
    bytes += size;
    if (error || size > file_bytes_max || ++count > files_max || bytes > bytes_max) {
      log(LogLevel::warning, "a file of the console is too large, or they are too many; it is not served", {{"file", at->path().string()}});
      continue;
    }
    std::string path = "/" + fs::relative(at->path(), folder, error).generic_string();
    const auto ends = [&](std::string_view ending) { return path.size() > ending.size() && std::string_view(path).substr(path.size() - ending.size()) == ending; };
    if (ends(".gz")) (*all)[path.substr(0, path.size() - 3)].gzip = content(at->path());
    else if (ends(".br")) (*all)[path.substr(0, path.size() - 3)].brotli = content(at->path());
    else (*all)[path].plain = content(at->path());
  }
  std::erase_if(*all, [](const auto& f) { return f.second.plain.empty(); });  // a compressed copy without its file
  for (auto& [path, file] : *all) {
    file.type = type_of(path);
    file.kept_for_ever = has_hashed_name(path);
  }
  return all;
}

Response ConsoleFiles::page(const File& index, const Request& request) {
  const std::string nonce = new_token();
  Response response{.type = index.type, .body = index.plain};
  for (auto at = response.body.find(nonce_mark); at != response.body.npos; at = response.body.find(nonce_mark, at + nonce.size())) response.body.replace(at, nonce_mark.size(), nonce);
  const auto host = request.header("host");
  response.headers = {{"Content-Security-Policy", policy(nonce, is_plain_host(host) ? host : "localhost", request.secure)},
                      {"Permissions-Policy", "microphone=(self), camera=(), geolocation=()"}, {"Cache-Control", "no-cache"}};
  return response;
}

std::optional<Response> ConsoleFiles::find(const Request& request) {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const auto all = files();
  if (!all) return std::nullopt;
  const auto index = all->find("/index.html");
  if (index == all->end()) return std::nullopt;
  const std::string path = percent_decoded(std::string_view(request.target).substr(0, request.target.find('?')));
  if (path == "/" || path == "/index.html" || path == "/app" || path.rfind("/app/", 0) == 0) return page(index->second, request);
  const auto found = all->find(path);
  if (found == all->end()) return std::nullopt;
  const File& file = found->second;
  Response response{.type = file.type};
  const auto accepted = request.header("accept-encoding");
  const bool brotli = !file.brotli.empty() && accepts(accepted, "br"), gzip = !brotli && !file.gzip.empty() && accepts(accepted, "gzip");
  response.body = brotli ? file.brotli : gzip ? file.gzip : file.plain;
  response.headers.emplace_back("Cache-Control", file.kept_for_ever ? "public, max-age=31536000, immutable" : "no-cache");
  if (!file.brotli.empty() || !file.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (brotli || gzip) response.headers.emplace_back("Content-Encoding", brotli ? "br" : "gzip");
  return response;
}

}  // namespace pasokh::api
