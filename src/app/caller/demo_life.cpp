#include "app/caller/demo_life.h"

#include <boost/json.hpp>
#include <algorithm>
#include <cmath>

#include "app/caller/sockets.h"
#include "archive/files.h"

namespace pasokh::app::caller {

namespace {

constexpr std::string_view ours = ";built-in=yes";      // marks our Contacts, also those that a killed demo left behind
constexpr auto expires = Duration::seconds(60);

std::string masked(const std::string& number) {         // no whole phone numbers on a screen that others see
  return number.size() < 8 ? number : number.substr(0, 4) + "…" + number.substr(number.size() - 3);
}

std::string field(const boost::json::value& value, const char* name) {
  const auto* object = value.if_object();
  const auto* found = object ? object->if_contains(name) : nullptr;
  return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

bool taken_by_another(const Registered& registered) {
  return std::any_of(registered.contacts.begin(), registered.contacts.end(), [](const std::string& uri) { return uri.find(ours.substr(1)) == uri.npos; });
}

}  // namespace

Result<DemoFile> read_demo_file(const std::string& path) {
  TRY(text, archive::read_whole(path, 1 << 20));
  boost::system::error_code error;
  const auto json = boost::json::parse(text, error);
  if (error) return trouble("demo", path + " is not JSON: " + error.message());
  DemoFile file;
  TRY(server, resolve(field(json, "sip"), 5060));
  file.server = server;
  const auto list = [&](const char* name) -> boost::json::array {
    const auto* found = json.is_object() ? json.as_object().if_contains(name) : nullptr;
    return found && found->is_array() ? found->as_array() : boost::json::array();
  };
  for (const auto& number : list("numbers")) file.numbers.push_back(field(number, "number"));
  for (const auto& device : list("devices")) file.devices.push_back({field(device, "user"), field(device, "password"), field(device, "agent")});
  if (file.numbers.empty() || file.devices.empty()) return trouble("demo", path + " names no numbers or no devices; make a demo centre with: pasokh init DIR --demo");
  return file;
}

// --- chance

std::uint64_t DemoLife::Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  auto z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
double DemoLife::Random::unit() { return (static_cast<double>(next() >> 12) + 0.5) / 4'503'599'627'370'496.0; }
Duration DemoLife::Random::exponential(double mean_s) { return Duration{static_cast<std::int64_t>(-std::log(unit()) * mean_s * 1e6)}; }

// --- the people

struct DemoLife::Specialist {
  DemoFile::Device device;
  std::unique_ptr<UserAgent> phone;
  bool given_up = false, signed_in = false, said_trouble = false;
  std::weak_ptr<Call> call;
};

struct DemoLife::Customer {
  std::string number;
  std::shared_ptr<Call> call;
  std::size_t dialogue = 0;
  bool connected = false;
  Duration talk;
  bool hangs_up_first = false;
};

DemoLife::DemoLife(Loop& loop, DemoFile file, std::vector<Dialogue> dialogues, LifeSettings settings, SignIn sign_in, std::function<void(const std::string&)> say)
    : loop_(loop), file_(std::move(file)), dialogues_(std::move(dialogues)), settings_(settings), sign_in_(std::move(sign_in)), say_(std::move(say)), random_(settings.seed) {}

DemoLife::~DemoLife() {
  ending_ = true;
  for (auto& [number, customer] : customers_) customer->call->on_ended = customer->call->on_answered = {};
}

Result<> DemoLife::begin() {
  outside_ = std::make_unique<UserAgent>(loop_, UserAgentSettings{.server = file_.server});
  TRY_DONE(outside_->open());
  for (const auto& device : file_.devices) {
    auto& specialist = *specialists_.emplace_back(std::make_unique<Specialist>());
    specialist.device = device;
    specialist.phone = std::make_unique<UserAgent>(loop_, UserAgentSettings{.server = file_.server, .user = device.user, .password = device.password, .contact_parameters = std::string(ours)});
    TRY_DONE(specialist.phone->open());
    specialist.phone->on_call = [this, &specialist](const std::shared_ptr<Call>& call) { answer(specialist, call); };
    take_seat(specialist);
  }
  loop_.after(Duration::seconds(1), [this] { customer_calls(); next_arrival(); });
  loop_.after(Duration::milliseconds(2'500), [this] { customer_calls(); });   // a visitor wants to see something soon
  return Done{};
}

void DemoLife::end() {
  ending_ = true;
  for (auto& [number, customer] : customers_) loop_.after({}, [call = customer->call] { call->hang_up(); });
  for (auto& specialist : specialists_) {
    if (const auto call = specialist->call.lock()) call->hang_up();
    specialist->phone->unregister();
  }
}

LifeCounts DemoLife::counts() const {
  auto counts = counts_;
  counts.live = static_cast<std::int64_t>(customers_.size());
  counts.seats_taken = std::count_if(specialists_.begin(), specialists_.end(), [](const auto& s) { return s->given_up; });
  return counts;
}

// --- specialists

void DemoLife::take_seat(Specialist& specialist) {
  specialist.phone->keep_registered(settings_.look_every, expires, [this, &specialist](const Registered& registered) { watch_seat(specialist, registered); });
}

void DemoLife::watch_seat(Specialist& specialist, const Registered& registered) {
  if (ending_) return;
  if (registered.status != 200) {
    if (!std::exchange(specialist.said_trouble, true))
      say_("device " + specialist.device.user + " cannot register: " + (registered.status == 0 ? "the server does not answer" : std::to_string(registered.status)) + "; trying on");
    return;
  }
  specialist.said_trouble = false;
  if (taken_by_another(registered)) {
    specialist.given_up = true;
    specialist.phone->unregister();
    say_("another phone has registered as " + specialist.device.user + ": the built-in specialist leaves the seat of " + specialist.device.agent + " to you");
    return wait_for_seat(specialist);
  }
  specialist.given_up = false;
  if (!std::exchange(specialist.signed_in, true) && sign_in_) sign_in_(specialist.device.agent, specialist.device.user);
}

void DemoLife::wait_for_seat(Specialist& specialist) {
  loop_.after(settings_.look_every, [this, &specialist] {
    if (ending_) return;
    specialist.phone->look_at_bindings([this, &specialist](const Registered& registered) {
      if (ending_) return;
      if (registered.status != 200 || taken_by_another(registered)) return wait_for_seat(specialist);
      say_("the seat of " + specialist.device.agent + " is free again: the built-in specialist comes back to " + specialist.device.user);
      take_seat(specialist);
    });
  });
}

void DemoLife::answer(Specialist& specialist, const std::shared_ptr<Call>& call) {
  if (ending_ || !specialist.call.expired()) return call->refuse(486);
  specialist.call = call;
  call->ring();
  call->on_ended = [&specialist] { specialist.call.reset(); };
  loop_.after(Duration::milliseconds(random_.between(800, 3'000)), [this, &specialist, weak = std::weak_ptr(call)] {
    const auto ringing = weak.lock();
    if (!ringing || ringing->ended() || ending_) return;
    ringing->answer();
    talk(specialist, ringing);
  });
}

// The calling number tells which of our customers it is; a person who calls in gets a conversation too.
void DemoLife::talk(Specialist& specialist, const std::shared_ptr<Call>& call) {
  const auto found = customers_.find(call->number());
  const auto dialogue = found == customers_.end() ? 0 : found->second->dialogue;
  call->audio().play(dialogues_[dialogue].specialist, true);
  const auto end_later = [&](Duration wait, const std::shared_ptr<Call>& who) { loop_.after(wait, [weak = std::weak_ptr(who)] { if (const auto live = weak.lock()) live->hang_up(); }); };
  if (found == customers_.end()) return end_later(Duration::minutes(3), call);
  auto& customer = *found->second;
  if (!std::exchange(customer.connected, true)) ++counts_.talked;
  customer.call->audio().play(dialogues_[dialogue].customer, true);
  say_(specialist.device.agent + " talks with " + masked(customer.number));
  end_later(customer.talk, customer.hangs_up_first ? customer.call : call);
  end_later(customer.talk + Duration::seconds(15), customer.call);   // if the other one forgot
}

// --- customers

void DemoLife::next_arrival() {
  if (ending_ || settings_.calls_per_minute <= 0) return;
  loop_.after(random_.exponential(60 / settings_.calls_per_minute), [this] {
    if (ending_) return;
    customer_calls();
    next_arrival();
  });
}

// Most talk for half a minute, one in twelve for minutes.
Duration DemoLife::talk_time() {
  if (random_.between(1, 12) == 1) return Duration::seconds(random_.between(90, 240));
  return std::min(Duration::seconds(8) + random_.exponential(20), Duration::seconds(90));
}

void DemoLife::customer_calls() {
  const auto dialogue = static_cast<std::size_t>(random_.between(0, static_cast<std::int64_t>(dialogues_.size()) - 1));
  const auto number = "0912" + std::to_string(random_.between(1'000'000, 9'999'999));
  const auto& to = file_.numbers[random_.next() % file_.numbers.size()];
  const bool impatient = random_.between(1, 7) == 1;
  const auto patience = impatient ? Duration::seconds(random_.between(4, 15)) : Duration::seconds(random_.between(90, 240));
  auto customer = std::make_shared<Customer>(Customer{.number = number, .call = nullptr, .dialogue = dialogue, .talk = talk_time(), .hangs_up_first = random_.between(0, 1) == 1});
  if (customers_.size() >= settings_.customers || customers_.contains(number)) return;   // drawn all the same: the seed's sequence stays

  customer->call = outside_->call(to, number);
  customers_[number] = customer;
  ++counts_.called;
  say_(masked(number) + " calls " + to);
  const std::weak_ptr<Customer> weak = customer;
  // Speaks from the first moment on: when a person has taken a seat, nobody tells us that the waiting is over.
  customer->call->on_answered = [this, weak] { if (const auto c = weak.lock()) c->call->audio().play(dialogues_[c->dialogue].customer, true); };
  customer->call->on_ended = [this, weak] { if (const auto c = weak.lock()) over(c); };
  loop_.after(patience, [weak] {
    const auto c = weak.lock();
    if (!c || c->connected || c->call->ended()) return;
    c->call->hang_up();
  });
}

void DemoLife::over(const std::shared_ptr<Customer>& customer) {
  const auto& call = *customer->call;
  if (!customer->connected) {
    const bool left = call.ended_by() == EndedBy::us;
    ++(left ? counts_.left_waiting : counts_.not_taken);
    if (!ending_) say_(masked(customer->number) + (left ? " does not want to wait any longer" : ": the call ended, " + std::to_string(call.status()) + " " + call.reason()));
  } else if (!ending_) {
    say_(masked(customer->number) + " has talked for " + std::to_string((*call.ended_at - call.begun_at).ms() / 1'000) + " s, waiting included");
  }
  loop_.after({}, [this, number = customer->number] { customers_.erase(number); });   // not while its own callback runs
}

}  // namespace pasokh::app::caller
