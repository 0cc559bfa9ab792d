// What all parts of the endpoint share: settings, timers, transactions, unique names, our own addresses; and how a request
// of ours begins and an answer of ours goes back.
#pragma once

#include <string>
#include <string_view>

#include "sip/endpoint.h"
#include "sip/message.h"
#include "sip/other_server.h"
#include "sip/transaction_table.h"
#include "sip/turn.h"
#include "sip/unique.h"

namespace pasokh::sip {

inline constexpr std::string_view allowed_methods = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, PRACK, UPDATE, REFER, NOTIFY, INFO";
inline constexpr std::string_view supported_options = "timer, 100rel, replaces";
inline constexpr std::string_view product = "Pasokh";

struct RequestHead {
  std::string_view method, uri, branch, from, to, call_id;
  std::uint32_t cseq = 1;
};

struct Core {
  explicit Core(EndpointConfig given) : config(std::move(given)), unique(config.nonce_secret, config.epoch), transactions(timers) {}

  EndpointConfig config;
  Unique unique;
  Timers timers;
  TransactionTable transactions;
  Endpoint::Counters counters;
  Address learnt;                                  // our address as a trunk sees it, when no `advertise` is given
  bool refusing = false;                           // overload: new calls get 503
  std::string refusing_why;

  // An answered transaction stays for 32 s to absorb what comes again: a thousand calls a second keep a hundred thousand of them.
  // So the limit is for the unanswered; all together may be ten times as many.
  bool is_full() const { return transactions.unanswered() >= config.max_transactions || transactions.size() >= 10 * config.max_transactions; }

  bool is_local(const std::string& ip);
  Address own_address(const Flow& towards);        // for Via, Contact and SDP
  std::string own_ip_of_other_family(std::string_view peer_ip) const;  // "": we listen on one family alone
  std::string contact(const Flow& towards);
  MessageBuilder begin_request(const RequestHead&, const Flow& to);

  // §18.2.2 and RFC 3581 §4: where the answer to this request goes
  static Flow answer_flow(const Message& request, const Flow& from);
  MessageBuilder begin_answer(const Message& request, const Flow& from, int status, std::string_view to_tag, bool record_route = false, std::string_view reason = {});
  void refuse_stateless(const Message& request, const Flow& from, int status, Turn turn, std::string_view extra_name = {}, std::string_view extra_value = {});

  // server transaction of a request that is not INVITE; answered at once
  void answer(const Message& request, const Flow& from, int status, Turn turn, bool early, std::string bytes);
  void answer(const Message& request, const Flow& from, int status, Turn turn, bool early = false);

  void log(Turn turn, std::string level, std::string text, std::vector<std::pair<std::string, std::string>> fields = {});

 private:
  TextMap<bool> local_cache_;
};

std::string lower(std::string_view text);
bool same_word(std::string_view a, std::string_view b);       // without regard to case
std::string tag_of(std::string_view party);                   // tag of a From or To value
std::optional<Flow> flow_of_uri(const Uri& uri);              // nothing for host names: resolving is not ours
std::uint32_t number_of(std::string_view digits, std::uint32_t otherwise);
std::string masked(std::string_view number);                  // for logs: never a whole telephone number

}  // namespace pasokh::sip
