// The worker's end of the wire: one control at a time. While there is none, what should be told waits, up to a limit.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/transport.h"
#include "media/wire.h"

namespace pasokh::media {

class ControlLink {
 public:
  explicit ControlLink(Transport& transport) : transport_(transport) {}
  ~ControlLink();
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  Result<> listen(const std::string& path);   // replaces a stale socket file
  void on_listener();                         // a new control: it takes the place of the one before
  void on_control(Token, std::vector<ToWorker>& orders);
  void greet(HelloWorker);                    // answers Hello; then what has waited
  void tell(const FromWorker&);
  void flush();
  bool connected() const { return control_.fd != 0; }
  std::uint32_t connection() const { return control_.turn; }  // counts up
  bool all_told() const { return out_.empty(); }

 private:
  void hang_up(const char* why);

  Transport& transport_;
  std::string path_;
  Token listener_{Token::Kind::listener}, control_{Token::Kind::control};
  bool greeted_ = false, wants_write_ = false;
  std::string in_, out_;
  std::deque<FromWorker> waiting_;            // oldest are dropped beyond the limit
};

}  // namespace pasokh::media
