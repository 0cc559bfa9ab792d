// A QR code as an SVG picture, by libqrencode.
#pragma once

#include <string>

namespace pasokh::api {

std::string qr_svg(const std::string& text);   // "" when it is too long for one (some 2,300 bytes)

}  // namespace pasokh::api
