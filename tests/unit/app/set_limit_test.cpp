#include <doctest/doctest.h>

#include "app/load/set_limit.h"

using pasokh::app::load::with_limit;

TEST_CASE("the admission limit is written into its own line, and everything else stays as it was") {
  CHECK(with_limit("[sip]\nlisten = \"a\"\n\n[limits]\nnew_calls_per_second = 0     # from trunks\n\n[log]\nlevel = \"info\"\n", 85) ==
        "[sip]\nlisten = \"a\"\n\n[limits]\nnew_calls_per_second = 85              # from trunks\n\n[log]\nlevel = \"info\"\n");
  CHECK(with_limit("[limits]\nnew_calls_per_second=7\n", 8) == "[limits]\nnew_calls_per_second = 8\n");
}

TEST_CASE("a configuration without the line, or without the section, gets it") {
  CHECK(with_limit("[limits]\nrecording_stop_mib = 9\n[log]\nlevel = \"info\"\n", 5) == "[limits]\nrecording_stop_mib = 9\nnew_calls_per_second = 5\n[log]\nlevel = \"info\"\n");
  CHECK(with_limit("[limits]\n", 5) == "[limits]\nnew_calls_per_second = 5\n");
  CHECK(with_limit("[log]\nlevel = \"info\"\n", 5) == "[log]\nlevel = \"info\"\n\n[limits]\nnew_calls_per_second = 5\n");
}

TEST_CASE("a line of the same name in another section is another setting") {
  CHECK(with_limit("[other]\nnew_calls_per_second = 1\n[limits]\n", 5) == "[other]\nnew_calls_per_second = 1\n[limits]\nnew_calls_per_second = 5\n");
}
