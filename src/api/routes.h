// Each noun's rows, put together in routes.cpp.
#pragma once

#include "api/route.h"

namespace pasokh::api {

std::vector<Route> system_routes();     // health, metrics, openapi, the start page
std::vector<Route> session_routes();    // signing in and out, passwords, tokens
std::vector<Route> user_routes();       // people, the audit log
std::vector<Route> settings_routes();   // queues, agents, devices, numbers, trunks, the centre; import
std::vector<Route> floor_routes();      // agents' states, live calls
std::vector<Route> report_routes();     // calls, queues, agents, intervals
std::vector<Route> recording_routes();  // the archive
std::vector<Route> contact_routes();    // who calls, and what was before
std::vector<Route> prompt_routes();     // what callers hear
std::vector<Route> view_routes();       // saved views; what doctor finds
std::vector<Route> hours_routes();      // opening hours, holidays
std::vector<Route> call_report_routes();  // reports of calls, dispositions, follow-ups

std::vector<Route> authority_routes();  // how browsers are told to trust us
std::vector<Route> webhook_routes();    // what other systems are told
std::vector<Route> live_routes();       // the WebSocket
std::vector<Route> alarm_routes();      // queues past a threshold, the system in trouble
std::vector<Route> mail_routes();       // what is sent by mail
std::vector<Route> provisioning_routes();  // a phone's settings by a link
std::vector<Route> embed_routes();      // click to call from other systems' pages
std::vector<Route> schedule_routes();   // reports that are sent by themselves

// An agent's own, or anybody's for whoever directs the floor.
bool may_work_as(const Caller& caller, const std::string& agent);

}  // namespace pasokh::api
