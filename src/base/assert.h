// PASOKH_ASSERT: a bug of ours, on in production. Never for what a network, a file or a person can bring about.
#pragma once

namespace pasokh {
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);
}

#define PASOKH_ASSERT(condition)                                                    \
  do {                                                                              \
    if (!(condition)) ::pasokh::assertion_failed(#condition, __FILE__, __LINE__);   \
  } while (false)
