// An event of a call as a sentence, in Persian or English. Names are looked up by whoever asks.
#pragma once

#include <functional>
#include <string>

#include "floor/events.h"

namespace pasokh::storage {

struct Names {
  std::function<std::string(AgentId)> agent;
  std::function<std::string(QueueId)> queue;
  std::function<std::string(NumberId)> number;
  std::function<std::string(PartyId)> party;
};

std::string word(floor::Outcome outcome, floor::Language language);
std::string word(floor::Direction direction, floor::Language language);
std::string word(floor::EndCause cause, floor::Language language);
std::string words(const floor::Event& event, const Names& names, floor::Language language);

}  // namespace pasokh::storage
