#include "api/routes.h"

#include "api/router.h"

namespace pasokh::api {

const std::vector<Route>& all_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> rows;
    for (auto part : {system_routes(), session_routes(), user_routes(), floor_routes(), settings_routes(), report_routes(), recording_routes(),
                      contact_routes(), call_report_routes(), hours_routes(), prompt_routes(), view_routes(), live_routes(), authority_routes(), webhook_routes(), alarm_routes(), mail_routes(), schedule_routes(), provisioning_routes(), embed_routes()})
      for (auto& row : part) rows.push_back(std::move(row));
    return rows;
  }();
  return all;
}

}  // namespace pasokh::api
