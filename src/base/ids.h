// Strong ids: a CallId is never a LegId. Printed as decimal text; in JSON always a string (above 2^53 JavaScript rounds).
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace pasokh {

template <class Tag>
struct Id {
  std::uint64_t value = 0;  // 0 = none

  explicit operator bool() const { return value != 0; }
  auto operator<=>(const Id&) const = default;
};

template <class Tag>
std::string text(Id<Tag> id) { return std::to_string(id.value); }

using CallId = Id<struct CallTag>;      // the customer's contact, from first ring to end
using LegId = Id<struct LegTag>;        // one party's connection in a call
using AgentId = Id<struct AgentTag>;
using QueueId = Id<struct QueueTag>;
using DeviceId = Id<struct DeviceTag>;
using NumberId = Id<struct NumberTag>;  // a dialled number (DID) of ours
using TrunkId = Id<struct TrunkTag>;
using SkillId = Id<struct SkillTag>;
using PartyId = Id<struct PartyTag>;    // whoever is at the other end; number and name stand in the erasable table
using ProgrammeId = Id<struct ProgrammeTag>;  // one play-out of prompts or music to one leg
using CaptureId = Id<struct CaptureTag>;      // one recording

}  // namespace pasokh

template <class Tag>
struct std::hash<pasokh::Id<Tag>> {
  std::size_t operator()(pasokh::Id<Tag> id) const noexcept { return std::hash<std::uint64_t>{}(id.value); }
};
