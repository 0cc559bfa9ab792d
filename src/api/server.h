// The HTTP server: sockets, limits and timeouts. Everything that a request means is the router's business.
// Threads of its own; speaks to the switchboard only through Centre::ask.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/router.h"
#include "base/result.h"
#include "switchboard/commands.h"

namespace pasokh::api {

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 8080;                 // 0: any free one; see port()
  // HTTPS; host empty: none. Then plain HTTP only redirects, but for loopback.
  std::string https_host;
  std::uint16_t https_port = 8443;           // 0: any free one; see https_port()
  std::string certificate, key;              // own ones (PEM); empty: those of the local authority (tls_authority.h), kept by the server
  std::vector<std::string> names;            // further names of this machine for the local authority's certificate
  int certificate_look_ms = 10'000;          // how often names, expiry and files are looked at; a new certificate needs no restart
  std::string dir;                           // the data folder
  std::string console;                       // folder of the console's files; empty: none
  std::string recordings;                    // its folder of recordings; empty: DIR/recordings
  int threads = 2;                           // for sockets; handlers run on lanes of their own
  RouterLimits limits;
  int connections_max = 2'000, connections_per_address_max = 200;
  int first_request_within_ms = 10'000;      // from the connection to the whole request
  int idle_ms = 60'000;                      // between two requests
};

class HttpServer {
 public:
  // Trouble "port-taken", or "address" when the machine has no such address.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options, switchboard::Centre& centre, Hooks hooks = {});
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::uint16_t https_port() const = 0;  // 0: none
  virtual void journal_moved() = 0;          // something new is durable: live topics look. Any thread, cheap
  virtual void alarm(std::string row, bool over) = 0;  // JSON as GET /v1/alarms tells it; live topics are told. Any thread
  virtual void stop() = 0;                   // answers under way are given up; waits for the threads. Before the Centre goes.
};

}  // namespace pasokh::api
