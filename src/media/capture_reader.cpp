#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "media/capture.h"
#include "media/capture_format.h"

namespace pasokh::media {

using namespace capture_format;

namespace {

struct Block {
  std::uint32_t number = 0;
  std::size_t size = 0;              // header and all
  std::vector<std::uint8_t> text;
};

enum class Opened : std::uint8_t { yes, cut, no };  // cut: the file ends before the block does

Opened open_block(EVP_CIPHER_CTX* cipher, const std::uint8_t* header, const std::uint8_t* at, std::size_t left, Block& block) {
  std::uint32_t magic = 0;
  std::memcpy(&magic, at, std::min<std::size_t>(4, left));
  if (left < block_header_size) return std::memcmp(&magic, &block_magic, std::min<std::size_t>(4, left)) == 0 ? Opened::cut : Opened::no;
  const std::uint8_t* read = at + 4;
  const auto number = get<std::uint32_t>(read);
  read += salt_size;
  const auto length = get<std::uint32_t>(read);
  if (magic != block_magic || length > largest_text) return Opened::no;
  if (left < block_header_size + length) return Opened::cut;
  const auto nonce = nonce_of(at + 8, number);
  block.text.resize(length);
  int n = 0;
  std::array<std::uint8_t, tag_size> tag;
  std::memcpy(tag.data(), at + authenticated, tag_size);
  const bool good = EVP_DecryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
                    EVP_DecryptUpdate(cipher, nullptr, &n, header, header_size) == 1 &&
                    EVP_DecryptUpdate(cipher, nullptr, &n, at, authenticated) == 1 &&
                    EVP_DecryptUpdate(cipher, block.text.data(), &n, at + block_header_size, static_cast<int>(length)) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()) == 1 &&
                    EVP_DecryptFinal_ex(cipher, block.text.data() + n, &n) == 1;
  if (!good) return Opened::no;
  block.number = number;
  block.size = block_header_size + length;
  return Opened::yes;
}

Trouble file_trouble(std::string_view doing, const std::string& file, int error) {
  return trouble(error == ENOSPC || error == EDQUOT ? "disk-full" : "capture-file", std::string(doing) + " " + file + ": " + std::strerror(error));
}

struct File {
  int fd = -1;
  explicit File(int n) : fd(n) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { if (fd >= 0) close(fd); }
};

bool read_whole(int fd, std::uint8_t* into, std::size_t size, std::int64_t at) {
  while (size > 0) {
    const ssize_t came = pread(fd, into, size, at);
    if (came < 0 && errno == EINTR) continue;
    if (came <= 0) return false;
    into += came;
    at += came;
    size -= static_cast<std::size_t>(came);
  }
  return true;
}

// false: what opened is not a list of records (a bug of the writer, or another version of it)
bool each_record(const Block& block, CaptureSummary& summary, const std::function<void(const CaptureRecord&)>& take) {
  const std::uint8_t* at = block.text.data();
  const std::uint8_t* end = at + block.text.size();
  if (block.text.size() < base_size) return false;
  const auto base_us = get<std::int64_t>(at);
  while (at < end) {
    if (static_cast<std::size_t>(end - at) < record_header_size) return false;
    CaptureRecord record;
    const auto first = get<std::uint8_t>(at);
    record.kind = static_cast<CaptureRecord::Kind>(first & 0x7f);
    record.agent = (first & 0x80) != 0;
    record.payload = get<std::uint8_t>(at);
    record.sequence = get<std::uint16_t>(at);
    record.timestamp = get<std::uint32_t>(at);
    record.ssrc = get<std::uint32_t>(at);
    record.arrived_us = base_us + get<std::uint32_t>(at);
    const auto length = get<std::uint16_t>(at);
    if (static_cast<std::size_t>(end - at) < length) return false;
    record.bytes = {reinterpret_cast<const char*>(at), length};
    at += length;
    ++summary.records;
    take(record);
  }
  return true;
}

std::string range(std::int64_t from, std::int64_t to, std::string_view what) {
  return "bytes " + std::to_string(from) + " to " + std::to_string(to) + " " + std::string(what);
}

// A window over the file that always holds the next block whole, so that a capture of any length is read in little memory.
class Window {
 public:
  Window(int fd, std::int64_t file_size) : fd_(fd), buffer_(static_cast<std::size_t>(std::min<std::int64_t>(64 * 1024, file_size + 1))) {}
  // at least `wanted` bytes from `at` on, or what the file has left
  bool reach(std::int64_t at, std::size_t wanted) {
    const std::int64_t known = from_ + static_cast<std::int64_t>(size_);
    if (at >= from_ && at <= known && (at_end_ || at + static_cast<std::int64_t>(wanted) <= known)) return true;
    from_ = at;
    size_ = 0;
    at_end_ = false;
    while (size_ < buffer_.size()) {
      const ssize_t came = pread(fd_, buffer_.data() + size_, buffer_.size() - size_, from_ + static_cast<std::int64_t>(size_));
      if (came < 0 && errno == EINTR) continue;
      if (came < 0) return false;
      if (came == 0) { at_end_ = true; break; }
      size_ += static_cast<std::size_t>(came);
    }
    return true;
  }
  const std::uint8_t* at(std::int64_t place) const { return buffer_.data() + (place - from_); }
  std::size_t left(std::int64_t place) const { return size_ - static_cast<std::size_t>(place - from_); }

