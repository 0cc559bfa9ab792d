#include "media/g711.h"

namespace pasokh::media {
namespace {

// ITU-T G.711 tables 4 (A to µ) and 3 (µ to A), on the octets as they travel (A-law: even bits inverted; µ-law: all bits).
// The tables of the standard and not "decode, then encode": the two differ in a few small values.
constexpr std::array<std::uint8_t, 256> a_to_u = {
    42, 43, 40, 41, 46, 47, 44, 45, 34, 35, 32, 33, 38, 39, 36, 37,
    57, 58, 55, 56, 61, 62, 59, 60, 49, 50, 47, 48, 53, 54, 51, 52,
    10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5,
    26, 27, 24, 25, 30, 31, 28, 29, 18, 19, 16, 17, 22, 23, 20, 21,
    98, 99, 96, 97, 102, 103, 100, 101, 93, 93, 92, 92, 95, 95, 94, 94,
    116, 118, 112, 114, 124, 126, 120, 122, 106, 107, 104, 105, 110, 111, 108, 109,
    72, 73, 70, 71, 76, 77, 74, 75, 64, 65, 63, 63, 68, 69, 66, 67,
    86, 87, 84, 85, 90, 91, 88, 89, 79, 79, 78, 78, 82, 83, 80, 81,
    170, 171, 168, 169, 174, 175, 172, 173, 162, 163, 160, 161, 166, 167, 164, 165,
    185, 186, 183, 184, 189, 190, 187, 188, 177, 178, 175, 176, 181, 182, 179, 180,
    138, 139, 136, 137, 142, 143, 140, 141, 130, 131, 128, 129, 134, 135, 132, 133,
    154, 155, 152, 153, 158, 159, 156, 157, 146, 147, 144, 145, 150, 151, 148, 149,
    226, 227, 224, 225, 230, 231, 228, 229, 221, 221, 220, 220, 223, 223, 222, 222,
    244, 246, 240, 242, 252, 254, 248, 250, 234, 235, 232, 233, 238, 239, 236, 237,
    200, 201, 198, 199, 204, 205, 202, 203, 192, 193, 191, 191, 196, 197, 194, 195,
    214, 215, 212, 213, 218, 219, 216, 217, 207, 207, 206, 206, 210, 211, 208, 209,
};
constexpr std::array<std::uint8_t, 256> u_to_a = {
    42, 43, 40, 41, 46, 47, 44, 45, 34, 35, 32, 33, 38, 39, 36, 37,
    58, 59, 56, 57, 62, 63, 60, 61, 50, 51, 48, 49, 54, 55, 52, 53,
    10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 26,
    27, 24, 25, 30, 31, 28, 29, 18, 19, 16, 17, 22, 23, 20, 21, 106,
    104, 105, 110, 111, 108, 109, 98, 99, 96, 97, 102, 103, 100, 101, 122, 120,
    126, 127, 124, 125, 114, 115, 112, 113, 118, 119, 116, 117, 75, 73, 79, 77,
    66, 67, 64, 65, 70, 71, 68, 69, 90, 91, 88, 89, 94, 95, 92, 93,
    82, 82, 83, 83, 80, 80, 81, 81, 86, 86, 87, 87, 84, 84, 85, 85,
    170, 171, 168, 169, 174, 175, 172, 173, 162, 163, 160, 161, 166, 167, 164, 165,
    186, 187, 184, 185, 190, 191, 188, 189, 178, 179, 176, 177, 182, 183, 180, 181,
    138, 139, 136, 137, 142, 143, 140, 141, 130, 131, 128, 129, 134, 135, 132, 154,
    155, 152, 153, 158, 159, 156, 157, 146, 147, 144, 145, 150, 151, 148, 149, 234,
    232, 233, 238, 239, 236, 237, 226, 227, 224, 225, 230, 231, 228, 229, 250, 248,
    254, 255, 252, 253, 242, 243, 240, 241, 246, 247, 244, 245, 203, 201, 207, 205,
    194, 195, 192, 193, 198, 199, 196, 197, 218, 219, 216, 217, 222, 223, 220, 221,
    210, 210, 211, 211, 208, 208, 209, 209, 214, 214, 215, 215, 212, 212, 213, 213,
};

constexpr std::int16_t decode_alaw(std::uint8_t octet) {
  const int code = octet ^ 0x55;
  const int segment = (code >> 4) & 7;
  int magnitude = ((code & 0x0f) << 4) + 8;
  if (segment > 0) magnitude = (magnitude + 0x100) << (segment - 1);
  return static_cast<std::int16_t>(code & 0x80 ? magnitude : -magnitude);
}

constexpr std::int16_t decode_ulaw(std::uint8_t octet) {
  const int code = ~octet & 0xff;
  const int magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return static_cast<std::int16_t>(code & 0x80 ? -magnitude : magnitude);
}

template <class F>
constexpr std::array<std::int16_t, 256> all(F decode) {
  std::array<std::int16_t, 256> table{};
  for (int i = 0; i < 256; ++i) table[static_cast<std::size_t>(i)] = decode(static_cast<std::uint8_t>(i));
  return table;
}
constexpr auto alaw_values = all(decode_alaw);
constexpr auto ulaw_values = all(decode_ulaw);

}  // namespace

std::int16_t alaw_to_linear(std::uint8_t octet) { return alaw_values[octet]; }
std::int16_t ulaw_to_linear(std::uint8_t octet) { return ulaw_values[octet]; }

std::uint8_t linear_to_alaw(std::int16_t sample) {
  const bool positive = sample >= 0;
  const int magnitude = (positive ? sample : -sample - 1) >> 4;  // 11 bits; -1..-16 share the smallest negative step
  int segment = 0;
  for (int top = magnitude >> 4; top; top >>= 1) ++segment;
  const int low = segment > 1 ? magnitude >> (segment - 1) : magnitude;
  return static_cast<std::uint8_t>((((segment << 4) | (low & 0x0f)) | (positive ? 0x80 : 0)) ^ 0x55);
}

std::uint8_t linear_to_ulaw(std::int16_t sample) {
  const bool negative = sample < 0;
  int magnitude = negative ? -static_cast<int>(sample) : sample;
  magnitude = (magnitude > 32635 ? 32635 : magnitude) + 0x84;
  int segment = 0;
  for (int top = magnitude >> 8; top; top >>= 1) ++segment;
  const int code = (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f) | (negative ? 0x80 : 0);
  return static_cast<std::uint8_t>(~code);
}

const std::array<std::uint8_t, 256>& alaw_to_ulaw() { return a_to_u; }
const std::array<std::uint8_t, 256>& ulaw_to_alaw() { return u_to_a; }

}  // namespace pasokh::media
