#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace pasokh {

void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "{\"level\":\"bug\",\"assertion\":\"%s\",\"at\":\"%s:%d\"}\n", what, file, line);
  std::abort();
}

}  // namespace pasokh
