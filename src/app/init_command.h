// `pasokh init`: a data folder, its configuration, an administrator; with --demo a small centre to try everything on.
#pragma once

#include <string>
#include <vector>

#include "app/configuration.h"
#include "storage/access_store.h"
#include "switchboard/commands.h"

namespace pasokh::app {

struct DemoUser { std::string login, password, role; PASOKH_FIELDS(login, password, role) };
struct DemoDevice { std::string user, password, agent; PASOKH_FIELDS(user, password, agent) };
struct DemoNumber { std::string number, queue; PASOKH_FIELDS(number, queue) };
struct Demo {  // DIR/demo.json, read by tests and newcomers
  std::string sip, http;
  std::vector<DemoNumber> numbers;
  std::vector<DemoDevice> devices;
  std::vector<DemoUser> users;
  PASOKH_FIELDS(sip, http, numbers, devices, users)
};

Demo make_demo(const Configuration& configuration);
switchboard::Commands demo_commands(const Demo& demo);

}  // namespace pasokh::app
