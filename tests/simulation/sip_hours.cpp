#include <cstdio>
#include <cstdlib>
#include "simulate/sip_world.h"
using namespace pasokh; using namespace pasokh::simulate;
int main(int argc, char** argv) {
  auto seed = std::strtoull(argv[1], nullptr, 10);
  SipPlan plan = argc > 2 ? (argv[2][0]=='d' ? sip_centre_day(seed) : any_sip_centre(seed)) : calm_sip_centre(seed);
  SipWorld world(plan);
  world.run();
  std::printf("calls %lu talks %lu datagrams %lu lost %lu deaths %lu events %lu commits %lu print %016lx\n", world.calls(), world.talks(), world.datagrams(), world.lost(), world.control().deaths(), world.control().events(), world.control().commits(), world.print());
  for (auto& l : world.control().log()) std::printf("%s\n", l.c_str());
  if (world.control().board()) { auto c = world.control().board()->endpoint().counters(); std::printf("legs %lu tx %lu live %zu calls %zu bindings %lu wlegs %zu wcap %zu\n", c.legs, c.transactions, world.control().board()->live_legs(), world.control().board()->floor().live_calls(), c.bindings, world.worker_legs(), world.worker_captures()); }
}
