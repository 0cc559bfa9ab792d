#include "app/load/rig.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "app/caller/sockets.h"
#include "app/configuration.h"
#include "switchboard/commands.h"

namespace pasokh::app::load {
namespace {

using caller::Call;
using switchboard::Command;
using switchboard::Commands;

constexpr const char* queue_code = "load";
constexpr const char* number_digits = "799001";
constexpr Duration patience = Duration::seconds(5);

std::string code_of(std::size_t n) { char text[32]; std::snprintf(text, sizeof text, "load%04zu", n + 1); return text; }
std::string caller_number(std::uint64_t n) { char text[24]; std::snprintf(text, sizeof text, "0900%07llu", static_cast<unsigned long long>(n % 10'000'000)); return text; }

Result<> asked(const std::string& dir, const Commands& commands) {
  const auto reply = switchboard::ask_centre(dir, commands);
  if (!reply.ok) return trouble(reply.code, reply.text);
  return Done{};
}

// The processes of this centre: their command lines name its folder.
std::vector<int> processes_of(const std::string& dir) {
  char real[4'096];
  const std::string folder = ::realpath(dir.c_str(), real) ? real : dir;
  std::vector<int> found;
  DIR* proc = ::opendir("/proc");
  if (!proc) return found;
  while (const dirent* entry = ::readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0 || pid == ::getpid()) continue;
    std::ifstream file("/proc/" + std::string(entry->d_name) + "/cmdline");
    std::string words((std::istreambuf_iterator<char>(file)), {});
    using namespace std::string_literals;
    const bool ours = words.find("\0serve\0"s) != words.npos || words.find("\0media\0"s) != words.npos;
    if (ours && (words.find(folder) != words.npos || words.find(dir) != words.npos)) found.push_back(pid);
  }
  ::closedir(proc);
  return found;
}

std::int64_t clock_us(clockid_t clock) {
  timespec t{};
  if (::clock_gettime(clock, &t) != 0) return 0;
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1'000;
}

std::int64_t machine_busy_us() {          // of all cores, since it runs; idle and waiting for disks left out
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  std::int64_t sum = 0;
  for (int place = 0; place < 8; ++place) {
    std::int64_t ticks = 0;
    file >> ticks;
    if (place != 3 && place != 4) sum += ticks;
  }
  return sum * 1'000'000 / std::max(1l, ::sysconf(_SC_CLK_TCK));
}

std::int64_t at_percent(std::vector<std::int64_t> values, std::size_t percent) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, values.size() * percent / 100)];
}

}  // namespace

struct Rig::Running {
  StepWish wish;
  Instant began;
  std::int64_t to_offer = 0;
  std::map<std::string, std::shared_ptr<Customer>> customers;   // by calling number
  Step step;
  std::int64_t live = 0;
  std::vector<std::int64_t> setups, gaps;
};

Rig::~Rig() {
  if (!house_stands_) return;
  for (Phone& phone : phones_) if (phone.agent && phone.status == 200) phone.agent->unregister();
  wait(Duration::milliseconds(300));
  Commands away;
  for (const Phone& phone : phones_) {
    away.push_back({"agent", "out", phone.code, {}, "load"});
    away.push_back({"agent", "remove", phone.code, {}, "load"});
    away.push_back({"device", "remove", phone.code, {}, "load"});
  }
  away.push_back({"number", "remove", number_digits, {}, "load"});
  away.push_back({"queue", "remove", queue_code, {}, "load"});
  away.push_back({"trunk", "remove", queue_code, {}, "load"});
  for (const Command& one : away) (void)switchboard::ask_centre(dir_, {one});  // one by one: what is gone already must not keep the rest
}

Result<> Rig::build() {
  TRY(configuration, read_configuration(dir_));
  sip::Address server{configuration.sip.host, configuration.sip.port};
  if (server.ip == "0.0.0.0") server.ip = "127.0.0.1";
  if (server.ip == "::") server.ip = "::1";
  server_pids_ = processes_of(dir_);
  if (server_pids_.empty()) return trouble("no-server", "no server runs on " + dir_ + "; start it with: pasokh serve " + dir_);
  TRY(ip, caller::local_ip_towards(server));
  TRY_DONE(make_house(ip));
  outside_ = std::make_unique<caller::UserAgent>(loop_, caller::UserAgentSettings{.server = server, .user = "", .password = ""});
  TRY_DONE(outside_->open());
  TRY_DONE(register_phones(server));
  return sign_in();
}

