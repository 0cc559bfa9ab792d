// PDF by Cairo, text by Pango: letters joined, right to left, in the fonts of the machine (Vazirmatn where it is installed, else DejaVu
// Sans, which Debian has everywhere and which knows Persian). Glyphs are written in the order in which they stand on the page, from left to
// right, each with its letter: so readers of the file find whole words (pango_cairo_show_layout writes Persian backwards, letter by letter,
// and poppler takes each for a word).
#include <cairo-pdf.h>
#include <hb.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

#include "api/export.h"
#include "base/persian.h"

namespace pasokh::api {
namespace {

constexpr double page_width = 842, page_height = 595;       // points: A4 on its side
constexpr double margin = 36, row_height = 16, gap = 6;
constexpr int head_lines_max = 5;                           // a long heading is folded
constexpr double narrowest = 34, widest = 160;              // columns, before they share the page
constexpr std::size_t rows_measured = 100;
constexpr std::string_view non_joiner = "\u200C";
constexpr std::size_t columns_max = 14;                     // more do not fit a page; the spreadsheet has them all
constexpr const char* body_font = "Vazirmatn, DejaVu Sans 7";
constexpr const char* head_font = "Vazirmatn, DejaVu Sans Bold 7";
constexpr const char* title_font = "Vazirmatn, DejaVu Sans Bold 13";

struct GObjectRelease { void operator()(gpointer object) const { g_object_unref(object); } };

using Layout = std::unique_ptr<PangoLayout, GObjectRelease>;

// Vowel marks and the hamza above: they stand higher than their letter, and readers of the file would take each for a word of its own.
bool is_mark(std::string_view letters) {
  return letters.size() == 2 && ((letters[0] == '\xD9' && letters[1] >= '\x8B' && letters[1] <= '\x95') || letters == "\u0670");
}

// A run's clusters from left to right, with their letters: what cairo_show_text_glyphs takes.
struct Written {
  std::vector<cairo_glyph_t> glyphs;
  std::vector<cairo_text_cluster_t> clusters;
  std::string letters;
  void add(std::string_view text, std::vector<cairo_glyph_t> shapes) {
    if (shapes.empty()) return;
    letters += text;
    clusters.push_back({static_cast<int>(text.size()), static_cast<int>(shapes.size())});
    glyphs.insert(glyphs.end(), shapes.begin(), shapes.end());
  }
};

unsigned long shape_of(PangoFont* font, char32_t letter) {
  hb_codepoint_t glyph = 0;
  return hb_font_get_nominal_glyph(pango_font_get_hb_font(font), letter, &glyph) ? glyph : 0;
}

Written written(PangoGlyphItem* run, const char* text, double x, double y) {
  const PangoGlyphString& glyphs = *run->glyphs;
  std::vector<double> at(static_cast<std::size_t>(glyphs.num_glyphs) + 1, x);
  for (std::size_t i = 0; i + 1 < at.size(); ++i) at[i + 1] = at[i] + pango_units_to_double(glyphs.glyphs[i].geometry.width);
  struct Cluster { std::string_view letters; int first, last; };
  std::vector<Cluster> clusters;
  PangoGlyphItemIter i;
  for (gboolean more = pango_glyph_item_iter_init_start(&i, run, text); more; more = pango_glyph_item_iter_next_cluster(&i)) {
    const bool backwards = i.start_glyph > i.end_glyph;
    clusters.push_back({{text + i.start_index, static_cast<std::size_t>(i.end_index - i.start_index)}, backwards ? i.end_glyph + 1 : i.start_glyph, backwards ? i.start_glyph : i.end_glyph - 1});
  }
  if (run->item->analysis.level % 2 != 0) std::reverse(clusters.begin(), clusters.end());
  const bool elided = clusters.size() == 1 && glyphs.num_glyphs == 1 && clusters[0].letters.size() > 8;  // … stands for all that was cut off
  Written out;
  for (const Cluster& cluster : clusters) {
    std::vector<cairo_glyph_t> shapes;
    for (int g = cluster.first; g <= cluster.last; ++g) {
      const PangoGlyphInfo& info = glyphs.glyphs[g];
      const unsigned long glyph = info.glyph != PANGO_GLYPH_EMPTY ? info.glyph : cluster.letters == non_joiner ? shape_of(run->item->analysis.font, 0x200C) : 0;
      if (glyph == 0 || (info.glyph & PANGO_GLYPH_UNKNOWN_FLAG)) continue;
      shapes.push_back({glyph, at[static_cast<std::size_t>(g)] + pango_units_to_double(info.geometry.x_offset), y + pango_units_to_double(info.geometry.y_offset)});
    }
    out.add(elided ? std::string_view("…") : is_mark(cluster.letters) ? std::string_view() : cluster.letters, std::move(shapes));
  }
  return out;
}

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
    share_out();
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
    double height = 0;
    for (std::size_t i = 0; i < shown_; ++i) height = std::max(height, cell(i, table_.columns[i].title, head_font, head_lines_max));
    y_ += height + gap;
    cairo_set_line_width(cairo_, 0.5);
    cairo_move_to(cairo_, margin, y_ - 3);
    cairo_line_to(cairo_, page_width - margin, y_ - 3);
    cairo_stroke(cairo_);
  }

