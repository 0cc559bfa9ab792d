// The single writer, without its sockets: here floor, sip and media meet. Everything that happens comes in through one of
// the functions below with `now`; what must happen next gathers in a Turn: events and rows to be made durable together, and
// the outputs that may leave only afterwards. Outputs that tell nothing that must be remembered are in `early`.
// The order of things: docs/architecture.md, "What may happen when".
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "floor/floor.h"
#include "media/wire.h"
#include "sip/endpoint.h"
#include "storage/journal.h"
#include "switchboard/browser_desk.h"
#include "switchboard/commands.h"
#include "switchboard/ports.h"

namespace pasokh::switchboard {

struct Datagram {
  sip::Flow to;
  std::string bytes;
};
struct WorkerOrder {
  std::size_t worker = 0;
  media::ToWorker order;
};
struct Answer {                       // to one who asked, after the commit
  std::function<void(Reply)> done;
  Reply reply;
};

struct PageWord {                     // to a browser phone's page, after the commit
  BrowserDesk::Page page = 0;
  std::string json;
};

struct Turn {
  std::vector<storage::Recorded> events;
  std::vector<storage::RowChange> rows;
  // held until events and rows are durable
  std::vector<WorkerOrder> orders;
  std::vector<Datagram> datagrams;
  std::vector<Answer> answers;
  std::vector<PageWord> pages;
  bool durable_part() const { return !events.empty() || !rows.empty(); }
  bool empty() const { return !durable_part() && orders.empty() && datagrams.empty() && answers.empty() && pages.empty(); }
};

// What the switchboard needs from the outside and cannot do itself. All are called on its thread and must not block long.
struct Hooks {
  std::function<std::pair<std::string, std::string>(CaptureId)> new_recording_key;   // {key, wrapped key}
  std::function<std::string(CaptureId, std::string_view wrapped)> unwrap_recording_key;  // "" when it cannot be opened
  std::function<std::vector<media::PlayItem>(const floor::ProgrammeItem&, floor::Language)> play_items;
  // The finisher's work begins; asked again (again = true) after a restart, until recording_finished() tells the result.
  std::function<void(CaptureId, CallId, const std::string& wrapped_key, bool again)> capture_closed;
  std::int64_t recording_stop_bytes = 0;             // less free on the captures' disk: recordings stop (told to the workers); 0: never
  std::function<void(const std::string& trunk_code, const std::string& host, std::uint16_t port, sip::Transport)> resolve;  // answer by resolved()
  std::function<bool(const std::string& host, std::uint16_t port, sip::Transport)> resolve_name;  // a dialog's target; answer by name_resolved(), none when false
  std::function<void(std::string_view level, std::string_view text, const std::vector<std::pair<std::string, std::string>>&)> log;
  std::function<std::string(storage::LiveKind, std::string_view key)> live_row;      // as committed; "" when absent
  // The simulator looks on: what is put to the floor, and what it decided. Empty in the running program.
  std::function<void(const floor::Stimulus&, const floor::Floor&)> before_floor;
  std::function<void(const floor::Stimulus&, const floor::Turn&, Instant)> after_floor;
};

// Browser phones: one UDP port for each worker, from `port` on; 0: there are none.
struct BrowserSetup {
  std::uint16_t port = 0;
  std::string certificate, fingerprint;             // file; SHA-256, 32 bytes
  std::vector<std::string> addresses;               // where browsers may find us, best first
  TurnServer turn;
};

struct Setup {
  sip::EndpointConfig sip;
  std::vector<PortPool> workers;                    // one pool per media worker
  std::string captures;                             // folder, absolute
  Hooks hooks;
  BrowserSetup browser;
};

class Switchboard final : private sip::Out, private BrowserDesk::Out {
 public:
  // floor: loaded and replayed; last_seq: of its last event
  Switchboard(Setup setup, floor::Floor floor, std::uint64_t last_seq);

  // --- start: settings from the floor, then rows, then resume()
  void restore_row(storage::LiveKind, std::string_view key, std::string_view value, Instant now);
  void worker_present(std::size_t worker) { worker_alive_[worker] = true; }  // before resume(); worker_up follows after it
  void resume(Instant now);                         // once

