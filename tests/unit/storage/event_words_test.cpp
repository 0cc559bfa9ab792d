// A call's timeline and the reasons of its offers are told in Persian and in English; no word is left in the other language.
#include <doctest/doctest.h>

#include <algorithm>

#include "floor/words.h"
#include "storage/event_words.h"

using namespace pasokh;
using namespace pasokh::storage;
namespace f = pasokh::floor;

namespace {

bool is_persian(std::string_view text) { return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xD8 && static_cast<unsigned char>(c) <= 0xDB; }); }
bool is_latin(std::string_view text) { return std::any_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }); }

const Names nameless{[](AgentId) { return "1"; }, [](QueueId) { return "2"; }, [](NumberId) { return "3"; }, [](PartyId) { return "4"; }};

void check_both(const f::Event& event) {
  const std::string en = words(event, nameless, f::Language::en), fa = words(event, nameless, f::Language::fa);
  CAPTURE(en);
  CAPTURE(fa);
  CHECK(is_latin(en));
  CHECK_FALSE(is_persian(en));
  CHECK(is_persian(fa));
  CHECK_FALSE(is_latin(fa));
}

template <std::size_t i = 0, class Do>
void each_event(Do act) {
  using Event = std::variant_alternative_t<i, f::Event>;
  if constexpr (requires(Event e) { e.call; }) act(Event{});
  if constexpr (i + 1 < std::variant_size_v<f::Event>) each_event<i + 1>(act);
}

template <class E, class Do>
void each_value(Do act) {
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) act(static_cast<E>(i));
}

}  // namespace

TEST_CASE("each event of a call is a sentence in both languages") {
  each_event([](auto event) { check_both(event); });
}

TEST_CASE("each word of the floor's closed lists stands in both languages within its sentence") {
  each_value<f::Outcome>([](f::Outcome outcome) {
    each_value<f::EndCause>([&](f::EndCause cause) { check_both(f::CallEnded{{}, outcome, cause}); });
    CHECK(is_persian(word(outcome, f::Language::fa)));
  });
  each_value<f::EndCause>([](f::EndCause cause) { check_both(f::LegEnded{{}, {}, cause}); });
  each_value<f::LapseReason>([](f::LapseReason why) { check_both(f::OfferLapsed{{}, {}, {}, why}); });
  each_value<f::WithdrawReason>([](f::WithdrawReason why) { check_both(f::OfferWithdrawn{{}, {}, {}, why}); });
  each_value<f::LeftQueue>([](f::LeftQueue why) { check_both(f::CallLeftQueue{{}, {}, why}); });
  each_value<f::Direction>([](f::Direction direction) {
    f::CallArrived arrived;
    arrived.direction = direction;
    check_both(arrived);
  });
  each_value<f::TransferKind>([](f::TransferKind how) {
    f::CallTransferred transferred;
    transferred.how = how;
    transferred.to_queue = QueueId{1};
    check_both(transferred);
  });
  for (const auto* mark : {"hold", "resume", "gap", "switched_off"}) check_both(f::RecordingMarked{{}, {}, mark});
  check_both(f::RecordingErased{{}, {}, "retention"});
}

TEST_CASE("an offer tells its rule and whom it left out in both languages") {
  for (const auto& word : f::strategy_words()) CHECK((is_persian(word.fa) && is_latin(word.en) && !is_persian(word.en)));
  each_value<f::Strategy>([](f::Strategy strategy) {
    f::CallOffered offer;
    offer.reason.strategy = strategy;
    for (const auto& word : f::excluded_words()) offer.reason.excluded[std::string(word.code)] = 2;
    check_both(offer);
  });
}
