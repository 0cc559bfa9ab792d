// What dead workers left in their rings (capture_ring.h), and how it gets to its files.
#pragma once

#include <string>

#include "media/capture.h"

namespace pasokh::media {

// Into a file that is open and locked by the caller. own_ring: of the caller, passed over.
Result<Leftovers> move_leftovers(int fd, const std::string& file, const std::string& memory, const std::string& own_ring);

// Deletes rings of the dead that nothing is left in, or whose captures' folder is gone.
void tidy_rings(const std::string& memory);

}  // namespace pasokh::media
