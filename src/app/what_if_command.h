// pasokh simulate --from DIR: a real day out of a journal, as it was, and under other rules or staffing.
#pragma once

#include "app/args.h"
#include "app/print.h"

namespace pasokh::app {

int what_if_command(const Args& args, Format format);

}  // namespace pasokh::app