  void line(const std::string& text, const char* font, double height) {
    put(text, font, margin, page_width - 2 * margin, 1);
    y_ += height;
  }

  // Each column is as wide as the longest word of its heading and its longest value among the first rows; what remains, or is wanting, is shared in proportion.
  void share_out() {
    double all = 0;
    for (std::size_t i = 0; i < shown_; ++i) {
      double wide = narrowest;
      for (std::size_t r = 0; r < std::min(table_.rows.size(), rows_measured); ++r) wide = std::max(wide, width_of(shown(table_, table_.columns[i], table_.rows[r][i]), body_font));
      std::istringstream words(table_.columns[i].title);
      for (std::string word; words >> word;) wide = std::max(wide, width_of(word, head_font));
      widths_.push_back(std::min(wide + gap + 1, widest));
      all += widths_.back();
    }
    double edge = 0;
    for (double& width : widths_) {
      edges_.push_back(edge);
      edge += width *= (page_width - 2 * margin) / all;
    }
  }

  double width_of(const std::string& text, const char* font) {
    prepare(text, font);
    pango_layout_set_width(layout_.get(), -1);
    int wide = 0;
    pango_layout_get_size(layout_.get(), &wide, nullptr);
    return pango_units_to_double(wide);
  }

  // The first column stands where reading begins: on the right in Persian.
  double cell(std::size_t column, const std::string& text, const char* font, int lines = 1) {
    const double width = widths_[column], at = persian_ ? page_width - margin - edges_[column] - width : margin + edges_[column];
    return put(text, font, at, width - gap, lines);
  }

  void prepare(const std::string& text, const char* font) {
    PangoFontDescription* description = pango_font_description_from_string(font);
    pango_layout_set_font_description(layout_.get(), description);
    pango_font_description_free(description);
    pango_layout_set_auto_dir(layout_.get(), FALSE);
    pango_context_set_base_dir(pango_layout_get_context(layout_.get()), persian_ ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
    pango_layout_context_changed(layout_.get());
    pango_layout_set_text(layout_.get(), text.c_str(), static_cast<int>(text.size()));
  }

  double put(const std::string& text, const char* font, double x, double width, int lines) {  // -> its height
    prepare(text, font);
    pango_layout_set_width(layout_.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_height(layout_.get(), -lines);
    pango_layout_set_wrap(layout_.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(layout_.get(), persian_ ? PANGO_ALIGN_RIGHT : PANGO_ALIGN_LEFT);
    PangoLayoutIter* at = pango_layout_get_iter(layout_.get());
    do show(at, text.c_str(), x);
    while (pango_layout_iter_next_run(at));
    pango_layout_iter_free(at);
    int high = 0;
    pango_layout_get_size(layout_.get(), nullptr, &high);
    return pango_units_to_double(high);
  }

  void show(PangoLayoutIter* at, const char* text, double x) {
    PangoGlyphItem* run = pango_layout_iter_get_run_readonly(at);
    if (!run) return;                                       // the end of a line
    PangoRectangle place;
    pango_layout_iter_get_run_extents(at, nullptr, &place);
    const Written it = written(run, text, x + pango_units_to_double(place.x), y_ + pango_units_to_double(pango_layout_iter_get_baseline(at)));
    cairo_set_scaled_font(cairo_, pango_cairo_font_get_scaled_font(PANGO_CAIRO_FONT(run->item->analysis.font)));
    cairo_show_text_glyphs(cairo_, it.letters.data(), static_cast<int>(it.letters.size()), it.glyphs.data(), static_cast<int>(it.glyphs.size()), it.clusters.data(), static_cast<int>(it.clusters.size()), static_cast<cairo_text_cluster_flags_t>(0));
  }

  const Table& table_;
  const bool persian_;
  cairo_surface_t* surface_ = nullptr;
  cairo_t* cairo_ = nullptr;
  Layout layout_;
  std::size_t shown_ = 0;
  std::vector<double> widths_, edges_;                      // of the columns; edges from where reading begins
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
