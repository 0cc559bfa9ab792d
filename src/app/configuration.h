// DIR/pasokh.toml: addresses, ports, paths and limits of this machine. Nothing that rules use stands here: queues, agents,
// numbers and trunks are set by commands and journalled. A strict part of TOML: tables, strings, integers, true/false, arrays
// of strings, comments. What is unknown, doubled or of the wrong kind is an error that names file and line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "outbox/smtp.h"

namespace pasokh::app {

struct Listen {
  std::string host;          // an address, not a name; "0.0.0.0" all of IPv4
  std::uint16_t port = 0;
  bool operator==(const Listen&) const = default;
};

struct Configuration {
  // [sip]
  Listen sip{"0.0.0.0", 5060};               // UDP and TCP
  std::string advertise;                     // address told to peers outside the local networks; empty: learnt from trunks
  std::vector<std::string> local_networks;   // CIDR; empty: those of the interfaces
  // [http]
  Listen http{"0.0.0.0", 8080};
  std::optional<Listen> https;               // nothing: no HTTPS (browsers then give no microphone to other machines' pages)
  std::string certificate, key;              // own ones, PEM; empty: the local authority's. Relative ones to DIR
  std::vector<std::string> names;            // further names and addresses for the local authority's certificate
  std::int64_t http_threads = 2;
  // [webhooks]
  std::vector<std::string> webhook_hosts;    // whom other than us may be told; "private:HOST": also when it stands inside
  // [mail]
  outbox::MailServer mail;                   // host empty: none is sent. password_file and authority: relative ones to DIR
  // [rtp]
  std::uint16_t rtp_low = 16384, rtp_high = 32767;
  // [media]
  std::int64_t workers = 2;                  // processes of `pasokh media`
  // [browser]
  std::uint16_t browser_port = 10'000;         // UDP, browser phones of the first media worker; the next worker has the next port; 0: none
  std::vector<std::string> browser_addresses;  // where browsers outside reach that port: the router's public address
  std::string browser_turn, browser_turn_secret;  // "turns:HOST:443?transport=tcp", and the word that makes passwords for it
  // [paths], relative ones to DIR; absolute after read_configuration
  std::string captures = "captures", recordings = "recordings", prompts = "prompts";
  // [limits]
  std::int64_t journal_reserve_mib = 64;     // disk kept free so that calls in progress can end
  std::int64_t recording_stop_mib = 512;     // less free than this: recording stops, calls go on
  std::int64_t sip_requests_per_second = 50; // per source address, new requests from strangers
  std::int64_t http_requests_per_second = 200;  // per source address
  std::int64_t new_calls_per_second = 0;     // admission limit for calls from trunks; 0: none. `pasokh load` measures what fits
  // [log]
  std::string log_level = "info";            // debug | info | warning | error
};

// Text as it stands in the file; `file` only for messages: "FILE:LINE: found …, expected …".
Result<Configuration> parse_configuration(std::string_view text, const std::string& file);
Result<Configuration> read_configuration(const std::string& dir);
std::string configuration_text(const Configuration&);     // a commented pasokh.toml

Result<Listen> parse_listen(std::string_view text);       // HOST:PORT or [IPv6]:PORT
std::string listen_text(const Listen&);

}  // namespace pasokh::app
