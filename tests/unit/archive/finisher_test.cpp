#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <vector>

#include "archive/finisher.h"
#include "../media/written_capture.h"
#include "synthetic_call.h"
#include "temporary_folder.h"

using namespace pasokh;
using namespace pasokh::archive;
using namespace pasokh::archive::test;

namespace fs = std::filesystem;

namespace {

struct Centre {                      // a data folder with its master key, and what the finisher told
  TemporaryFolder folder;
  Places places = Places::in(folder.path);
  MasterKey master = MasterKey::load_or_create(folder.path).value();
  struct Told { CaptureId capture; std::string file; Result<Finished> finished; };
  std::mutex mutex;
  std::vector<Told> told;
  Centre() { fs::create_directories(places.captures); }

  // Writes a capture as the worker does, and returns the job for it.
  FinishJob capture(std::uint64_t id, const SyntheticCall& call) {
    const auto key = new_recording_key();
    media::test::WrittenCapture writer(capture_file(places, CaptureId{id}), key, CaptureId{id});
    call.play([&](const media::CaptureRecord& record) {
      if (record.kind != media::CaptureRecord::Kind::epoch) writer.add(record);   // a new worker tells its epoch by itself
    });
    writer.flush();
    REQUIRE(writer.good());
    keys[id] = key;
    return {CaptureId{id}, CallId{id + 100}, master.wrap(key, CaptureId{id})};
  }
  std::map<std::uint64_t, std::string> keys;

  void run(const std::vector<FinishJob>& jobs) {
    Finisher finisher(places, master, [this](const FinishJob& job, const std::string& file, const Result<Finished>& finished) {
      std::lock_guard lock(mutex);
      told.push_back({job.capture, file, finished});
    });
    for (const auto& job : jobs) REQUIRE(finisher.add(job));
    finisher.wait_until_idle();
    CHECK(finisher.backlog() == 0);
  }
};

SyntheticCall short_call() {
  SyntheticCall call;
  call.length_s = 12;
  call.customer.lost_one_in = call.agent.lost_one_in = 0;
  return call;
}

}  // namespace

TEST_CASE("a capture of the worker becomes a recording in its month, and is deleted afterwards") {
  Centre centre;
  const auto call = short_call();
  const auto job = centre.capture(5, call);
  centre.run({job});
  REQUIRE(centre.told.size() == 1);
  const auto told = centre.told[0];
  REQUIRE(told.finished);
  CHECK(told.file == centre.places.recordings + "/2026-09/5.opus.sealed");   // 1,790,000,000 s is in September 2026
  CHECK(std::abs(told.finished->duration.ms() - 12'000) < 200);
  CHECK_FALSE(fs::exists(capture_file(centre.places, CaptureId{5})));
  const auto recording = Recording::open(told.file, centre.keys[5]);
  REQUIRE(recording);
  CHECK(recording->details().sha256 == told.finished->sha256);

  // asked again, as after a crash between rename and journal: the same answer, from the recording
  centre.run({job});
  REQUIRE(centre.told.size() == 2);
  REQUIRE(centre.told[1].finished);
  CHECK(centre.told[1].file == told.file);
  CHECK(centre.told[1].finished->sha256 == told.finished->sha256);
}

TEST_CASE("after a crash the leftovers are told: captures to finish, captures whose deletion is owed; half-written files go") {
  Centre centre;
  const auto first = centre.capture(1, short_call()), second = centre.capture(2, short_call());
  const auto saved = centre.folder.path + "/saved";
  fs::copy_file(capture_file(centre.places, CaptureId{1}), saved);
  centre.run({first});
  fs::copy_file(saved, capture_file(centre.places, CaptureId{1}));            // as if killed before the deletion
  std::ofstream(centre.places.recordings + "/2.unsorted.part") << "half";
  const auto left = reconcile(centre.places);
  REQUIRE(left);
  CHECK(left->captures == std::vector{CaptureId{2}});
  CHECK(left->both == std::vector{CaptureId{1}});
  CHECK_FALSE(fs::exists(centre.places.recordings + "/2.unsorted.part"));

  centre.run({first, second});
  CHECK(fs::is_empty(centre.places.captures));
  const auto nothing = reconcile(centre.places);
  REQUIRE(nothing);
  CHECK(nothing->captures.empty());
  CHECK(nothing->both.empty());
}

TEST_CASE("a torn capture gives what is there") {
  Centre centre;
  const auto job = centre.capture(3, short_call());
  const auto file = capture_file(centre.places, CaptureId{3});
  fs::resize_file(file, fs::file_size(file) / 2);
  centre.run({job});
  REQUIRE(centre.told[0].finished);
  CHECK(centre.told[0].finished->duration > Duration::seconds(4));
  CHECK(centre.told[0].finished->duration < Duration::seconds(8));
}

TEST_CASE("a capture damaged in the middle gives what is there, and names the damage and the gap") {
  Centre centre;
  const auto job = centre.capture(4, short_call());
  const auto file = capture_file(centre.places, CaptureId{4});
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(fs::file_size(file) / 2));
    bytes.write("damage", 6);
  }
  centre.run({job});
  REQUIRE(centre.told[0].finished);
  const auto& finished = *centre.told[0].finished;
  CHECK_FALSE(finished.damaged.empty());
  CHECK(std::any_of(finished.marks.begin(), finished.marks.end(), [](const Mark& mark) { return mark.name == "damaged"; }));
}

TEST_CASE("a missing capture, a wrong key and an empty capture are told, and the finisher goes on") {
  Centre centre;
  auto silent = short_call();
  silent.customer.pauses = silent.agent.pauses = {{0, 100, Pause::goes_on}};
  const auto empty = centre.capture(6, silent), wrong = centre.capture(7, short_call()), good = centre.capture(8, short_call());
  FinishJob of_another = wrong;
  of_another.wrapped_key = good.wrapped_key;           // bound to capture 8: does not open for 7
  centre.run({{CaptureId{9}, CallId{9}, centre.master.wrap(new_recording_key(), CaptureId{9})}, of_another, empty, good});
  REQUIRE(centre.told.size() == 4);
  CHECK_FALSE(centre.told[0].finished);
  REQUIRE_FALSE(centre.told[1].finished);
  CHECK(centre.told[1].finished.error().code == "key-wrong");
  CHECK(fs::exists(capture_file(centre.places, CaptureId{7})));               // nothing is thrown away that was not finished
  REQUIRE(centre.told[2].finished);
  CHECK(centre.told[2].finished->empty);
  CHECK(centre.told[2].file.empty());
  REQUIRE(centre.told[3].finished);
  CHECK_FALSE(centre.told[3].file.empty());
}
