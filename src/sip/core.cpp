#include "sip/core.h"

#include <algorithm>
#include <charconv>

namespace pasokh::sip {
namespace {

bool is_loopback(std::string_view ip) { return ip.starts_with("127.") || ip == "::1"; }
bool is_v6(std::string_view ip) { return ip.find(':') != ip.npos; }

// Among the addresses we listen on, the one the peer can reach best: same family, loopback only for loopback.
const Address* choose(const std::vector<Address>& listening, const std::string& peer) {
  const Address* best = nullptr;
  int best_fit = -1;
  for (const auto& address : listening) {
    const int fit = (is_v6(address.ip) == is_v6(peer) ? 2 : 0) + (is_loopback(address.ip) == is_loopback(peer) ? 1 : 0);
    if (fit > best_fit) { best = &address; best_fit = fit; }
  }
  return best;
}

}  // namespace

bool Core::is_local(const std::string& ip) {
  if (auto known = local_cache_.find(ip); known != local_cache_.end()) return known->second;
  if (local_cache_.size() >= 4'096) local_cache_.clear();
  const bool local = is_loopback(ip) || std::any_of(config.local_networks.begin(), config.local_networks.end(), [&](const auto& network) { return in_network(ip, network); });
  return local_cache_[ip] = local;
}

Address Core::own_address(const Flow& towards) {
  const bool tcp = towards.transport == Transport::tcp;
  const auto& preferred = tcp && !config.listen_tcp.empty() ? config.listen_tcp : config.listen_udp;
  const Address* listening = choose(preferred, towards.remote.ip);
  Address own = listening ? *listening : Address{"0.0.0.0", 5060};
  if (is_local(towards.remote.ip)) return own;
  if (!config.advertise.empty()) return {config.advertise, own.port};
  if (!learnt.ip.empty()) return {learnt.ip, tcp || learnt.port == 0 ? own.port : learnt.port};
  return own;
}

std::string Core::own_ip_of_other_family(std::string_view peer_ip) const {
  const Address* best = nullptr;
  for (const auto& address : config.listen_udp)
    if (is_v6(address.ip) != is_v6(peer_ip) && (!best || (is_loopback(best->ip) && !is_loopback(peer_ip)))) best = &address;
  return best ? best->ip : std::string();
}

std::string Core::contact(const Flow& towards) {
  return "<sip:pasokh@" + text(own_address(towards)) + (towards.transport == Transport::tcp ? ";transport=tcp>" : ">");
}

MessageBuilder Core::begin_request(const RequestHead& head, const Flow& to) {
  MessageBuilder builder;
  builder.request(head.method, head.uri);
  std::string via = to.transport == Transport::tcp ? "SIP/2.0/TCP " : "SIP/2.0/UDP ";
  via.append(text(own_address(to))).append(";rport;branch=").append(head.branch);
  builder.header("Via", via);
  builder.header("Max-Forwards", "70");
  builder.header("From", head.from);
  builder.header("To", head.to);
  builder.header("Call-ID", head.call_id);
  builder.header("CSeq", std::to_string(head.cseq) + " " + std::string(head.method));
  return builder;
}

Flow Core::answer_flow(const Message& request, const Flow& from) {
  if (request.vias().empty() || (from.transport == Transport::tcp && from.connection)) return from;
  const Via& via = request.vias().front();
  Flow to = from;
  if (from.transport == Transport::tcp) {                            // its connection is gone: a new one to where the peer listens
    to.remote.port = via.port ? via.port : 5060;
    return to;
  }
  if (!via.rport) to.remote.port = via.port ? via.port : 5060;
  return to;
}

MessageBuilder Core::begin_answer(const Message& request, const Flow& from, int status, std::string_view to_tag, bool record_route, std::string_view reason) {
  MessageBuilder builder;
  builder.response(status, reason);
  builder.answer_to(request, to_tag, from.remote.ip, from.remote.port, record_route);
  return builder;
}

void Core::refuse_stateless(const Message& request, const Flow& from, int status, Turn turn, std::string_view extra_name, std::string_view extra_value) {
  if (request.method() == Method::ack) return;                       // §17: an ACK is never answered
  auto builder = begin_answer(request, from, status, request.to_tag().empty() ? unique.passing_tag() : std::string());
  if (!extra_name.empty()) builder.header(extra_name, extra_value);
  turn.out.send(answer_flow(request, from), builder.finish(), true);
}

void Core::answer(const Message& request, const Flow& from, int status, Turn turn, bool early, std::string bytes) {
  auto& transaction = transactions.add(server_key(request), std::make_unique<OtherServer>(answer_flow(request, from), Owner{}));
  transaction.respond(status, std::move(bytes), early, turn);
  transactions.settle(transaction);
}

void Core::answer(const Message& request, const Flow& from, int status, Turn turn, bool early) {
  answer(request, from, status, turn, early, begin_answer(request, from, status, request.to_tag().empty() ? unique.passing_tag() : std::string()).finish());
}

void Core::log(Turn turn, std::string level, std::string text, std::vector<std::pair<std::string, std::string>> fields) {
  turn.out.event(Log{std::move(level), std::move(text), std::move(fields)});
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (low(a[i]) != low(b[i])) return false;
  }
  return true;
}

std::string tag_of(std::string_view party) {
  auto parsed = parse_name_addr(party);
  return parsed ? parsed->param("tag").value_or("") : "";
}

std::optional<Flow> flow_of_uri(const Uri& uri) {
  const bool v6 = is_v6(uri.host);
  if (!v6) {
    auto address = parse_address(uri.host + ":1");
    if (!address || uri.host.find_first_not_of("0123456789.") != uri.host.npos) return std::nullopt;
  }
  Flow flow;
  flow.transport = same_word(uri.param("transport").value_or("udp"), "tcp") ? Transport::tcp : Transport::udp;
  flow.remote = {uri.host, uri.port ? uri.port : std::uint16_t{5060}};
  return flow;
}

std::uint32_t number_of(std::string_view digits, std::uint32_t otherwise) {
  std::uint32_t n = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return error == std::errc() && end != digits.data() ? n : otherwise;
}

std::string masked(std::string_view number) {
  if (number.size() <= 4) return std::string(number);
  return std::string(number.size() - 4, '*') + std::string(number.substr(number.size() - 4));
}

}  // namespace pasokh::sip
