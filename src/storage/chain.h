// The checksum chain of the journal: each event's sum covers the sum before it, so that a changed, missing or moved event
// is found where it is. 16 bytes of SHA-256: enough against rot and against a hand that repairs only what it changed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pasokh::storage {

using Sum = std::array<char, 16>;      // all zero before the first event

class Chain {
 public:
  Chain();
  ~Chain();
  Chain(const Chain&) = delete;
  Chain& operator=(const Chain&) = delete;

  Sum next(const Sum& previous, std::uint64_t seq, std::int64_t at, std::string_view body);
  Sum of_snapshot(std::uint64_t seq, std::string_view body);

 private:
  void* context_;                      // EVP_MD_CTX, reused: setting one up costs more than the hash
};

inline std::string_view view(const Sum& sum) { return {sum.data(), sum.size()}; }
bool to_sum(std::string_view bytes, Sum& sum);  // false when it is not 16 bytes

}  // namespace pasokh::storage
