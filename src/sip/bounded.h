// A table with a fixed number of places: the entry that was longest unused makes room. For what strangers can fill.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "sip/transaction_table.h"

namespace pasokh::sip {

template <class Value>
class Bounded {
 public:
  explicit Bounded(std::size_t places) : places_(places) {}

  Value* find(std::string_view key) {
    auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  Value& at(std::string_view key) {
    if (Value* known = find(key)) return *known;
    if (entries_.size() >= places_) {
      index_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(std::string(key), Value{});
    index_[entries_.front().first] = entries_.begin();
    return entries_.front().second;
  }
  void erase(std::string_view key) {
    auto found = index_.find(key);
    if (found == index_.end()) return;
    entries_.erase(found->second);
    index_.erase(found);
  }
  void clear() { index_.clear(); entries_.clear(); }
  std::size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;
  std::size_t places_;
  Entries entries_;
  TextMap<typename Entries::iterator> index_;
};

}  // namespace pasokh::sip
