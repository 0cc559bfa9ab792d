#include "simulate/seed.h"

#include <cstdio>

#include "base/codec.h"
#include "simulate/sip_world.h"
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

std::string print_of_reference_with_telephones() {
  SipPlan plan = any_sip_centre(1);
  plan.people.calls.resize(1);
  SipWorld world(plan);
  world.run();
  char text[16];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(world.print() ^ world.print() >> 32));
  return text;
}

Result<std::uint64_t> parse(const std::string& text, const std::string& own_print) {
  const std::size_t mark = text.find('@');
  const std::string number = text.substr(0, mark);
  if (number.empty() || number.size() > 19 || number.find_first_not_of("0123456789") != number.npos)
    return trouble("seed-unknown", "\"" + text + "\" is no seed; a whole number is meant, like 17 or 17@" + own_print);
  if (mark != text.npos && text.substr(mark + 1) != own_print)
    return trouble("seed-version", "The seed " + text + " is from another version of the simulator (this one is " + own_print + "): the same number is another story here. Use the program that printed it.");
  return std::stoull(number);
}

}  // namespace

const std::string& world_print() {
  static const std::string print = print_of_reference();
  return print;
}
const std::string& sip_world_print() {
  static const std::string print = print_of_reference_with_telephones();
  return print;
}

std::string seed_text(std::uint64_t seed) { return std::to_string(seed) + "@" + world_print(); }
std::string sip_seed_text(std::uint64_t seed) { return std::to_string(seed) + "@" + sip_world_print(); }
Result<std::uint64_t> parse_seed(const std::string& text) { return parse(text, world_print()); }
Result<std::uint64_t> parse_sip_seed(const std::string& text) { return parse(text, sip_world_print()); }

}  // namespace pasokh::simulate
