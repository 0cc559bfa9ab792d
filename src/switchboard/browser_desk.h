// Browser phones without sockets: what pages say, what the switchboard orders for their legs; out come words to pages, rows, and
// the same events as the SIP side tells, so that the floor sees no difference. A seat is a device of kind "browser"; one page
// at a time holds it. A leg lives as long as its row: reload of the page, loss of its connection and a restart of ours change nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/wire.h"
#include "sip/browser_sdp.h"
#include "sip/endpoint.h"
#include "switchboard/browser_loss.h"

namespace pasokh::switchboard {

// Outlives the process; fields are only appended.
struct BrowserLegRow {
  LegId leg;
  CallId call;
  DeviceId device;
  bool up = false;                             // else it rings
  bool answers_itself = false;                 // click to call: the page accepts at once
  std::string caller, name, queue;
  Instant since;                               // of ringing, then of talking
  std::uint32_t worker = 0;
  std::uint32_t generation = 0;                // how often media was agreed on: each time new ICE names
  std::optional<sip::MediaPlan> plan;
  std::optional<media::BrowserPeer> peer;
  bool held = false;
  PASOKH_FIELDS(leg, call, device, up, answers_itself, caller, name, queue, since, worker, generation, plan, peer, held)
};

// A TURN server for pages that no UDP leaves from (coturn's use-auth-secret); uri empty: there is none.
struct TurnServer { std::string uri, secret; };

// The worst that the page's own statistics showed, for the call's record.
struct BrowserFigures { std::int64_t loss_permille = 0, jitter_us = 0, round_trip_us = 0; };

class BrowserDesk {
 public:
  using Page = std::uint64_t;

  class Out {
   public:
    virtual void to_page(Page, std::string json) = 0;
    virtual void save_browser_leg(const BrowserLegRow&) = 0;
    virtual void drop_browser_leg(LegId) = 0;
    virtual void event(sip::Event) = 0;
    // The seat's device; made when the agent has none yet.
    virtual Result<DeviceId> browser_device(const std::string& device, const std::string& agent, Instant now) = 0;
    // Where a browser finds the worker that has this leg, our certificate, codecs in the order that needs no translation; no ICE names.
    virtual std::optional<sip::BrowserLocal> browser_media(LegId) = 0;
    virtual void browser_agreed(const BrowserLegRow&) = 0;     // plan and peer are new
    virtual void digits_to_far_end(LegId from, const std::string& digits) = 0;

   protected:
    ~Out() = default;
  };

  // secret: what ICE passwords are made of; epoch: grows at each start
  BrowserDesk(std::string secret, std::uint64_t epoch, TurnServer turn) : secret_(std::move(secret)), epoch_(epoch), turn_(std::move(turn)) {}

  // --- pages
  void attach(Page, std::string device, std::string agent);
  void message(Page, std::string_view json, Instant now, Out&);
  void detach(Page, Instant now);

  // --- orders
  bool dial(BrowserLegRow, Instant now, Out&);   // false: nobody is there (the caller tells the floor)
  void end(LegId, std::string_view why, Out&);   // the house ends it
  void hold(LegId, bool held, Out&);
  void moved(LegId, std::uint32_t worker, Out&); // its worker is gone: the page must agree on media anew
  void ask_for_media(LegId, Out&);               // the same, with the worker that it has
  void failed(LegId, int status, std::string cause, Out&);  // the leg cannot go on
  void measured(const media::LegStatistics&, Instant now, Out&);
  BrowserFigures take_figures(LegId);
  bool has(LegId leg) const { return legs_.contains(leg); }
  bool page_is_there(LegId) const;

  // --- restart
  void restore(std::string_view row);
  std::vector<BrowserLegRow> rows() const;
  void wait_for_page(DeviceId, Instant now);     // after a restart: the seat's page has a while to come back
  void forget(LegId, Out&);                      // a row that the floor knows nothing of

  void on_timeout(Instant now, Out&);
  Instant deadline() const;
  std::size_t legs() const { return legs_.size(); }

 private:
  struct Seated { std::string device, agent; DeviceId seat; };
  struct Seat {
    Page page = 0;                               // 0: nobody
    std::string tab;                             // the page's own word for itself: it may come back without asking
    Instant away_until = Instant::never();       // no page: until then it is expected back
    Instant lossy_until;                         // loss was measured here: the next call begins with Opus
  };
  struct Said {                                  // a message, read
    std::string type, sdp, digits, tab;
    LegId leg;
    bool take = false;
    double loss = 0, jitter_ms = 0, rtt_ms = 0;
  };
  static std::optional<Said> read(std::string_view json);

  void enrol(Page, Seated&, const Said&, Instant now, Out&);
  void agree(Page, BrowserLegRow&, const Said&, Instant now, Out&);
  void hang_up(BrowserLegRow&, int status, const char* cause, Out&);
  bool has_room_for_opus(std::uint32_t worker) const;
  void speak_opus(BrowserLegRow&, Out&);
  void take_digits(const BrowserLegRow&, const Said&, Out&);
  void take_figures(const BrowserLegRow&, const Said&);
  void ring(const BrowserLegRow&, Page, Out&) const;
  std::string ice_servers(const std::string& agent, Instant now) const;
  Page page_of(const BrowserLegRow&) const;
  std::string name_for(const BrowserLegRow&, std::string_view what, std::size_t size) const;

  std::string secret_;
  std::uint64_t epoch_;
  TurnServer turn_;
  std::map<Page, Seated> pages_;
  std::map<DeviceId, Seat> seats_;
  std::map<LegId, BrowserLegRow> legs_;
  std::map<LegId, media::LegStatistics> before_; // for the loss since the last look
  std::map<LegId, LossWatch> watches_;
  std::map<LegId, BrowserFigures> figures_;
};

}  // namespace pasokh::switchboard
