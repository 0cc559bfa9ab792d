#include "api/qr.h"

#include <qrencode.h>

#include <memory>

namespace pasokh::api {

std::string qr_svg(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M), &QRcode_free);
  if (!code) return {};
  constexpr int quiet = 4;                     // modules of white around it (ISO/IEC 18004 §9.1)
  const int width = code->width, whole = width + 2 * quiet;
  std::string path;
  for (int y = 0; y < width; ++y)
    for (int x = 0; x < width;) {
      int end = x;
      while (end < width && (code->data[y * width + end] & 1) != 0) ++end;
      if (end > x) path += "M" + std::to_string(x + quiet) + " " + std::to_string(y + quiet) + "h" + std::to_string(end - x) + "v1h-" + std::to_string(end - x) + "z";
      x = end + 1;
    }
  const std::string size = std::to_string(whole);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + " " + size + "\" width=\"" + std::to_string(whole * 5) + "\" height=\"" + std::to_string(whole * 5) +
         "\" shape-rendering=\"crispEdges\"><rect width=\"" + size + "\" height=\"" + size + "\" fill=\"#fff\"/><path fill=\"#000\" d=\"" + path + "\"/></svg>";
}

}  // namespace pasokh::api
