// A thread's name as `top -H`, `ps -T` and gdb show it: whoever looks at a busy server sees which part of it is busy.
#pragma once

#include <pthread.h>

namespace pasokh {

// name: at most 15 octets; what is longer is not set (pthread_setname_np(3)).
inline void name_this_thread(const char* name) { pthread_setname_np(pthread_self(), name); }

}  // namespace pasokh
