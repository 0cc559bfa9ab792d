// Keys of recordings: one random key each, kept wrapped (AES-256-GCM) by the master key in DIR/keys/master.key (0400).
// Rotation re-wraps; recordings are never encrypted anew.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace pasokh::archive {

inline constexpr std::size_t key_bytes = 32;

class MasterKey {
 public:
  // Takes DIR/keys/master.key, or makes it (0400 in a folder 0700, synced) when there is none. A key file of the wrong size
  // or readable by others is refused: better no start than recordings nobody can open, or anybody can.
  static Result<MasterKey> load_or_create(const std::string& dir);
  ~MasterKey();
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;

  // The wrapped form is bound to its capture: it does not open under another's id.
  std::string wrap(std::string_view recording_key, CaptureId) const;
  Result<std::string> unwrap(std::string_view wrapped, CaptureId) const;
  // Other secrets that must be read again (of second factors, webhooks), under keys derived for their purpose ("second factor of sara").
  std::string seal_secret(std::string_view purpose, std::string_view plain) const;
  Result<std::string> open_secret(std::string_view purpose, std::string_view sealed) const;

 private:
  explicit MasterKey(std::string key) : key_(std::move(key)) {}
  std::string key_;
};

std::string new_recording_key();     // key_bytes random bytes; stops the program when the system has no randomness

}  // namespace pasokh::archive
