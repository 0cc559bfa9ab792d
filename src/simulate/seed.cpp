#include "simulate/seed.h"

#include <cstdio>

#include "base/codec.h"
#include "simulate/world.h"

namespace pasokh::simulate {
namespace {

std::string print_of_reference() {
  Plan plan = any_centre(1);
  plan.calls.resize(1);
  World world(plan);
  world.keep_journal();
  world.run();
  std::uint32_t print = 0x811c9dc5u;  // FNV-1a
  for (const Recorded& recorded : world.journal()) {
    Writer writer;
    encode(writer, recorded.event);
    for (const char c : writer.bytes) print = (print ^ static_cast<unsigned char>(c)) * 0x01000193u;
    print = (print ^ static_cast<std::uint32_t>(recorded.at.us)) * 0x01000193u;
  }
  char text[16];
  std::snprintf(text, sizeof text, "%08x", print);
  return text;
}

}  // namespace

const std::string& world_print() {
  static const std::string print = print_of_reference();
  return print;
}

std::string seed_text(std::uint64_t seed) { return std::to_string(seed) + "@" + world_print(); }

Result<std::uint64_t> parse_seed(const std::string& text) {
  const std::size_t mark = text.find('@');
  const std::string number = text.substr(0, mark);
  if (number.empty() || number.size() > 19 || number.find_first_not_of("0123456789") != number.npos)
    return trouble("seed-unknown", "\"" + text + "\" is no seed; a whole number is meant, like 17 or " + seed_text(17));
  if (mark != text.npos && text.substr(mark + 1) != world_print())
    return trouble("seed-version", "The seed " + text + " is from another version of the simulator (this one is " + world_print() + "): the same number is another story here. Use the program that printed it.");
  return std::stoull(number);
}

}  // namespace pasokh::simulate
