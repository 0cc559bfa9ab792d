#include "media/capture.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace pasokh::media {
namespace {

// The file, all numbers little endian:
//   header  magic[8]  version u32  capture id u64  salt[8]
//   block   magic u32 "PBLK"  number u32  salt[8]  length u32  tag[16]  then `length` bytes of ciphertext
// A block's nonce is its salt and number. The salt is drawn anew by each worker that opens the file: one that was killed in the
// middle of block n and its successor's block n never share a nonce. Authenticated besides the text: the file's header and the
// block's magic, number, salt and length.
// In the text of a block: base u64 (µs of its first record), then records:
//   kind and side u8  payload u8  sequence u16  timestamp u32  ssrc u32  µs after base u32  length u16  bytes
constexpr std::array<char, 8> file_magic{'P', 'a', 's', 'o', 'k', 'h', 'C', '1'};
constexpr std::uint32_t file_version = 1;
constexpr std::uint32_t block_magic = 0x4b4c4250;
constexpr std::size_t salt_size = 8, tag_size = 16, key_size = 32;
constexpr std::size_t header_size = 8 + 4 + 8 + salt_size;
constexpr std::size_t block_header_size = 4 + 4 + salt_size + 4 + tag_size;
constexpr std::size_t authenticated = 4 + 4 + salt_size + 4;   // of the block's header
constexpr std::size_t base_size = 8, record_header_size = 18;
constexpr std::size_t largest_text = 16 * 1024;
constexpr std::size_t longest_bytes = 1500;
template <class T> void put(std::uint8_t*& at, T n) { std::memcpy(at, &n, sizeof n); at += sizeof n; }
template <class T> T get(const std::uint8_t*& at) { T n; std::memcpy(&n, at, sizeof n); at += sizeof n; return n; }

struct CipherFree { void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); } };
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

std::array<std::uint8_t, 12> nonce_of(const std::uint8_t* salt, std::uint32_t number) {
  std::array<std::uint8_t, 12> nonce;
  std::memcpy(nonce.data(), salt, salt_size);
  std::memcpy(nonce.data() + salt_size, &number, 4);
  return nonce;
}

bool seal(EVP_CIPHER_CTX* cipher, const std::uint8_t* header, std::uint8_t* block_header, std::uint32_t number, const std::uint8_t* text, std::size_t size,
          std::uint8_t* into) {
  int n = 0;
  const auto nonce = nonce_of(block_header + 8, number);
  return EVP_EncryptInit_ex(cipher, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(cipher, nullptr, &n, header, header_size) == 1 &&
         EVP_EncryptUpdate(cipher, nullptr, &n, block_header, authenticated) == 1 &&
         EVP_EncryptUpdate(cipher, into, &n, text, static_cast<int>(size)) == 1 &&
         EVP_EncryptFinal_ex(cipher, into + n, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, tag_size, block_header + authenticated) == 1;
}

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

Cipher cipher_for(std::string_view key, bool encrypt) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  if (cipher && EVP_CipherInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, reinterpret_cast<const std::uint8_t*>(key.data()), nullptr, encrypt ? 1 : 0) != 1)
    cipher.reset();
  return cipher;
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

}  // namespace

struct CaptureWriter::Impl {
  Impl(int fd, std::string name) : file(fd), path(std::move(name)) {}

  File file;
  std::string path;
  Cipher cipher;
  std::array<std::uint8_t, header_size> header;
  std::array<std::uint8_t, salt_size> salt;
  std::uint32_t number = 0;          // of the next block
  std::int64_t end = 0;
  std::int64_t base_us = 0;
  std::size_t used = 0;              // of text
  std::vector<std::uint8_t> text;    // grows to what 160 ms need, then stays
  std::optional<Trouble> wrong;

  Result<> begin(CaptureId);
  Result<> take_up(CaptureId, std::int64_t size, std::string_view key);
  void write_block();
};

Result<> CaptureWriter::Impl::begin(CaptureId id) {
  std::uint8_t* at = header.data();
  std::memcpy(at, file_magic.data(), 8);
  at += 8;
  put(at, file_version);
  put(at, id.value);
  std::memcpy(at, salt.data(), salt_size);
  if (pwrite(file.fd, header.data(), header_size, 0) != static_cast<ssize_t>(header_size)) return file_trouble("writing", path, errno ? errno : ENOSPC);
  end = header_size;
  return Done{};
}

