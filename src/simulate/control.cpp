#include "simulate/control.h"

#include <algorithm>

#include "base/codec.h"

namespace pasokh::simulate {
namespace {

using namespace switchboard;
using storage::LiveKind;

constexpr Duration gather = Duration::milliseconds(15);       // as in the loop
constexpr std::size_t snapshot_every = 3'000;                 // events
constexpr std::uint16_t ports_from = 20'000, ports_each = 4'000;
constexpr Duration between_looks = Duration::milliseconds(100);  // at a full disk (storage/journal.h)

}  // namespace

Control::Control(ControlHouse& house, std::uint64_t seed, std::size_t workers, ControlTampering tampering)
    : house_(house), tampering_(std::move(tampering)), dice_(seed, 5), workers_(workers) {}
Control::~Control() = default;

switchboard::Setup Control::setup() {
  Setup setup;
  setup.sip.listen_udp = setup.sip.listen_tcp = {{"10.0.0.1", 5060}};
  setup.sip.local_networks = {"10.0.0.0/8"};
  setup.sip.nonce_secret = "0123456789abcdef0123456789abcdef";
  setup.sip.epoch = epoch_;
  for (std::size_t i = 0; i < workers_; ++i) {
    const auto low = static_cast<std::uint16_t>(ports_from + i * ports_each);
    setup.workers.emplace_back(low, static_cast<std::uint16_t>(low + ports_each - 1));
  }
  setup.captures = "/captures";
  setup.hooks.new_recording_key = [](CaptureId) { return std::pair(std::string(32, 'k'), std::string("wrapped")); };
  setup.hooks.unwrap_recording_key = [](CaptureId, std::string_view) { return std::string(32, 'k'); };
  setup.hooks.play_items = [](const floor::ProgrammeItem& item, floor::Language) { return std::vector<media::PlayItem>{{"/" + item.kind + item.name, "", 0}}; };
  setup.hooks.capture_closed = [this](CaptureId capture, CallId call, const std::string&, bool) {
    const Instant at = house_.now() + Duration::milliseconds(300 + dice_.below(3'000));
    finishing_.push_back({at, call, capture});
  };
  setup.hooks.resolve = [this](const std::string& trunk, const std::string&, std::uint16_t, sip::Transport) { house_.resolve(trunk); };
  setup.hooks.live_row = [this](LiveKind kind, std::string_view key) {
    const auto found = rows_.find({kind, std::string(key)});
    return found == rows_.end() ? std::string() : found->second;
  };
  setup.hooks.log = [this](std::string_view level, std::string_view text, const std::vector<std::pair<std::string, std::string>>& fields) {
    if (level == "info" || log_.size() >= 200) return;
    std::string line = std::string(level) + " " + std::string(text);
    for (const auto& [name, value] : fields) line += " " + name + "=" + value;
    log_.push_back(std::move(line));
  };
  if (watches_) {
    setup.hooks.before_floor = [this](const floor::Stimulus& stimulus, const floor::Floor& floor) { house_.about_to_handle(stimulus, floor); };
    setup.hooks.after_floor = [this](const floor::Stimulus& stimulus, const floor::Turn& turn, Instant now) { handled_.push_back({stimulus, turn.events, turn.effects, now}); };
  }
  return setup;
}

floor::Floor Control::read_floor() const {
  floor::Floor floor;
  if (!snapshot_.empty())
    if (auto loaded = floor::Floor::load(snapshot_)) floor = std::move(*loaded);
  const std::size_t end = journal_.size() - (tampering_.forgets_last_event && journal_.size() > snapshot_at_ ? 1 : 0);
  for (std::size_t i = snapshot_at_; i < end; ++i) floor.evolve(journal_[i].event, journal_[i].at);
  return floor;
}

std::string Control::legs_of(const Switchboard& board) const {
  std::string out;
  for (const auto& info : board.endpoint().legs()) out += to_bytes(info.leg) + to_bytes(info.outgoing) + to_bytes(info.confirmed) + to_bytes(info.local) + to_bytes(info.media.value_or(sip::MediaPlan{}));
  return out;
}

void Control::boot() {
  ++epoch_;
  // the machine's clock may have been stepped meanwhile; what is journalled never goes back (switchboard/clock.h)
  if (clock_step.us != 0) { offset_ = std::max(offset_ + clock_step, last_at_ - house_.now()); clock_step = {}; }
  const Instant at = clock();
  auto board = std::make_unique<Switchboard>(setup(), read_floor(), last_seq_);
  for (const auto kind : {LiveKind::setting, LiveKind::device_secret, LiveKind::trunk_secret, LiveKind::media_leg, LiveKind::sip_other, LiveKind::sip_trunk, LiveKind::sip_binding, LiveKind::sip_leg})
    for (auto row = rows_.lower_bound({kind, {}}); row != rows_.end() && row->first.first == kind; ++row)
      if (!tampering_.forgets_row || !tampering_.forgets_row(kind, row->first.second)) board->restore_row(kind, row->first.second, row->second, at);
  if (expects_) house_.started(board->snapshot() == floor_before_, legs_of(*board) == legs_before_, true);
  handled_.clear();
  auto again = [&] {  // killed while it comes back: nothing of it is durable
    --dies_again;
    ++deaths_;
    handled_.clear();
    finishing_.clear();
    down_until_ = house_.now() + Duration::milliseconds(20 + dice_.below(1'500));
    house_.wake_control(down_until_);
  };
  if (dies_again > 0 && dice_.permille(500)) return again();
  for (std::size_t i = 0; i < workers_; ++i) if (house_.worker_lives(i)) board->worker_present(i);
  board->resume(at);
  for (std::size_t i = 0; i < workers_; ++i) if (house_.worker_lives(i) && !tampering_.workers_not_told) board->worker_up(i, at);
  if (dies_again > 0) return again();
  expects_ = false;
  board_ = std::move(board);
  last_submit_ = house_.now() - gather;
  refusing_ = trouble_ = false;
  after_input();
}

void Control::die() {
  ++deaths_;
  board_.reset();
  in_flight_.reset();
  handled_.clear();
  finishing_.clear();
  pending_since_ = Instant::never();
  armed_.reset();
  stage_ = 0;
  down_until_ = house_.now() + down_for;
  wake_at_ = Instant::never();
  house_.died();
  house_.wake_control(down_until_);
}

// --- inputs

void Control::receive(const sip::Flow& from, std::string_view bytes) {
  if (!board_) return;
  run();
  if (!board_) return;
  if (from.transport == sip::Transport::udp) board_->datagram(from, bytes, clock());
  else if (!board_->stream(from, bytes, clock())) board_->connection_lost(from.connection, clock());
  after_input();
}
void Control::connected(const sip::Flow& flow) {
  if (!board_) return;
  board_->connected(flow, clock());
  after_input();
}
void Control::broke(std::uint64_t connection) {
  if (!board_) return;
  board_->connection_lost(connection, clock());
  after_input();
}
void Control::unreachable(const sip::Flow& to) {
  if (!board_) return;
  board_->unreachable(to, clock());
  after_input();
}
void Control::from_worker(std::size_t worker, const media::FromWorker& message) {
  if (!board_) return;
  run();
  if (!board_) return;
  board_->worker_message(worker, message, clock());
  after_input();
}
void Control::worker_up(std::size_t worker) {
  if (!board_) return;
  board_->worker_up(worker, clock());
  after_input();
}
void Control::worker_down(std::size_t worker) {
  if (!board_) return;
  board_->worker_down(worker, clock());
  after_input();
}
bool Control::ask(const Command& command, std::function<void(const Reply&)> done) {
  if (!board_) return false;
  run();
  if (!board_) return false;
  Command heard = command;
  if (tampering_.command) tampering_.command(heard);
  board_->command({std::move(heard)}, [done = std::move(done)](Reply reply) { done(reply); }, clock());
  after_input();
  return true;
}
void Control::resolved(const std::string& trunk, std::vector<sip::Flow> targets) {
  if (!board_) return;
  board_->resolved(trunk, std::move(targets), clock());
  after_input();
}

// --- the order of things

void Control::woken() {
  if (!board_ || wake_at_ <= house_.now()) run();  // else an earlier wake has taken this one's place
}

void Control::run() {
  if (taking_in_) return;
  if (!board_) {
    if (down_until_ <= house_.now()) boot();
    return;
  }
  if (wake_at_ <= house_.now()) wake_at_ = Instant::never();
  const Instant at = clock();
  Instant due = board_->deadline();
  if (tampering_.deadline) due = tampering_.deadline(due);
  if (due <= at) board_->on_timeout(at);
  for (std::size_t i = 0; i < finishing_.size();) {
    if (finishing_[i].at > house_.now()) { ++i; continue; }
    const Finished done = finishing_[i];
    finishing_.erase(finishing_.begin() + static_cast<std::ptrdiff_t>(i));
    board_->recording_finished(done.call, done.capture, Duration::seconds(1), "sum", 1'000, false, {}, at);
  }
  after_input();
}

void Control::after_input() {
  taking_in_ = true;
  auto early = board_->take_early(in_flight_ ? &in_flight_->turn : nullptr);
  for (const auto& datagram : early)
    if (!tampering_.loses_early || !tampering_.loses_early(datagram)) house_.transmit(datagram);
  if (board_->has_turn() && pending_since_ == Instant::never()) pending_since_ = house_.now();
  if (armed_ == Death::between_turns && stage_ == 2) { taking_in_ = false; return die(); }
  advance();
  taking_in_ = false;
  if (!board_) return;
  Instant due = board_->deadline();
  if (tampering_.deadline) due = tampering_.deadline(due);
  Instant next = world_time(due);
  if (in_flight_) next = std::min(next, in_flight_->due);
  else if (board_->has_turn()) next = std::min(next, last_submit_ + gather);
  for (const auto& done : finishing_) next = std::min(next, done.at);
  if (next >= wake_at_ || next == Instant::never()) return;
  wake_at_ = next;
  house_.wake_control(std::max(next, house_.now()));
}

void Control::advance() {
  const Instant now = house_.now();
  if (in_flight_ && in_flight_->due <= now) {
    if (disk.full) {  // told once; tried again until there is space
      in_flight_->due = now + between_looks;
      if (!trouble_) { trouble_ = refusing_ = true; board_->set_overload(true, "disk-full", clock()); }
      return;
    }
    Batch batch = std::move(*in_flight_);
    in_flight_.reset();
    make_durable(batch);
    if (trouble_ && !tampering_.stays_refusing) { trouble_ = refusing_ = false; board_->set_overload(false, "disk-free", clock()); }
    release(batch);
    if (!board_) return;
  }
  if (in_flight_ || !board_->has_turn() || now < last_submit_ + gather) return;
  Batch batch{board_->take_turn(), std::exchange(handled_, {}), now + disk.commit, pending_since_ == Instant::never() ? now : pending_since_};
  pending_since_ = Instant::never();
  if (tampering_.turn) tampering_.turn(batch.turn);
  if (!batch.turn.durable_part()) return release(batch);
  last_submit_ = now;
  if (armed_ && stage_ == 1) {  // remembered once before the death, so that either outcome can be compared
    floor_before_ = board_->snapshot();
    legs_before_ = legs_of(*board_);
    stage_ = 2;
  } else if (armed_ && stage_ == 2) {
    const Death how = *armed_;
    expects_ = true;
    if (tampering_.effects_first) { release(batch); return die(); }
    if (how == Death::before_commit || how == Death::restored || how == Death::resumed) {
      if (how != Death::before_commit) dies_again = std::max(dies_again, 1);
      return die();
    }
    floor_before_ = board_->snapshot();
    legs_before_ = legs_of(*board_);
    make_durable(batch);
    armed_.reset();
    if (how != Death::after_commit) {
      gathering_since_ = batch.since;
      for (const auto& [worker, order] : batch.turn.orders) house_.order(worker, order);
      if (how == Death::half_the_datagrams) transmit(batch.turn.datagrams, 0, batch.turn.datagrams.size() / 2);
    }
    return die();
  }
  if (tampering_.effects_first) { Batch copy; copy.since = batch.since; copy.turn.orders = std::exchange(batch.turn.orders, {}); copy.turn.datagrams = std::exchange(batch.turn.datagrams, {}); release(copy); if (!board_) return; }
  if (disk.commit.us == 0 && !disk.full) {  // the quick world
    make_durable(batch);
    return release(batch);
  }
  in_flight_ = std::move(batch);
}

void Control::make_durable(Batch& batch) {
  ++commits_;
  for (auto& recorded : batch.turn.events) {
    last_seq_ = recorded.seq;
    last_at_ = recorded.at;
    journal_.push_back(std::move(recorded));
  }
  for (auto& row : batch.turn.rows) {
    if (row.value) rows_[{row.kind, std::move(row.key)}] = std::move(*row.value);
    else rows_.erase({row.kind, row.key});
  }
  if (!batch.handled.empty()) house_.durable(std::move(batch.handled));
  // a snapshot belongs to the last event of a batch; the state may be ahead of it, so it is taken only when it is not
  if (journal_.size() - snapshot_at_ >= snapshot_every && board_ && board_->last_seq() == last_seq_) {
    snapshot_ = board_->snapshot();
    if (!keeps_journal_) journal_.clear();
    snapshot_at_ = journal_.size();
  }
}

// Workers first: a port must be open before the peer is told of it.
void Control::release(Batch& batch) {
  if (tampering_.leaves) tampering_.leaves(batch.turn);
  gathering_since_ = batch.since;
  for (const auto& [worker, order] : batch.turn.orders) house_.order(worker, order);
  transmit(batch.turn.datagrams, 0, batch.turn.datagrams.size());
  for (auto& answer : batch.turn.answers)
    if (answer.done) answer.done(std::move(answer.reply));
}

void Control::transmit(std::vector<Datagram>& datagrams, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) house_.transmit(datagrams[i]);
}

}  // namespace pasokh::simulate
