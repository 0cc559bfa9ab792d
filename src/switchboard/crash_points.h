// Named places at which a test may kill the program: PASOKH_CRASH_POINT=NAME:N ends it by SIGKILL when NAME is passed for the
// N-th time. Without the variable a point is one comparison with a null pointer.
//   submit     a turn is taken, its batch not yet handed to the journal
//   committed  the batch is durable, none of its outputs has left
//   orders     the media workers have their orders, the datagrams have not left
//   datagrams  half of the turn's datagrams have left
//   restored   recovery: rows are read, floor and sip are not yet laid against each other
//   resumed    recovery: laid against each other, nothing of it committed
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace pasokh::switchboard {

inline void crash_point(const char* name) {
  static const char* const wanted = getenv("PASOKH_CRASH_POINT");
  if (!wanted) return;
  static long passes = 0;
  const char* colon = strchr(wanted, ':');
  const size_t length = colon ? static_cast<size_t>(colon - wanted) : strlen(wanted);
  if (strlen(name) != length || strncmp(wanted, name, length) != 0) return;
  if (++passes >= (colon ? atol(colon + 1) : 1)) kill(getpid(), SIGKILL);
}

}  // namespace pasokh::switchboard
