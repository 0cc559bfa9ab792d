#include "sip/unique.h"

#include <charconv>

#include "sip/digest.h"

namespace pasokh::sip {
namespace {

std::string hex(std::uint64_t n) {
  char buffer[16];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, n, 16).ptr};
}

}  // namespace

std::string Unique::tag(std::string_view call_id) {
  auto id = hex(epoch_) + "." + hex(++counter_);
  auto proof = mac_.of("tag|" + id + "|" + std::string(call_id));
  return id + "." + proof;
}

std::string Unique::branch() {
  auto id = hex(epoch_) + "." + hex(++counter_);
  return "z9hG4bK" + id + "." + mac_.of("branch|" + id);
}

std::string Unique::passing_tag() { return mac_.of("passing|" + hex(epoch_) + "." + hex(++counter_)).substr(0, 8); }

std::string Unique::branch_for(std::string_view purpose) const { return "z9hG4bK" + mac_.of("for|" + std::string(purpose)); }

std::string Unique::call_id(std::string_view host) {
  auto id = hex(epoch_) + "." + hex(++counter_);
  return id + "." + mac_.of("call|" + id) + "@" + std::string(host);
}

std::optional<std::uint64_t> Unique::epoch_of_tag(std::string_view tag, std::string_view call_id) const {
  const auto last_dot = tag.rfind('.');
  if (last_dot == tag.npos) return std::nullopt;
  const auto id = tag.substr(0, last_dot);
  if (!equal_in_constant_time(tag.substr(last_dot + 1), mac_.of("tag|" + std::string(id) + "|" + std::string(call_id)))) return std::nullopt;
  std::uint64_t epoch = 0;
  std::from_chars(id.data(), id.data() + id.size(), epoch, 16);
  return epoch;
}

std::uint64_t Unique::draw(std::string_view purpose, std::uint64_t range) {
  const auto proof = mac_.of("draw|" + std::string(purpose) + "|" + hex(epoch_) + "." + hex(++counter_));
  std::uint64_t n = 0;
  std::from_chars(proof.data(), proof.data() + proof.size(), n, 16);
  return n % range;
}

}  // namespace pasokh::sip
