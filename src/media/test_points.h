// Named places at which a test may make the writer of captures die or hang. Without the variables a point is one comparison.
//   PASOKH_MEDIA_CRASH_POINT=NAME:N   SIGKILL when NAME is passed for the N-th time:
//     sealed    a block is sealed, its chunk does not tell of it yet      kept      now it does
//     opened    a capture file is open, nothing written                   placed    its chunks know where they belong
//     written   a chunk is in the file, and still called used             released  now it is free
//     moving    take_leftovers: some bytes of a dead worker are moved     moved     all are, none is called free
//   PASOKH_MEDIA_HANG_FILE=FILE       while FILE is there, no call on a capture file returns, as on a disk that hangs
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

namespace pasokh::media {

inline const char* crash_wanted = getenv("PASOKH_MEDIA_CRASH_POINT");
inline const char* hang_file = getenv("PASOKH_MEDIA_HANG_FILE");

inline void crash_point(const char* name) {
  if (!crash_wanted) return;
  static long passes = 0;
  const char* colon = strchr(crash_wanted, ':');
  const size_t length = colon ? static_cast<size_t>(colon - crash_wanted) : strlen(crash_wanted);
  if (strlen(name) != length || strncmp(crash_wanted, name, length) != 0) return;
  if (++passes >= (colon ? atol(colon + 1) : 1)) kill(getpid(), SIGKILL);
}

inline void hang_point() {
  while (hang_file && access(hang_file, F_OK) == 0) usleep(10'000);
}

}  // namespace pasokh::media
