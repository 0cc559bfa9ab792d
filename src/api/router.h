// From a request to its answer: finds the route, and is the one gate that every request passes: who asks, may they, how often,
// from which site. Knows nothing of sockets. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/route.h"
#include "api/services.h"

namespace pasokh::api {

const std::vector<Route>& all_routes();

struct RouterLimits {
  double per_address = 200, per_user = 20;  // requests a second, kept up; twice as many at once
};

class Router {
 public:
  Router(Services& services, RouterLimits limits) : services_(services), limits_(limits) {}

  struct Target {
    const Route* route = nullptr;
    std::map<std::string, std::string> path, query;
    int refused = 0;                     // 400, 404 or 405 when there is no route
    std::string allow;                   // with 405
  };
  // method and target are enough to find it: the server asks before the body is read
  Target find(std::string_view method, std::string_view target) const;
  Response handle(const Request& request, const Target& target);
  std::string metrics() const;           // our own counters

  // Told of a fault that the route's row does not name: a mistake of ours; tests fail on it.
  std::function<void(const Route&, std::string_view code)> undeclared;

 private:
  struct Bucket { double left = 0; Instant at; };
  std::optional<Response> admit(const Request&, const Route&, std::optional<Caller>&, Instant now);
  Result<std::optional<Caller>> who_is(const Request&, Instant now, bool& by_cookie);
  bool take(std::map<std::string, Bucket>& buckets, const std::string& key, double per_second, Instant now);
  void audit(const Call&, const Route&, const Response&);
  void count(const Route*, const Response&);
  void check_faults(const Route&, const Response&);

  Services& services_;
  RouterLimits limits_;
  mutable std::mutex guard_;             // what stands below
  std::map<std::string, Bucket> addresses_, users_;
  std::map<std::pair<std::string, int>, std::uint64_t> answered_;  // operation, status
};

std::string fault_code(const Response&);  // "" when it is not a refusal
Response render(const Router::Target&);    // the refusal of a target without a route

}  // namespace pasokh::api
