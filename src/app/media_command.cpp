// pasokh media --socket PATH [--bind IP] [--orphan-after 600s]
#include <charconv>
#include <optional>

#include "app/commands.h"
#include "media/client.h"

namespace pasokh::app {
namespace {

// "600s", "10m", "600"
std::optional<Duration> duration_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number <= 0 || number > 1'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.empty() || unit == "s") return Duration::seconds(number);
  if (unit == "m") return Duration::minutes(number);
  return std::nullopt;
}

}  // namespace

int media_command(const Args& args) {
  media::WorkerOptions options;
  if (!args.words.empty()) return wrong_usage(args.command, "unexpected word: " + args.words.front());
  for (const auto& [name, value] : args.options)
    if (name != "socket" && name != "bind" && name != "orphan-after") return wrong_usage(args.command, "unknown option: --" + name);
  options.socket = args.option("socket").value_or("");
  if (options.socket.empty()) return wrong_usage(args.command, "--socket PATH is missing");
  options.bind_ip = args.option("bind").value_or(options.bind_ip);
  if (const auto text = args.option("orphan-after")) {
    const auto duration = duration_of(*text);
    if (!duration) return wrong_usage(args.command, "--orphan-after wants a time such as 600s or 10m");
    options.orphan_after = *duration;
  }
  return media::run_worker(options) == 0 ? done : failed;
}

}  // namespace pasokh::app
