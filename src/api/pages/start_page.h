// The first page: sign in, then queues, agents, live calls and today's calls. Self-contained; talks to the API like any client.
#pragma once

#include <string>

namespace pasokh::api {

struct Page { std::string type, text; };
const Page& start_html();
const Page& start_script();
const Page& start_style();

}  // namespace pasokh::api