 private:
  int fd_;
  std::int64_t from_ = 0;
  std::size_t size_ = 0;
  bool at_end_ = false;
  std::vector<std::uint8_t> buffer_;
};

using Header = std::array<std::uint8_t, header_size>;

std::uint32_t version_of(const Header& header) {
  std::uint32_t version;
  std::memcpy(&version, header.data() + 8, sizeof version);
  return version;
}

// A reading of one file. Scans byte by byte where nothing opens, so that what is behind a damaged range is found again.
class Reading {
 public:
  Reading(const File& file, std::int64_t size, const Header& first, EVP_CIPHER_CTX* opener, const std::function<void(const CaptureRecord&)>& take)
      : window_(file.fd, size), size_(size), opener_(opener), take_(take), header_(first), proved_(first) {}

  bool run() {                       // false: the file could not be read
    while (at_ < size_) {
      if (!window_.reach(at_, block_header_size + largest_text)) return false;
      if (is_header()) take_header();
      else if (!skip_padding() && !take_block()) pass_over();
    }
    if (bad_from_ < 0) return true;
    if (is_torn()) summary_.torn_end = true;
    else damaged(bad_from_, size_, "do not open");
    return true;
  }
  const CaptureSummary& summary() const { return summary_; }

 private:
  const std::uint8_t* here() const { return window_.at(at_); }
  std::size_t left() const { return window_.left(at_); }

  bool is_header() const {           // of this capture
    if (left() < header_size || std::memcmp(here(), file_magic.data(), 8) != 0) return false;
    std::uint32_t version;
    std::memcpy(&version, here() + 8, sizeof version);
    return version == file_version && std::memcmp(here() + 12, header_.data() + 12, 8) == 0;
  }

  void take_header() {
    Header header;
    std::memcpy(header.data(), here(), header_size);
    if (bad_from_ >= 0) {
      // another worker went on where the one before it was torn off; within one epoch nothing can be torn
      if (header != proved_ && is_torn()) summary_.torn_end = true;
      else damaged(bad_from_, at_, "do not open");
      bad_from_ = -1;
    }
    header_ = header;
    header_at_ = at_;
    at_ += static_cast<std::int64_t>(header_size);
  }

  bool take_block() {
    Opened opened = open_block(opener_, header_.data(), here(), left(), block_);
    bool other_header = false;
    if (opened == Opened::no && header_ != proved_) {         // is it the last header that was damaged?
      opened = open_block(opener_, proved_.data(), here(), left(), block_);
      other_header = opened == Opened::yes;
    }
    if (opened != Opened::yes) {
      if (bad_from_ < 0) {
        bad_from_ = at_;
        bad_until_ = at_;
        torn_until_ = reach();
      }
      return false;
    }
    if (other_header) {
      damaged(header_at_, header_at_ + static_cast<std::int64_t>(header_size), "are no header of this capture");
      header_ = proved_;
    }
    const bool new_epoch = header_ != proved_ && summary_.blocks > 0;
    proved_ = header_;
    if (new_epoch) expected_ = 0;
    if (bad_from_ >= 0) damaged(bad_from_, at_, "do not open");
    else if (block_.number != expected_) damaged(at_, at_ + static_cast<std::int64_t>(block_.size), "are out of order: blocks before them are missing");
    bad_from_ = -1;
    expected_ = block_.number + 1;
    ++summary_.blocks;
    if (new_epoch) tell_epoch();
    if (!each_record(block_, summary_, take_)) damaged(at_, at_ + static_cast<std::int64_t>(block_.size), "hold no records");
    at_ += static_cast<std::int64_t>(block_.size);
    return true;
  }

