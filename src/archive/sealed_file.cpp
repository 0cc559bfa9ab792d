#include "archive/sealed_file.h"

#include <algorithm>

#include "archive/cipher.h"
#include "base/assert.h"

namespace pasokh::archive {

namespace {

constexpr std::string_view magic = "PASOKH-R";
constexpr std::uint32_t version = 1;
constexpr std::size_t salt_bytes = 32, header_bytes = 48;  // magic 8, version 4, chunk size 4, salt 32
constexpr std::size_t sealed_chunk = chunk_bytes + tag_bytes;
constexpr std::string_view purpose = "pasokh finished recording 1";

void put(std::string& out, std::uint64_t value, int bytes) {  // little endian
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::string nonce_of(std::uint64_t chunk) {
  std::string nonce(4, '\0');
  put(nonce, chunk, 8);
  return nonce;
}

std::string associated_with(const std::string& header, std::uint64_t chunk, bool last) {
  std::string out = header;
  put(out, chunk, 8);
  out += last ? '\1' : '\0';
  return out;
}

}  // namespace

Result<SealedWriter> SealedWriter::create(const std::string& path, std::string_view key) {
  SealedWriter writer;
  TRY(file, File::create(path, 0600));
  writer.file_ = std::move(file);
  const auto salt = random_bytes(salt_bytes);
  writer.header_ = magic;
  put(writer.header_, version, 4);
  put(writer.header_, chunk_bytes, 4);
  writer.header_ += salt;
  writer.key_ = derive_key(key, salt, purpose);
  TRY_DONE(writer.file_.write(writer.header_));
  return writer;
}

Result<> SealedWriter::add(std::string_view plain) {
  bytes_ += static_cast<std::int64_t>(plain.size());
  while (!plain.empty()) {
    if (pending_.size() == chunk_bytes) TRY_DONE(seal_chunk(false));  // only now is it known that more follows
    const auto n = std::min(plain.size(), chunk_bytes - pending_.size());
    pending_ += plain.substr(0, n);
    plain.remove_prefix(n);
  }
  return Done{};
}

Result<> SealedWriter::seal_chunk(bool last) {
  const auto sealed = seal(key_, nonce_of(chunk_), associated_with(header_, chunk_, last), pending_);
  ++chunk_;
  pending_.clear();
  return file_.write(sealed);
}

Result<> SealedWriter::close() {
  TRY_DONE(seal_chunk(true));
  wipe(key_);
  return file_.sync();
}

Result<SealedReader> SealedReader::open(const std::string& path, std::string_view key) {
  SealedReader reader;
  reader.path_ = path;
  TRY(file, File::read_only(path));
  reader.file_ = std::move(file);
  TRY(header, reader.file_.read_at(0, header_bytes));
  std::string expected(magic);
  put(expected, version, 4);
  put(expected, chunk_bytes, 4);
  if (header.size() != header_bytes || !header.starts_with(expected)) return trouble("not-a-recording", path + " is not a finished recording of this version");
  reader.key_ = derive_key(key, std::string_view(header).substr(expected.size()), purpose);
  reader.header_ = std::move(header);
  TRY(size, reader.file_.size());
  const auto body = static_cast<std::uint64_t>(size) - header_bytes;
  reader.chunks_ = (body + sealed_chunk - 1) / sealed_chunk;
  if (reader.chunks_ == 0 || body - (reader.chunks_ - 1) * sealed_chunk < tag_bytes) return trouble("recording-cut", path + " has been cut short");
  reader.bytes_ = static_cast<std::int64_t>(body - reader.chunks_ * tag_bytes);
  TRY_DONE([&]() -> Result<> { TRY(last, reader.chunk(reader.chunks_ - 1)); (void)last; return Done{}; }());
  return reader;
}

Result<std::string> SealedReader::chunk(std::uint64_t index) const {
  const bool last = index + 1 == chunks_;
  TRY(sealed, file_.read_at(static_cast<std::int64_t>(header_bytes + index * sealed_chunk), sealed_chunk));
  auto plain = unseal(key_, nonce_of(index), associated_with(header_, index, last), sealed);
  if (!plain) {
    const auto from = index * chunk_bytes;
    return trouble("recording-damaged", path_ + ": bytes " + std::to_string(from) + " to " + std::to_string(from + chunk_bytes) + " do not open: the key is another's, or the file was cut or changed");
  }
  return std::move(*plain);
}

Result<std::string> SealedReader::read(std::int64_t from, std::int64_t to) const {
  from = std::clamp<std::int64_t>(from, 0, bytes_);
  to = std::clamp<std::int64_t>(to, from, bytes_);
  std::string out;
  out.reserve(static_cast<std::size_t>(to - from));
  while (from < to) {
    const auto index = static_cast<std::uint64_t>(from) / chunk_bytes;
    TRY(plain, chunk(index));
    const auto skip = static_cast<std::size_t>(from) % chunk_bytes;
    const auto n = std::min(plain.size() - skip, static_cast<std::size_t>(to - from));
    out.append(plain, skip, n);
    from += static_cast<std::int64_t>(n);
  }
  return out;
}

}  // namespace pasokh::archive
