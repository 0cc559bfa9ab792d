// A4: a kill of control at any moment must not keep the next start from its data.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "storage/data_lock.h"

using namespace pasokh::storage;

TEST_CASE("a lock that a killed process left to a child of its own for a moment is waited for; a living holder is named at once") {
  char name[] = "/tmp/pasokh-lock-XXXXXX";
  const std::string dir = ::mkdtemp(name);
  const pid_t holder = ::fork();
  if (holder == 0) {
    auto lock = DataLock::take(dir);
    if (::fork() == 0) { ::usleep(300'000); ::_exit(0); }  // as between fork and exec of a media worker
    ::_exit(lock ? 0 : 1);                                 // the holder is gone, its child has the open file still
  }
  int status = 0;
  REQUIRE(::waitpid(holder, &status, 0) == holder);
  REQUIRE(WEXITSTATUS(status) == 0);
  auto lock = DataLock::take(dir);
  REQUIRE(lock);
  const auto second = DataLock::take(dir);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "locked");
  CHECK(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
  std::filesystem::remove_all(dir);
}