  // --- inputs
  void datagram(const sip::Flow& from, std::string_view bytes, Instant now);
  bool stream(const sip::Flow& from, std::string_view bytes, Instant now);  // false: not SIP, close the connection
  void unreachable(const sip::Flow& to, Instant now);                       // a connection could not be opened
  void connected(const sip::Flow&, Instant now);
  void connection_lost(std::uint64_t connection, Instant now);
  void worker_message(std::size_t worker, const media::FromWorker&, Instant now);
  void worker_up(std::size_t worker, Instant now);   // connected: everything wanted is sent (again)
  void worker_down(std::size_t worker, Instant now); // its calls move to another worker
  void page_attached(BrowserDesk::Page, const std::string& device, const std::string& agent);  // browser_phone.h
  void page_message(BrowserDesk::Page, std::string_view json, Instant now);
  void page_detached(BrowserDesk::Page, Instant now);
  void command(const Commands&, std::function<void(Reply)> done, Instant now);
  void resolved(const std::string& trunk_code, std::vector<sip::Flow> targets, Instant now);
  void name_resolved(const std::string& host, std::uint16_t port, sip::Transport, std::vector<sip::Flow> addresses, Instant now);
  void recording_finished(CallId, CaptureId, Duration, const std::string& sha256, std::int64_t bytes, bool empty, const std::string& failure, Instant now);
  void on_timeout(Instant now);
  Instant deadline() const;
  void set_overload(bool refuse_new_calls, std::string_view why, Instant now);
  void hang_up_all(Instant now);                     // a clean stop
  std::size_t live_legs() const { return legs_.size(); }
  std::size_t captures_closing() const { return captures_closing_.size() + captures_.size(); }

  // --- outputs
  // What may leave at once. in_flight: the turn that is being committed, if there is one. Nothing overtakes what is held for the same
  // place: a repetition of an answer that is not durable yet would tell it too early. It is held with the next turn instead.
  std::vector<Datagram> take_early(const Turn* in_flight = nullptr);
  bool has_turn() const { return !turn_.empty() || !dirty_.empty(); }
  Turn take_turn();

  const floor::Floor& floor() const { return floor_; }
  const sip::Endpoint& endpoint() const { return endpoint_; }
  std::uint64_t last_seq() const { return last_seq_; }
  std::string snapshot() const { return floor_.save(); }
  std::string metrics() const;                       // Prometheus text
  std::string health(Instant now) const;             // JSON

 private:
  struct Leg {
    CallId call;
    std::size_t worker = 0;
    std::uint16_t port = 0;
    std::uint32_t media_version = 1;
    std::optional<sip::MediaPlan> plan;
    floor::Hearing hearing;
    CaptureId capture;
    bool capture_is_agent = false;
    bool opened = false;              // the worker has been told
    bool heard = false;               // audio has come in
    bool asked = false;               // none ever came, and we have asked once whether anybody is there
    bool is_browser = false;          // no port of its own; nothing for the worker to do before both sides agreed
    std::optional<media::BrowserPeer> browser;
    bool is_ready() const { return !is_browser || browser; }
  };
  struct Capture {
    CallId call;
    LegId customer, agent;
    std::size_t worker = 0;
    std::string key, wrapped_key;
  };

  // sip::Out
  void send(const sip::Flow& to, std::string bytes, bool early) override;
  void event(sip::Event event) override;
  void save(sip::RowKind kind, std::string key, std::string bytes) override;
  void drop(sip::RowKind kind, std::string key) override;
  bool resolve(const std::string& host, std::uint16_t port, sip::Transport) override;

  // BrowserDesk::Out; browser_legs.cpp
  void to_page(BrowserDesk::Page, std::string json) override;
  void save_browser_leg(const BrowserLegRow&) override;
  void drop_browser_leg(LegId) override;
  Result<DeviceId> browser_device(const std::string& device, const std::string& agent, Instant now) override;
  std::optional<sip::BrowserLocal> browser_media(LegId) override;
  void browser_agreed(const BrowserLegRow&) override;
  void digits_to_far_end(LegId from, const std::string& digits) override;
  void dial_browser(const floor::DialLeg&, Leg&, Instant now);
  void move_browser_leg(LegId, Leg&, std::size_t worker);
  void take_up_browser_legs(std::unordered_set<LegId>& known, Instant now);
  void want_browser_socket(std::size_t worker);
  void browser_leg_changed(const media::BrowserLegChanged&, Instant now);
  void tell_held(const floor::Event&);