// The end of what another worker wrote: the last block that opens within the last two blocks' room. A torn block after it is cut off.
Result<> CaptureWriter::Impl::take_up(CaptureId id, std::int64_t size, std::string_view key) {
  if (!read_whole(file.fd, header.data(), header_size, 0) || std::memcmp(header.data(), file_magic.data(), 8) != 0)
    return trouble("capture-foreign", path + " is there already and is no capture");
  const std::uint8_t* read = header.data() + 12;
  if (get<std::uint64_t>(read) != id.value) return trouble("capture-foreign", path + " is the capture of another call");
  const Cipher opener = cipher_for(key, false);
  if (!opener) return trouble("capture-cipher", "AES-256-GCM is not to be had");
  const auto room = static_cast<std::int64_t>(3 * (largest_text + block_header_size));
  const std::int64_t from = std::max<std::int64_t>(header_size, size - room);
  std::vector<std::uint8_t> tail(static_cast<std::size_t>(std::max<std::int64_t>(0, size - from)));
  if (!read_whole(file.fd, tail.data(), tail.size(), from)) return file_trouble("reading", path, errno);
  end = from;
  bool any = false;
  Block block;
  for (std::size_t i = 0; i + block_header_size <= tail.size();) {
    if (open_block(opener.get(), header.data(), tail.data() + i, tail.size() - i, block) != Opened::yes) { ++i; continue; }
    any = true;
    i += block.size;
    number = block.number + 1;
    end = from + static_cast<std::int64_t>(i);
  }
  if (!any && from > static_cast<std::int64_t>(header_size)) return trouble("capture-damaged", path + " has no whole block near its end");
  if (ftruncate(file.fd, end) != 0) return file_trouble("taking up", path, errno);
  return Done{};
}

void CaptureWriter::Impl::write_block() {
  // what the kernel gets in one write: shared by all captures of the thread, so that a call costs one buffer and not two
  thread_local std::array<std::uint8_t, block_header_size + largest_text> sealed;
  if (used == 0 || wrong) return;
  std::uint8_t* at = sealed.data();
  put(at, block_magic);
  put(at, number);
  std::memcpy(at, salt.data(), salt_size);
  at += salt_size;
  put(at, static_cast<std::uint32_t>(used));
  const std::size_t size = block_header_size + used;
  if (!seal(cipher.get(), header.data(), sealed.data(), number, text.data(), used, sealed.data() + block_header_size)) {
    wrong = trouble("capture-cipher", "sealing a block of " + path + " failed");
    return;
  }
  std::size_t done = 0;
  while (done < size) {
    const ssize_t written = pwrite(file.fd, sealed.data() + done, size - done, end + static_cast<std::int64_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      wrong = file_trouble("writing", path, written < 0 ? errno : ENOSPC);
      if (ftruncate(file.fd, end) != 0) {}  // best effort: a reader passes over a torn block as well
      return;
    }
    done += static_cast<std::size_t>(written);
  }
  end += static_cast<std::int64_t>(size);
  ++number;
  used = 0;
}

Result<CaptureWriter> CaptureWriter::open(const std::string& file, std::string_view key, CaptureId id) {
  if (key.size() != key_size) return trouble("capture-key", "the key of a capture has 32 bytes");
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return file_trouble("creating", file, errno);
  auto impl = std::make_unique<Impl>(fd, file);
  impl->cipher = cipher_for(key, true);
  if (!impl->cipher || RAND_bytes(impl->salt.data(), salt_size) != 1) return trouble("capture-cipher", "AES-256-GCM is not to be had");
  struct stat status;
  if (fstat(fd, &status) != 0) return file_trouble("reading", file, errno);
  impl->text.resize(4096);
  const bool continues = status.st_size >= static_cast<std::int64_t>(header_size);
  if (!continues) {
    TRY_DONE(impl->begin(id));
    return CaptureWriter(impl.release());
  }
  TRY_DONE(impl->take_up(id, status.st_size, key));
  CaptureWriter writer(impl.release());
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  CaptureRecord epoch;
  epoch.kind = CaptureRecord::Kind::epoch;
  epoch.arrived_us = now.tv_sec * 1'000'000 + now.tv_nsec / 1'000;
  writer.add(epoch);
  TRY_DONE(writer.flush());
  return writer;
}

