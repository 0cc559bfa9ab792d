// How an event stands in the journal: a varint format version, then base/codec.h bytes of floor::Event (whose index is the
// stored kind). New alternatives and fields are appended, so version 1 reads them all; a change of meaning takes version 2
// and an upcast in decode_event.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "floor/events.h"

namespace pasokh::storage {

inline constexpr std::uint64_t event_format = 1;

inline void encode_event(Writer& to, const floor::Event& event) {
  to.varint(event_format);
  encode(to, event);
}

inline bool decode_event(std::string_view body, floor::Event& event) {
  Reader reader(body);
  if (reader.varint() != event_format) return false;
  decode(reader, event);
  return !reader.failed();
}

std::string_view kind_name(std::size_t kind);  // "CallArrived"; "?" past the end

}  // namespace pasokh::storage
