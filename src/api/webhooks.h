// Under which purpose a webhook's secret is sealed by the master key.
#pragma once

#include <cstdint>
#include <string>

namespace pasokh::api {

inline std::string webhook_purpose(std::int64_t made_us) { return "webhook made " + std::to_string(made_us); }

}  // namespace pasokh::api
