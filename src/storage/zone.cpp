#include "storage/zone.h"

#include <date/tz.h>

namespace pasokh::storage {

namespace {
using std::chrono::microseconds;
const date::time_zone* of(const void* zone) { return static_cast<const date::time_zone*>(zone); }
}  // namespace

Zone::Zone(const std::string& name) : name_(name) {
  if (name == "UTC") return;
  try {
    zone_ = date::locate_zone(name);
  } catch (const std::exception&) {
    known_ = false;
    name_ = "UTC";
  }
}

std::int64_t Zone::local(Instant at) const {
  if (!zone_) return at.us;
  const date::sys_time<microseconds> time{microseconds{at.us}};
  return of(zone_)->to_local(time).time_since_epoch().count();
}

Instant Zone::instant(std::int64_t local_us) const {
  if (!zone_) return {local_us};
  const date::local_time<microseconds> time{microseconds{local_us}};
  return {of(zone_)->to_sys(time, date::choose::earliest).time_since_epoch().count()};
}

}  // namespace pasokh::storage
