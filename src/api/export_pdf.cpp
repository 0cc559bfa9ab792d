// PDF by Cairo, text by Pango: letters joined, right to left, in the fonts of the machine (Vazirmatn where it is installed, else DejaVu
// Sans, which Debian has everywhere and which knows Persian).
#include <pango/pangocairo.h>
#include <cairo-pdf.h>

#include <algorithm>
#include <memory>

#include "api/export.h"
#include "base/persian.h"

namespace pasokh::api {
namespace {

constexpr double page_width = 842, page_height = 595;       // points: A4 on its side
constexpr double margin = 36, row_height = 16, gap = 6;
constexpr std::size_t columns_max = 14;                     // more do not fit a page; the spreadsheet has them all
constexpr const char* body_font = "Vazirmatn, DejaVu Sans 7";
constexpr const char* head_font = "Vazirmatn, DejaVu Sans Bold 7";
constexpr const char* title_font = "Vazirmatn, DejaVu Sans Bold 13";

struct GObjectRelease { void operator()(gpointer object) const { g_object_unref(object); } };

class Page {
 public:
  Page(const Table& table, std::string& bytes) : table_(table), persian_(table.language == floor::Language::fa) {
    surface_ = cairo_pdf_surface_create_for_stream([](void* closure, const unsigned char* data, unsigned length) {
      static_cast<std::string*>(closure)->append(reinterpret_cast<const char*>(data), length);
      return CAIRO_STATUS_SUCCESS;
    }, &bytes, page_width, page_height);
    cairo_ = cairo_create(surface_);
    layout_.reset(pango_cairo_create_layout(cairo_));
    // Letters stand where the font puts them, not at whole points: else readers of the file see gaps within words, and searching finds none.
    cairo_font_options_t* exact = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(exact, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(exact, CAIRO_HINT_STYLE_NONE);
    pango_cairo_context_set_font_options(pango_layout_get_context(layout_.get()), exact);
    cairo_font_options_destroy(exact);
    pango_context_set_round_glyph_positions(pango_layout_get_context(layout_.get()), FALSE);
    pango_layout_set_single_paragraph_mode(layout_.get(), TRUE);
    pango_layout_set_ellipsize(layout_.get(), PANGO_ELLIPSIZE_END);
    shown_ = std::min(table.columns.size(), columns_max);
  }
  ~Page() {
    layout_.reset();
    cairo_destroy(cairo_);
    cairo_surface_destroy(surface_);
  }

  bool draw() {
    begin();
    for (const auto& row : table_.rows) {
      if (y_ + row_height > page_height - margin) { cairo_show_page(cairo_); begin(); }
      for (std::size_t i = 0; i < shown_; ++i) cell(i, shown(table_, table_.columns[i], row[i]), body_font);
      y_ += row_height;
    }
    cairo_surface_finish(surface_);
    return cairo_surface_status(surface_) == CAIRO_STATUS_SUCCESS;
  }

 private:
  void begin() {
    ++number_;
    y_ = margin;
    line(table_.title, title_font, 20);
    const std::string number = persian_ ? persian_digits(std::to_string(number_)) : std::to_string(number_);
    line(table_.subtitle + "   " + (persian_ ? "صفحهٔ " : "page ") + number, body_font, 18);
    for (std::size_t i = 0; i < shown_; ++i) cell(i, table_.columns[i].title, head_font);
    y_ += row_height;
    cairo_set_line_width(cairo_, 0.5);
    cairo_move_to(cairo_, margin, y_ - 3);
    cairo_line_to(cairo_, page_width - margin, y_ - 3);
    cairo_stroke(cairo_);
  }

  void line(const std::string& text, const char* font, double height) {
    put(text, font, margin, page_width - 2 * margin);
    y_ += height;
  }

  // The first column stands where reading begins: on the right in Persian.
  void cell(std::size_t column, const std::string& text, const char* font) {
    const double width = (page_width - 2 * margin) / static_cast<double>(std::max<std::size_t>(1, shown_));
    const double at = persian_ ? page_width - margin - width * static_cast<double>(column + 1) : margin + width * static_cast<double>(column);
    put(text, font, at, width - gap);
  }

  void put(const std::string& text, const char* font, double x, double width) {
    PangoFontDescription* description = pango_font_description_from_string(font);
    pango_layout_set_font_description(layout_.get(), description);
    pango_font_description_free(description);
    pango_layout_set_auto_dir(layout_.get(), FALSE);
    pango_context_set_base_dir(pango_layout_get_context(layout_.get()), persian_ ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
    pango_layout_context_changed(layout_.get());
    pango_layout_set_width(layout_.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_text(layout_.get(), text.c_str(), static_cast<int>(text.size()));
    cairo_move_to(cairo_, x, y_);
    pango_cairo_show_layout(cairo_, layout_.get());
  }

  const Table& table_;
  const bool persian_;
  cairo_surface_t* surface_ = nullptr;
  cairo_t* cairo_ = nullptr;
  std::unique_ptr<PangoLayout, GObjectRelease> layout_;
  std::size_t shown_ = 0;
  double y_ = 0;
  int number_ = 0;
};

}  // namespace

Result<std::string> pdf_from(const Table& table) {
  std::string bytes;
  bool drawn = false;
  { Page page(table, bytes); drawn = page.draw(); }
  if (!drawn) return trouble("export", "the PDF could not be drawn");
  return bytes;
}

}  // namespace pasokh::api
