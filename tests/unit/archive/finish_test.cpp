#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "archive/cipher.h"
#include "archive/finish.h"
#include "archive/keys.h"
#include "archive/sealed_file.h"
#include "archive/wav.h"
#include "synthetic_call.h"
#include "temporary_folder.h"

using namespace pasokh;
using namespace pasokh::archive;
using namespace pasokh::archive::test;

namespace {

RecordSource source_of(const SyntheticCall& call) {
  return [&call](const RecordSink& sink) -> Result<media::CaptureSummary> { call.play(sink); return media::CaptureSummary{}; };
}

std::string whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::string key(32, 'k');
const FinishOptions options{.call = CallId{7}, .capture = CaptureId{9}};

}  // namespace

// The hour is checked at the PCM stage (aligner_test.cpp); here five minutes go the whole way: Opus, sealing, WAV export. With
// PASOKH_SOAK set it is the whole hour (half a minute of CPU).
TEST_CASE("a call goes through Opus and comes out of the archive with its clicks in place, each on its own side") {
  TemporaryFolder folder;
  SyntheticCall call;
  const double length_s = std::getenv("PASOKH_SOAK") ? 3'600 : 300;
  call.length_s = length_s;
  call.customer.skew_ppm = 100;
  call.agent.skew_ppm = -100;
  call.customer.lost_one_in = call.agent.lost_one_in = 0;
  call.marks = {{60, "hold"}, {70, "resume"}};
  const auto file = folder.path + "/9.opus.sealed", wav_file = folder.path + "/9.wav", opus_file = folder.path + "/9.opus";
  const auto finished = finish_from(source_of(call), key, file, options);
  REQUIRE(finished);
  CHECK(!finished->empty);
  CHECK(std::abs(finished->duration.ms() - static_cast<std::int64_t>(length_s * 1'000)) < 100);
  CHECK(finished->started == Instant{call.epoch_us});
  CHECK(finished->peaks.size() == static_cast<std::size_t>((finished->duration.ms() + 49) / 50 * 2));
  CHECK(finished->marks.size() == 2);
  CHECK(static_cast<double>(finished->bytes) < length_s * 4'500);  // 24 kbit/s, with room
  CHECK_FALSE(std::filesystem::exists(file + ".part"));

  REQUIRE(export_recording(file, key, wav_file));
  const auto wav = read_wav(wav_file);
  REQUIRE(wav);
  CHECK(wav->rate == 8'000);
  CHECK(wav->channels == 2);
  CHECK(std::abs(static_cast<double>(wav->samples.size()) / 16 - static_cast<double>(finished->duration.ms())) <= 1);
  ClickEar left(4'000), right(4'000);
  for (std::size_t i = 0; i + 1 < wav->samples.size(); i += 2) { left.hear(wav->samples[i]); right.hear(wav->samples[i + 1]); }
  for (const auto* ear : {&left, &right}) {
    const auto errors = ear->against(call.clicks());
    CHECK(errors.missed == 0);
    CHECK(errors.worst_ms <= 20);
  }
  CHECK(left.against(right.heard).worst_ms <= 20);

  REQUIRE(export_recording(file, key, opus_file));
  const auto ogg = whole(opus_file);
  CHECK(static_cast<std::int64_t>(ogg.size()) == finished->bytes);
  CHECK(ogg.starts_with("OggS"));
  CHECK(ogg.find("CALL=7") != std::string::npos);
  CHECK(ogg.find("CHAPTER001=00:01:00.0") != std::string::npos);
  CHECK(ogg.find("CHAPTER001NAME=hold") != std::string::npos);
  Sha256 digest;
  digest.add(ogg);
  CHECK(digest.hex() == finished->sha256);

  const auto recording = Recording::open(file, key);
  REQUIRE(recording);
  CHECK(recording->details().peaks == finished->peaks);
  for (const auto& [from, to] : {std::pair<std::int64_t, std::int64_t>{0, 1}, {65'530, 65'550}, {100, 200'000}, {finished->bytes - 5, finished->bytes + 100}, {finished->bytes, finished->bytes + 5}}) {
    const auto part = recording->read(from, to);
    REQUIRE(part);
    CHECK(*part == ogg.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
  }
}

TEST_CASE("who talks on the left is not heard on the right") {
  TemporaryFolder folder;
  SyntheticCall call;
  call.length_s = 20;
  call.customer.lost_one_in = 0;
  call.agent.pauses = {{0, 1'000, Pause::goes_on}};
  const auto file = folder.path + "/x.sealed", wav_file = folder.path + "/x.wav";
  REQUIRE(finish_from(source_of(call), key, file, options));
  REQUIRE(export_recording(file, key, wav_file));
  const auto wav = read_wav(wav_file);
  REQUIRE(wav);
  double left = 0, right = 0;
  for (std::size_t i = 0; i + 1 < wav->samples.size(); i += 2) { left += std::pow(wav->samples[i], 2); right += std::pow(wav->samples[i + 1], 2); }
  CHECK(right < left / 100);  // 20 dB
}

// threats.md, recordings and keys: bit flip, cut or swapped chunk detected, always; a wrong key opens nothing; no plain text on disk.
TEST_CASE("a changed, cut or rearranged finished file does not open where it was touched") {
  TemporaryFolder folder;
  const auto file = folder.path + "/sealed", touched = folder.path + "/touched";
  std::string plain;
  for (int i = 0; i < 40'000; ++i) plain += "planted phrase ";
  {
    auto writer = SealedWriter::create(file, key);
    REQUIRE(writer);
    for (std::size_t at = 0; at < plain.size(); at += 777) REQUIRE(writer->add(std::string_view(plain).substr(at, 777)));
    REQUIRE(writer->close());
  }
  const auto bytes = whole(file);
  CHECK(bytes.find("planted") == std::string::npos);
  const auto opens = [&](const std::string& content, std::string_view with = key) {
    std::ofstream(touched, std::ios::binary) << content;
    auto reader = SealedReader::open(touched, with);
    if (!reader) return false;
    auto read = reader->read(0, reader->bytes());
    return read && *read == plain;
  };
  CHECK(opens(bytes));
  CHECK_FALSE(opens(bytes, std::string(32, 'x')));
  Random random{7};
  for (int i = 0; i < 200; ++i) {
    auto flipped = bytes;
    flipped[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(bytes.size())))] ^= static_cast<char>(1 << random.below(8));
    CHECK_FALSE(opens(flipped));
  }
  const std::size_t head = 48, chunk = chunk_bytes + tag_bytes;
  for (const auto length : {std::size_t{0}, std::size_t{20}, head, head + 5, head + chunk, head + 2 * chunk, bytes.size() - 1}) CHECK_FALSE(opens(bytes.substr(0, length)));
  CHECK_FALSE(opens(bytes + "x"));
  CHECK_FALSE(opens(bytes.substr(0, head) + bytes.substr(head + chunk, chunk) + bytes.substr(head, chunk) + bytes.substr(head + 2 * chunk)));
}

TEST_CASE("content of exactly one, none, or several whole chunks is read back") {
  TemporaryFolder folder;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, chunk_bytes, chunk_bytes + 1, 3 * chunk_bytes}) {
    const std::string plain(size, 'p');
    const auto file = folder.path + "/sealed";
    auto writer = SealedWriter::create(file, key);
    REQUIRE(writer);
    REQUIRE(writer->add(plain));
    REQUIRE(writer->close());
    const auto reader = SealedReader::open(file, key);
    REQUIRE(reader);
    CHECK(reader->bytes() == static_cast<std::int64_t>(size));
    CHECK(reader->read(0, INT64_MAX).value_or("") == plain);
  }
}

TEST_CASE("finishing the same capture twice never seals with the same nonce and key") {
  TemporaryFolder folder;
  SyntheticCall call;
  call.length_s = 2;
  REQUIRE(finish_from(source_of(call), key, folder.path + "/a", options));
  REQUIRE(finish_from(source_of(call), key, folder.path + "/b", options));
  CHECK(whole(folder.path + "/a").substr(16, 32) != whole(folder.path + "/b").substr(16, 32));  // the salt
}

TEST_CASE("an empty capture gives no file and says so") {
  TemporaryFolder folder;
  const auto finished = finish_from([](const RecordSink&) -> Result<media::CaptureSummary> { return media::CaptureSummary{}; }, key, folder.path + "/none", options);
  REQUIRE(finished);
  CHECK(finished->empty);
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("a disk that cannot be written leaves nothing behind and names the recording") {
  TemporaryFolder folder;
  SyntheticCall call;
  call.length_s = 2;
  const auto finished = finish_from(source_of(call), key, folder.path + "/missing/none", options);
  REQUIRE_FALSE(finished);
  CHECK(finished.error().text.find("recording 9") != std::string::npos);
  CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("the master key is made once, closed to others, and keeps wrapped keys apart") {
  TemporaryFolder folder;
  const auto made = MasterKey::load_or_create(folder.path);
  REQUIRE(made);
  struct stat status {};
  REQUIRE(::stat((folder.path + "/keys/master.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0400);
  const auto recording_key = new_recording_key();
  const auto wrapped = made->wrap(recording_key, CaptureId{5});
  CHECK(wrapped.find(recording_key) == std::string::npos);
  CHECK(made->wrap(recording_key, CaptureId{5}) != wrapped);

  const auto loaded = MasterKey::load_or_create(folder.path);
  REQUIRE(loaded);
  CHECK(loaded->unwrap(wrapped, CaptureId{5}).value_or("") == recording_key);
  CHECK_FALSE(loaded->unwrap(wrapped, CaptureId{6}));
  auto flipped = wrapped;
  flipped.back() ^= 1;
  CHECK_FALSE(loaded->unwrap(flipped, CaptureId{5}));
  CHECK_FALSE(loaded->unwrap("short", CaptureId{5}));

  TemporaryFolder other;
  CHECK_FALSE(MasterKey::load_or_create(other.path)->unwrap(wrapped, CaptureId{5}));
  REQUIRE(::chmod((folder.path + "/keys/master.key").c_str(), 0444) == 0);
  const auto exposed = MasterKey::load_or_create(folder.path);
  REQUIRE_FALSE(exposed);
  CHECK(exposed.error().code == "key-exposed");
}
