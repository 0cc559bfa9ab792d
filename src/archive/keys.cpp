#include "archive/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "archive/cipher.h"
#include "archive/files.h"
#include "base/assert.h"

namespace pasokh::archive {

namespace {

constexpr char wrap_version = 1;
std::string wrap_context(CaptureId capture) { return "pasokh recording key 1 " + text(capture); }

Result<> refuse_if_open_to_others(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return disk_trouble("looking at " + file);
  if ((status.st_mode & 077) == 0) return Done{};
  return trouble("key-exposed", file + " can be read by others. Set it to mode 0400 (chmod 400), and treat the recordings' keys as known");
}

}  // namespace

Result<MasterKey> MasterKey::load_or_create(const std::string& dir) {
  const auto folder = dir + "/keys", file = folder + "/master.key";
  if (::access(file.c_str(), F_OK) != 0) {
    if (errno != ENOENT) return disk_trouble("opening " + file);
    TRY_DONE(make_folder(folder, 0700));
    TRY_DONE(write_whole(file, random_bytes(key_bytes), 0400));
  }
  TRY_DONE(refuse_if_open_to_others(file));
  TRY(key, read_whole(file, 4096));
  if (key.size() != key_bytes)
    return trouble("key-damaged", file + " must be " + std::to_string(key_bytes) + " bytes and is " + std::to_string(key.size()) + ". Put the backup of it back; recordings cannot be opened without it");
  return MasterKey(std::move(key));
}

MasterKey::~MasterKey() { wipe(key_); }

std::string MasterKey::wrap(std::string_view recording_key, CaptureId capture) const {
  PASOKH_ASSERT(recording_key.size() == key_bytes);
  const auto nonce = random_bytes(nonce_bytes);
  return std::string(1, wrap_version) + nonce + seal(key_, nonce, wrap_context(capture), recording_key);
}

Result<std::string> MasterKey::unwrap(std::string_view wrapped, CaptureId capture) const {
  if (wrapped.size() != 1 + nonce_bytes + key_bytes + tag_bytes || wrapped.front() != wrap_version)
    return trouble("key-damaged", "the wrapped key of recording " + text(capture) + " has the wrong form");
  auto key = unseal(key_, wrapped.substr(1, nonce_bytes), wrap_context(capture), wrapped.substr(1 + nonce_bytes));
  if (!key) return trouble("key-wrong", "the key of recording " + text(capture) + " does not open with this master key");
  return std::move(*key);
}

std::string MasterKey::seal_secret(std::string_view purpose, std::string_view plain) const {
  const auto nonce = random_bytes(nonce_bytes);
  auto key = derive_key(key_, "pasokh secret 1", purpose);
  auto sealed = std::string(1, wrap_version) + nonce + seal(key, nonce, purpose, plain);
  wipe(key);
  return sealed;
}

Result<std::string> MasterKey::open_secret(std::string_view purpose, std::string_view sealed) const {
  if (sealed.size() < 1 + nonce_bytes + tag_bytes || sealed.front() != wrap_version) return trouble("key", "the sealed " + std::string(purpose) + " has the wrong form");
  auto key = derive_key(key_, "pasokh secret 1", purpose);
  auto plain = unseal(key, sealed.substr(1, nonce_bytes), purpose, sealed.substr(1 + nonce_bytes));
  wipe(key);
  if (!plain) return trouble("key", "the sealed " + std::string(purpose) + " does not open with this master key");
  return std::move(*plain);
}

std::string new_recording_key() { return random_bytes(key_bytes); }

}  // namespace pasokh::archive
