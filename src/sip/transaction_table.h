// All transactions by their key (RFC 3261 §17.1.3, §17.2.3), found in one hash step; each with one deadline in the heap.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sip/message.h"
#include "sip/timers.h"
#include "sip/transaction.h"

namespace pasokh::sip {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;  // never walked where order could be seen

// The key of the server transaction a request belongs to; ACK gives its INVITE's, `as` another method's (a CANCEL's INVITE).
std::string server_key(const Message& request, std::string_view as = {});
std::string client_key(std::string_view branch, std::string_view method);
std::string client_key(const Message& response);

class TransactionTable {
 public:
  explicit TransactionTable(Timers& timers) : timers_(timers) {}

  Transaction* find(std::string_view key) const;
  template <class T>
  T& add(std::string key, std::unique_ptr<T> transaction) {
    T& added = *transaction;
    added.key = key;
    by_key_[std::move(key)] = std::move(transaction);
    return added;
  }
  // after every step of a transaction: moves its deadline, or removes it when it has finished
  void settle(Transaction& transaction);
  std::size_t size() const { return by_key_.size(); }
  std::size_t unanswered() const { return unanswered_; }
  std::uint64_t repeated() const { return repeated_; }              // by transactions that have ended
  // client transactions, in the order of their keys
  std::vector<Transaction*> unanswered_to(const Flow& peer) const;
  std::vector<Transaction*> unanswered_on(std::uint64_t connection) const;

 private:
  template <class Fits> std::vector<Transaction*> unanswered_where(Fits&& fits) const;

  Timers& timers_;
  std::uint64_t repeated_ = 0;
  std::size_t unanswered_ = 0;
  TextMap<std::unique_ptr<Transaction>> by_key_;
};

}  // namespace pasokh::sip
