// finish() over any source of records: what archive.h offers for files, the tests also drive from memory.
#pragma once

#include <functional>

#include "archive/archive.h"
#include "media/capture.h"

namespace pasokh::archive {

using RecordSink = std::function<void(const media::CaptureRecord&)>;
// Gives every record in the order of arrival; called twice (marks stand in the head of the Ogg file, before the audio).
using RecordSource = std::function<Result<media::CaptureSummary>(const RecordSink&)>;

Result<Finished> finish_from(const RecordSource&, std::string_view key, const std::string& out_file, const FinishOptions&);

}  // namespace pasokh::archive
