#include "switchboard/ports.h"

#include <doctest/doctest.h>

#include "switchboard/clock.h"

using namespace pasokh;
using namespace pasokh::switchboard;

TEST_CASE("a port rests for a whole round before it is given out again") {
  PortPool pool(16384, 16391);  // four pairs
  const auto first = pool.take();
  CHECK(first == 16384);
  pool.give_back(first);
  CHECK(pool.take() == 16386);
  CHECK(pool.take() == 16388);
  CHECK(pool.take() == 16390);
  CHECK(pool.take() == first);
  CHECK(pool.take() == 0);  // none is left: the call is refused, not mixed up
}

TEST_CASE("an odd low end is rounded up, and ports of others are not ours") {
  PortPool pool(16385, 16389);
  CHECK(pool.take() == 16386);
  CHECK_FALSE(pool.owns(16384));
  CHECK_FALSE(pool.owns(16390));
  pool.give_back(20000);
  CHECK(pool.in_use() == 1);
}

TEST_CASE("instants go on over a restart in the same boot, and never fall behind the journal") {
  const Clock first("", Instant{0});
  const Clock again(first.anchor(), Instant{0});
  const auto before = first.now();
  const auto after = again.now();
  CHECK(after >= before);
  CHECK(after - before < Duration::seconds(5));
  const Instant future = first.now() + Duration::hours(1000);  // the wall clock had been set back
  const Clock behind("other-boot 0", future);
  CHECK(behind.now() > future);
}