CaptureWriter::CaptureWriter(Impl* impl) : impl_(impl) {}
CaptureWriter::CaptureWriter(CaptureWriter&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
CaptureWriter& CaptureWriter::operator=(CaptureWriter&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}
CaptureWriter::~CaptureWriter() {
  if (!impl_) return;
  impl_->write_block();
  delete impl_;
}

void CaptureWriter::add(const CaptureRecord& record) {
  Impl& in = *impl_;
  if (in.wrong) return;
  const std::size_t length = std::min(record.bytes.size(), longest_bytes);
  const std::size_t needed = record_header_size + length;
  const std::int64_t after = record.arrived_us - in.base_us;
  if (in.used > 0 && (in.used + needed > largest_text || after >= block_span_us || after < 0)) in.write_block();
  if (in.wrong) return;
  if (in.used + base_size + needed > in.text.size()) in.text.resize(std::min(largest_text, std::max(in.text.size() * 2, in.used + base_size + needed)));
  std::uint8_t* at = in.text.data() + in.used;
  if (in.used == 0) {
    in.base_us = record.arrived_us;
    put(at, in.base_us);
    in.used = base_size;
  }
  put(at, static_cast<std::uint8_t>(static_cast<std::uint8_t>(record.kind) | (record.agent ? 0x80 : 0)));
  put(at, record.payload);
  put(at, record.sequence);
  put(at, record.timestamp);
  put(at, record.ssrc);
  put(at, static_cast<std::uint32_t>(record.arrived_us - in.base_us));
  put(at, static_cast<std::uint16_t>(length));
  if (length > 0) std::memcpy(at, record.bytes.data(), length);
  in.used += needed;
}

Result<> CaptureWriter::flush() {
  impl_->write_block();
  if (impl_->wrong) return *impl_->wrong;
  return Done{};
}

bool CaptureWriter::due(std::int64_t now_us) const { return impl_->used > 0 && now_us - impl_->base_us >= block_span_us; }
std::int64_t CaptureWriter::bytes() const { return impl_->end; }
std::int64_t CaptureWriter::block_began_us() const { return impl_->wrong ? 1 : impl_->used > 0 ? impl_->base_us : 0; }
bool CaptureWriter::failed() const { return impl_->wrong.has_value(); }

namespace {

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

}  // namespace

Result<CaptureSummary> read_capture(const std::string& path, std::string_view key, const std::function<void(const CaptureRecord&)>& take) {
  if (key.size() != key_size) return trouble("capture-key", "the key of a capture has 32 bytes");
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return file_trouble("opening", path, errno);
  struct stat status;
  if (fstat(file.fd, &status) != 0) return file_trouble("reading", path, errno);
  std::array<std::uint8_t, header_size> header;
  if (status.st_size < static_cast<std::int64_t>(header_size) || !read_whole(file.fd, header.data(), header_size, 0) ||
      std::memcmp(header.data(), file_magic.data(), 8) != 0)
    return trouble("capture-foreign", path + " is no capture");
  const std::uint8_t* read = header.data() + 8;
  if (get<std::uint32_t>(read) != file_version) return trouble("capture-version", path + " is a capture of another version, or its header is damaged");
  const Cipher opener = cipher_for(key, false);
  if (!opener) return trouble("capture-cipher", "AES-256-GCM is not to be had");

  CaptureSummary summary;
  const auto damaged = [&](std::int64_t from, std::int64_t to, std::string_view what) {
    if (summary.damaged.empty()) summary.damaged = range(from, to, what);
  };
  Window window(file.fd, status.st_size);
  Block block;
  std::int64_t at = header_size, bad_from = -1;
  bool cut = false;                  // at bad_from stands the beginning of a block that the file ends in
  std::uint32_t expected = 0;
  while (at < status.st_size) {
    if (!window.reach(at, block_header_size + largest_text)) return file_trouble("reading", path, errno);
    const Opened opened = open_block(opener.get(), header.data(), window.at(at), window.left(at), block);
    if (opened != Opened::yes) {
      if (bad_from < 0) { bad_from = at; cut = opened == Opened::cut; }
      ++at;
      continue;
    }
    if (bad_from >= 0) damaged(bad_from, at, "do not open");
    else if (block.number != expected) damaged(at, at + static_cast<std::int64_t>(block.size), "are out of order: blocks before them are missing");
    bad_from = -1;
    expected = block.number + 1;
    ++summary.blocks;
    if (!each_record(block, summary, take)) damaged(at, at + static_cast<std::int64_t>(block.size), "hold no records");
    at += static_cast<std::int64_t>(block.size);
  }
  if (bad_from >= 0) {
    if (cut) summary.torn_end = true;
    else damaged(bad_from, status.st_size, "do not open");
  }
  return summary;
}

}  // namespace pasokh::media