  void settle(Instant now);                          // until no event of sip waits
  void on_sip(const sip::Event&, Instant now);
  void stimulate(const floor::Stimulus&, Instant now);
  floor::Turn handle(const floor::Stimulus&, Instant now);
  void record(const floor::Event&, Instant now);     // a fact of ours, not decided by the floor
  void carry_out(const floor::Effect&, Instant now);
  void dial(const floor::DialLeg&, Instant now);
  void accept(LegId, Instant now);
  void hear(LegId, const floor::Hearing&);
  void set_capture(const floor::Record&);
  void close_leg(LegId);
  void log(std::string_view level, std::string_view text, std::vector<std::pair<std::string, std::string>> fields = {}) const;

  Leg* open_leg(LegId, CallId, bool is_browser = false);  // nullptr: no port is free
  std::size_t worker_for(CallId);
  bool move_leg(LegId, Leg&, std::size_t worker);          // false: no port is free there
  void follow_join(const floor::CallsJoined&, Instant now);
  media::LegWanted wanted(LegId, const Leg&) const;
  media::CaptureWanted wanted(CaptureId, const Capture&) const;
  std::string capture_file(CaptureId) const;
  void seal_orders();

  PartyId new_party(std::string_view number, std::string_view name);
  std::string party_text(PartyId) const;             // "number" or "number\nname"
  sip::CallerIdentity identity(const floor::DialLeg&) const;

  Reply apply(const Command&, Instant now);
  Reply configure(const Command&, Instant now);
  std::string with_names(std::string json, const std::string& noun) const;
  void put_name(std::string key, std::optional<std::string> name);   // nothing: forget it
  std::string list(const std::string& noun, Instant now) const;
  void put_row(storage::LiveKind, std::string key, std::optional<std::string> value);
  void load_settings(Instant now);
  void load_device(std::string_view user);
  void load_trunk(std::string_view code, Instant now);

  Setup setup_;
  floor::Floor floor_;
  sip::Endpoint endpoint_;
  BrowserDesk browsers_;
  bool browser_socket_wanted_ = false;               // there are devices of that kind
  std::uint64_t last_seq_;
  std::uint64_t next_party_;
  Turn turn_;
  std::vector<Datagram> early_;
  std::vector<sip::Event> sip_events_;
  std::unordered_map<LegId, Leg> legs_;
  std::map<CaptureId, Capture> captures_;
  std::unordered_map<CallId, std::pair<std::size_t, int>> call_worker_;  // worker, legs open
  std::vector<bool> worker_alive_;
  struct Closing { CallId call; std::size_t worker = 0; std::string wrapped_key; bool again = false; };
  std::map<CaptureId, Closing> captures_closing_;    // asked to close, not yet told as closed
  std::vector<LegId> dirty_;                         // legs whose LegWanted must be sent with this turn
  std::unordered_set<LegId> dirty_set_;
  std::unordered_map<PartyId, std::string> parties_; // the newest; older ones are read from their row
  std::deque<PartyId> party_age_;                    // oldest first
  std::map<std::pair<storage::LiveKind, std::string>, std::string> secrets_;  // of devices and trunks
  std::map<std::string, std::string, std::less<>> names_;       // "agent:a01" -> what people call it
  std::map<std::string, std::vector<sip::Flow>, std::less<>> resolved_;
  std::map<std::string, DeviceId, std::less<>> known_devices_;  // as told to sip; a removed one is no longer known to the floor
  std::map<std::string, TrunkId, std::less<>> known_trunks_;
  std::unordered_map<LegId, std::uint32_t> media_versions_;  // only between restore_row and resume
  std::uint64_t events_total_ = 0, turns_total_ = 0;
};

}  // namespace pasokh::switchboard
