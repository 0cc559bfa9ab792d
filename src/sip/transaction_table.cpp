#include "sip/transaction_table.h"

#include <algorithm>

namespace pasokh::sip {

std::string server_key(const Message& request, std::string_view as) {
  if (as.empty()) as = request.method() == Method::ack ? "INVITE" : request.method_text();
  const Via& via = request.vias().front();
  std::string key = "s|";
  key += as;
  key += '|';
  if (via.branch.starts_with("z9hG4bK")) {
    key.append(via.branch).append("|").append(via.host).append(":").append(std::to_string(via.port));
    return key;
  }
  // §17.2.3 for peers older than RFC 3261. DEPARTS: the To tag is left out, so that the ACK (which has one) finds its INVITE.
  key.append(request.request_uri()).append("|").append(request.from_tag()).append("|").append(request.call_id()).append("|");
  key.append(std::to_string(request.cseq())).append("|").append(via.host).append(":").append(std::to_string(via.port));
  return key;
}

std::string client_key(std::string_view branch, std::string_view method) {
  std::string key = "c|";
  key.append(method).append("|").append(branch);
  return key;
}

std::string client_key(const Message& response) {
  return client_key(response.vias().front().branch, method_name(response.method()));
}

Transaction* TransactionTable::find(std::string_view key) const {
  auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second.get();
}

template <class Fits>
std::vector<Transaction*> TransactionTable::unanswered_where(Fits&& fits) const {
  std::vector<Transaction*> out;
  for (const auto& [key, transaction] : by_key_)
    if (transaction->is_unanswered_client() && fits(transaction->peer)) out.push_back(transaction.get());
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  return out;
}

std::vector<Transaction*> TransactionTable::unanswered_to(const Flow& peer) const {
  return unanswered_where([&](const Flow& flow) { return flow.transport == peer.transport && flow.remote == peer.remote; });
}

std::vector<Transaction*> TransactionTable::unanswered_on(std::uint64_t connection) const {
  return unanswered_where([&](const Flow& flow) { return flow.transport == Transport::tcp && flow.connection == connection; });
}

void TransactionTable::settle(Transaction& transaction) {
  const bool counts = !transaction.finished() && transaction.is_unanswered();
  if (counts != transaction.counted) {
    transaction.counted = counts;
    unanswered_ += counts ? 1 : -1;
  }
  if (!transaction.finished()) return timers_.set(transaction.timer, transaction.deadline());
  repeated_ += transaction.repeated;
  auto found = by_key_.find(transaction.key);
  if (found != by_key_.end()) by_key_.erase(found);
}

}  // namespace pasokh::sip
