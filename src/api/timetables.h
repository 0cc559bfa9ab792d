// From opening hours to what the floor decides by: the moments of about three months, worked out with the centre's clock and handed to
// the centre. Done when something changes and again and again by the running server, so that the horizon moves on and a new rule of
// the time zone is taken up. The window begins at a fixed day of every four weeks: what has not changed comes out the same and is no event.
#pragma once

#include <functional>
#include <string>

#include "office/hours/hours.h"
#include "storage/database.h"
#include "switchboard/commands.h"

namespace pasokh::api {

struct TimetableOf {
  std::string openings, known_until;   // as the command "hours set" takes them
};
TimetableOf timetable(const office::hours::Hours&, const std::vector<office::hours::Holiday>&, const std::string& time_zone, Instant now);

using Asking = std::function<switchboard::Reply(switchboard::Commands)>;
// Hands the centre the timetable of each of the hours; `only` (when not empty): of this one alone.
Result<> tell_timetables(const std::vector<office::hours::Hours>&, const std::vector<office::hours::HolidayList>&, const std::string& time_zone, Instant now, const std::string& by,
                         const std::string& only, const Asking&);

}  // namespace pasokh::api