Result<> Rig::make_house(const std::string& ip) {
  secret_ = caller::random_token();
  Commands all{{"trunk", "add", queue_code, {{"networks", ip}}, "load"},
               {"queue", "add", queue_code, {{"wrap_up", "0s"}, {"notice", "off"}, {"music", "none"}, {"announce_place", "off"}, {"record", "off"}}, "load"},
               {"number", "add", number_digits, {{"queue", queue_code}}, "load"}};
  for (std::size_t n = 0; n < wanted_; ++n) {
    phones_.push_back({code_of(n), nullptr});
    all.push_back({"device", "add", phones_[n].code, {{"password", secret_}}, "load"});
    all.push_back({"agent", "add", phones_[n].code, {{"queues", queue_code}, {"device", phones_[n].code}, {"number", "79" + std::to_string(1'000 + n)}}, "load"});
  }
  house_stands_ = true;
  return asked(dir_, all);
}

Result<> Rig::register_phones(const sip::Address& server) {
  int last_status = 0;
  auto registered = [&] { return static_cast<std::size_t>(std::count_if(phones_.begin(), phones_.end(), [](const Phone& phone) { return phone.status == 200; })); };
  for (std::size_t n = 0; n < phones_.size(); ++n) {
    Phone& phone = phones_[n];
    phone.agent = std::make_unique<caller::UserAgent>(loop_, caller::UserAgentSettings{.server = server, .user = phone.code, .password = secret_});
    TRY_DONE(phone.agent->open());
    phone.agent->on_call = [this](const std::shared_ptr<Call>& call) {
      call->ring();
      call->answer();
      answered_by_agent(call);
    };
    phone.agent->keep_registered(Duration::seconds(120), Duration::seconds(600), [this, n](const caller::Registered& now) { phones_[n].status = now.status == 0 ? 408 : now.status; });
    if (n % 50 == 49) wait(Duration::milliseconds(20));  // not all at once
  }
  for (int i = 0; i < 100 && registered() < phones_.size(); ++i) wait(Duration::milliseconds(100));
  for (const Phone& phone : phones_) if (phone.status != 200) last_status = phone.status;
  if (last_status == 0) return Done{};
  return trouble("phones", std::to_string(phones_.size() - registered()) + " of " + std::to_string(phones_.size()) + " phones could not register (" + std::to_string(last_status) + ")");
}

Result<> Rig::sign_in() {
  Commands ready;
  for (const Phone& phone : phones_) ready.push_back({"agent", "ready", phone.code, {{"device", phone.code}}, "load"});
  return asked(dir_, ready);
}

void Rig::wait(Duration time) {
  loop_.after(time, [this] { loop_.stop(); });
  loop_.run();
}

// --- a step

Step Rig::run(const StepWish& wish) {
  Running running;
  running.wish = wish;
  running.to_offer = std::max<std::int64_t>(1, static_cast<std::int64_t>(wish.rate * static_cast<double>(wish.length.us) / 1e6));
  running.step.rate_milli = static_cast<std::int64_t>(wish.rate * 1'000);
  running_ = &running;
  const std::int64_t server_before = server_cpu_us(), generator_before = clock_us(CLOCK_THREAD_CPUTIME_ID);
  const std::uint64_t repeats_before = repeats();
  const std::int64_t machine_before = machine_busy_us();
  running.began = loop_.now();
  one_call(running);
  const Instant latest = running.began + wish.length + patience + wish.talk + Duration::seconds(3);
  auto all_over = [&] {
    return running.step.offered == running.to_offer && std::all_of(running.customers.begin(), running.customers.end(), [](const auto& entry) { return entry.second->over; });
  };
  while (loop_.now() < latest && !all_over()) wait(Duration::milliseconds(50));
  const std::int64_t took = (loop_.now() - running.began).us;
  Step& step = running.step;
  step.took_ms = took / 1'000;
  step.server_cpu_us = server_cpu_us() - server_before;
  const std::int64_t generator = clock_us(CLOCK_THREAD_CPUTIME_ID) - generator_before;
  step.generator_busy_permille = generator * 1'000 / std::max<std::int64_t>(1, took);
  step.others_busy_permille = std::max<std::int64_t>(0, machine_busy_us() - machine_before - step.server_cpu_us - generator) * 1'000 / std::max<std::int64_t>(1, took);
  step.repeats = static_cast<std::int64_t>(repeats() - repeats_before);
  for (auto& [number, customer] : running.customers) {
    if (!customer->connected && !customer->call->ended_at) ++step.missed;
    customer->call->on_answered = customer->call->on_ended = {};
    customer->call->hang_up();
  }
  step.missed = step.offered - step.connected - step.refused;
  step.setup_ms_p50 = at_percent(running.setups, 50);
  step.setup_ms_p99 = at_percent(running.setups, 99);
  step.gap_ms_p99 = at_percent(running.gaps, 99);
  running_ = nullptr;
  wait(Duration::milliseconds(700));  // the last BYEs; phones are free again
  return step;
}

void Rig::one_call(Running& running) {
  const auto n = running.step.offered++;
  const Instant due = running.began + Duration{static_cast<std::int64_t>(static_cast<double>(n) * 1e6 / running.wish.rate)};
  running.step.generator_late_ms = std::max(running.step.generator_late_ms, (loop_.now() - due).ms());
  if (running.step.offered < running.to_offer)
    loop_.at(running.began + Duration{static_cast<std::int64_t>(static_cast<double>(n + 1) * 1e6 / running.wish.rate)}, [this] { if (running_) one_call(*running_); });
  const std::string number = caller_number(next_caller_++);
  auto customer = std::make_shared<Customer>();
  customer->began = loop_.now();
  customer->call = outside_->call(number_digits, number);
  running.customers[number] = customer;
  const bool audio = running.wish.audio;
  customer->call->on_answered = [customer, audio] {
    if (audio) return;
    auto plan = customer->call->audio().plan();
    plan.send = false;
    customer->call->audio().set_plan(plan);
  };
  customer->call->on_ended = [this, customer] {
    if (customer->over || !running_) return;
    customer->over = true;
    Step& step = running_->step;
    if (!customer->connected) {
      if (customer->call->status() >= 300) { ++step.refused; step.last_status = customer->call->status(); }
      return;
    }
    --running_->live;
    const auto& figures = customer->call->audio().figures();
    step.packets += figures.received;
    step.packets_lost += figures.lost;
    if (running_->wish.audio) running_->gaps.push_back(figures.largest_gap_ms);
  };
  loop_.after(patience, [customer] { if (!customer->connected) customer->call->hang_up(); });
}

void Rig::answered_by_agent(const std::shared_ptr<Call>& call) {
  if (!running_) return;
  const auto found = running_->customers.find(call->number());
  if (found == running_->customers.end() || found->second->connected) return;
  const std::shared_ptr<Customer> customer = found->second;
  if (!running_->wish.audio) {
    auto plan = call->audio().plan();
    plan.send = false;
    call->audio().set_plan(plan);
  }
  customer->connected = loop_.now();
  running_->setups.push_back((loop_.now() - customer->began).ms());
  ++running_->step.connected;
  running_->step.live_most = std::max(running_->step.live_most, ++running_->live);
  loop_.after(running_->wish.talk, [customer] { customer->call->hang_up(); });
}

std::int64_t Rig::server_cpu_us() const {
  std::int64_t sum = 0;
  for (const int pid : server_pids_) {
    clockid_t clock{};
    if (::clock_getcpuclockid(pid, &clock) == 0) sum += clock_us(clock);
  }
  return sum;
}

std::uint64_t Rig::repeats() const {
  std::uint64_t sum = outside_->repeats();
  for (const Phone& phone : phones_) sum += phone.agent->repeats();
  return sum;
}

}  // namespace pasokh::app::load
