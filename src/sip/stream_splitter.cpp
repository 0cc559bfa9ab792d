#include <cstring>

#include "sip/grammar.h"
#include "sip/header_names.h"
#include "sip/message.h"

namespace pasokh::sip {

namespace {

// The Content-Length of a whole head; nothing when it is missing, repeated or no number.
std::optional<std::size_t> declared_length(std::string_view head, std::size_t most) {
  std::optional<std::size_t> found;
  while (!head.empty()) {
    auto end = head.find("\r\n");
    while (end != head.npos && end + 2 < head.size() && grammar::is(head[end + 2], grammar::blank)) end = head.find("\r\n", end + 2);  // folded
    const auto line = head.substr(0, end);
    head.remove_prefix(end == head.npos ? head.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == line.npos || field_of(grammar::trim(line.substr(0, colon))) != Field::content_length) continue;
    auto value = line.substr(colon + 1);
    while (!value.empty() && std::strchr(" \t\r\n", value.front()) != nullptr) value.remove_prefix(1);
    const auto length = grammar::number(grammar::trim(value), most);
    if (!length || found) return std::nullopt;
    found = static_cast<std::size_t>(*length);
  }
  return found;
}

}  // namespace

void StreamSplitter::feed(std::string_view bytes) {
  if (broken_) return;
  if (begin_ != 0 && begin_ == buffer_.size()) {
    buffer_.clear();
    begin_ = scanned_ = line_ = 0;
  } else if (begin_ > Limits{}.message) {  // what is done goes, seldom enough to cost nothing
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    line_ -= begin_;
    if (end_ != 0) end_ -= begin_;
    begin_ = 0;
  }
  buffer_ += bytes;
}

StreamSplitter::Kind StreamSplitter::ping_or_blank_lines() {
  while (scanned_ == begin_ && buffer_.size() - begin_ >= 2 && buffer_[begin_] == '\r' && buffer_[begin_ + 1] == '\n') {
    const auto left = std::string_view(buffer_).substr(begin_ + 2, 2);
    const bool ping = left == "\r\n";
    if (!ping && (left.empty() || left == "\r")) break;  // half a ping, or a lone CRLF: the next byte tells
    begin_ += ping ? 4 : 2;                              // a lone CRLF before a start line is skipped (RFC 3261 §7.5)
    scanned_ = line_ = begin_;
    if (ping) return Kind::ping;
  }
  return Kind::nothing;
}

bool StreamSplitter::find_end() {
  while (scanned_ < buffer_.size()) {
    const auto feed_at = buffer_.find('\n', scanned_);
    if (feed_at == buffer_.npos) { scanned_ = buffer_.size(); break; }
    if (feed_at == begin_ || buffer_[feed_at - 1] != '\r') return false;
    scanned_ = feed_at + 1;
    const bool blank_line = feed_at == line_ + 1;
    line_ = feed_at + 1;
    if (!blank_line) continue;
    const auto head = std::string_view(buffer_).substr(begin_, scanned_ - begin_);
    const auto length = declared_length(head, Limits{}.message);
    if (!length || head.size() + *length > Limits{}.message) return false;
    end_ = scanned_ + *length;
    return true;
  }
  return buffer_.size() - begin_ <= Limits{}.message;
}

StreamSplitter::Kind StreamSplitter::next(std::string& message) {
  if (broken_) return Kind::broken;
  if (end_ == 0) {
    if (ping_or_blank_lines() == Kind::ping) return Kind::ping;
    const auto waiting = std::string_view(buffer_).substr(begin_);
    if (waiting.empty() || (scanned_ == begin_ && std::string_view("\r\n\r").starts_with(waiting))) return Kind::nothing;
    const bool no_start = scanned_ == begin_ && !grammar::is(waiting.front(), grammar::token) && waiting.front() != '\r';  // TLS, or noise
    if (no_start || !find_end()) {
      broken_ = true;
      buffer_ = {};
      return Kind::broken;
    }
  }
  if (end_ == 0 || buffer_.size() < end_) return Kind::nothing;
  message.assign(buffer_, begin_, end_ - begin_);
  begin_ = scanned_ = line_ = end_;
  end_ = 0;
  return Kind::message;
}

}  // namespace pasokh::sip