  // Zeros up to where the next piece may begin. Blocks that became zeros are missed by the numbers of those behind them.
  bool skip_padding() {
    if (bad_from_ >= 0) return false;
    const std::int64_t end = std::min(next_piece(at_), size_);
    const std::uint8_t* from = here();
    if (end == at_ || std::any_of(from, from + (end - at_), [](std::uint8_t octet) { return octet != 0; })) return false;
    at_ = end;
    return true;
  }

  void pass_over() {
    if (*here() != 0) bad_until_ = at_ + 1;
    ++at_;
  }

  // what does not open is the beginning of a block or header that was not written to its end
  bool is_torn() const { return torn_until_ > bad_until_; }

  // where what begins here would end, were it a block or a header; 0: it is neither
  std::int64_t reach() const {
    const std::uint8_t* read = here();
    const std::size_t same = std::min<std::size_t>(left(), 4);
    if (std::memcmp(read, &block_magic, same) == 0) {
      std::uint32_t length = 0;
      if (left() >= block_header_size) std::memcpy(&length, read + 4 + 4 + salt_size, sizeof length);
      return at_ + static_cast<std::int64_t>(block_header_size) + std::min<std::int64_t>(length, largest_text);
    }
    return std::memcmp(read, file_magic.data(), std::min<std::size_t>(left(), 8)) == 0 ? at_ + static_cast<std::int64_t>(header_size) : 0;
  }

  void tell_epoch() {
    if (block_.text.size() < base_size) return;
    CaptureRecord record;
    record.kind = CaptureRecord::Kind::epoch;
    std::memcpy(&record.arrived_us, block_.text.data(), sizeof record.arrived_us);
    ++summary_.records;
    take_(record);
  }

  void damaged(std::int64_t from, std::int64_t to, std::string_view what) {
    if (summary_.damaged.empty()) summary_.damaged = range(from, to, what);
  }

  Window window_;
  std::int64_t size_;
  EVP_CIPHER_CTX* opener_;
  const std::function<void(const CaptureRecord&)>& take_;
  Header header_, proved_;           // the one before this place; the last one that a block opened with
  std::int64_t header_at_ = 0;
  std::int64_t at_ = header_size;
  std::int64_t bad_from_ = -1, bad_until_ = 0, torn_until_ = 0;   // until: behind the last octet of it that is not zero; behind what it may be the beginning of
  std::uint32_t expected_ = 0;
  Block block_;
  CaptureSummary summary_;
};

}  // namespace

Result<CaptureSummary> read_capture(const std::string& path, std::string_view key, const std::function<void(const CaptureRecord&)>& take) {
  if (key.size() != key_size) return trouble("capture-key", "the key of a capture has 32 bytes");
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return file_trouble("opening", path, errno);
  struct stat status;
  if (fstat(file.fd, &status) != 0) return file_trouble("reading", path, errno);
  Header header;
  if (status.st_size < static_cast<std::int64_t>(header_size) || !read_whole(file.fd, header.data(), header_size, 0) ||
      std::memcmp(header.data(), file_magic.data(), 8) != 0)
    return trouble("capture-foreign", path + " is no capture");
  const std::uint32_t version = version_of(header);
  if (version != file_version && version != first_version) return trouble("capture-version", path + " is a capture of another version, or its header is damaged");
  const Cipher opener = cipher_for(key, false);
  if (!opener) return trouble("capture-cipher", "AES-256-GCM is not to be had");
  Reading reading(file, status.st_size, header, opener.get(), take);
  if (!reading.run()) return file_trouble("reading", path, errno);
  return reading.summary();
}

}  // namespace pasokh::media
