// What handlers work with: the centre, the people's database, the data folder. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "archive/archive.h"
#include "archive/keys.h"
#include "base/result.h"
#include "base/time.h"
#include "office/access/sign_in_throttle.h"
#include "outbox/mailer.h"
#include "outbox/outbox.h"
#include "storage/access_store.h"
#include "storage/office_database.h"
#include "storage/report_queries.h"
#include "switchboard/browser_phone.h"
#include "switchboard/commands.h"

namespace pasokh::api {

struct Hooks {
  std::function<std::string()> metrics;    // Prometheus text of the rest of the house, from any thread; may be empty
  std::function<Instant()> now;            // empty: the wall clock
  std::function<outbox::Outbox*()> outbox;  // whoever tells other systems; may be empty, or give nullptr
  std::function<outbox::Mailer*()> mailer;  // whoever sends mail; may be empty, or give nullptr
  outbox::AllowedHosts webhook_hosts;      // the only ones they may be
  switchboard::BrowserPhones* phones = nullptr;  // who takes the pages' phone.* frames; nullptr: nobody does
  std::string prompts;                     // folder of the prompts; empty: DIR/prompts
  std::function<void()> prompts_changed;   // files there are other ones now; any thread
  std::uint16_t sip_port = 5060, https_port = 0;  // for links and settings that are given to phones; https_port 0: there is no HTTPS
  std::function<std::string()> doctor;     // findings as JSON, without the test call; may take a second
};

class Services {
 public:
  Services(std::string dir, std::string recordings, switchboard::Centre& centre, std::unique_ptr<storage::AccessStore> access, Hooks hooks)
      : dir_(std::move(dir)), recordings_(std::move(recordings)), centre_(centre), access_(std::move(access)), hooks_(std::move(hooks)) {}

  const std::string& dir() const { return dir_; }
  storage::AccessStore& access() { return *access_; }
  Result<storage::OfficeDatabase*> office();   // contacts, reports of calls, hours…; opened when first asked for
  // A reader of the read models for as long as it is held; a new one is opened when all are in use.
  class Reading {
   public:
    Reading(Services& services, storage::Reports reports) : services_(&services), reports_(std::move(reports)) {}
    Reading(Reading&& other) noexcept : services_(std::exchange(other.services_, nullptr)), reports_(std::move(other.reports_)) {}
    ~Reading() { if (services_) services_->give_back(std::move(reports_)); }
    storage::Reports* operator->() { return &reports_; }

   private:
    Services* services_;
    storage::Reports reports_;
  };
  Result<Reading> reports();
  // A finished recording of a call; "recording-unknown" when there is none (any more, or yet).
  Result<std::shared_ptr<archive::Recording>> recording(CallId call, storage::ArchiveRow& row);
  Result<std::string> recording_file(CallId call, storage::ArchiveRow& row);  // its file, unopened; the same fault

  // One access that comes in many requests (ranges of a recording) is noted once: again only after half an hour without it.
  bool heard_lately(const std::string& access, Instant now);
  void note_heard(const std::string& access, Instant now);

  Result<archive::MasterKey> master_key() { return archive::MasterKey::load_or_create(dir_); }

  const Hooks& hooks() const { return hooks_; }
  outbox::Mailer* mailer() const { return hooks_.mailer ? hooks_.mailer() : nullptr; }  // nullptr: there is none
  std::string prompts() const { return hooks_.prompts.empty() ? dir_ + "/prompts" : hooks_.prompts; }
  void hooks_changed_prompts() const { if (hooks_.prompts_changed) hooks_.prompts_changed(); }
  Instant now() const;
  std::function<void()> schedules_changed = [] {};  // set once, by the server
  std::function<void()> contacts_changed = [] {};   // set once, by the live hub
  std::function<std::string()> http_metrics = [] { return std::string(); };  // set once, by the server

  // Waits for the answer, at most 10 s (then "busy"; the command may still be carried out).
  switchboard::Reply ask(switchboard::Commands commands);
  Result<std::string> ask_one(switchboard::Command command);  // the JSON, or the refusal as Trouble

  // To whoever asked for it by webhook. Trouble is logged: it is not the business of who did what is told.
  void tell(const std::string& event, const std::string& data);

  // A sign-in's outcome, into the throttle and beside it, so that a restart forgives nobody.
  void note_sign_in(const std::string& login, const std::string& address, bool succeeded, Instant now);
  void remember_sign_ins();           // once, at the start

  void stop() { stopping_ = true; }   // whoever waits for the centre gives up

  // the throttle of sign-ins, one caller at a time
  template <class F>
  auto with_throttle(F&& f) { const std::scoped_lock lock(throttle_guard_); return f(throttle_); }

 private:
  void give_back(storage::Reports reports);

  std::string dir_, recordings_;
  switchboard::Centre& centre_;
  std::unique_ptr<storage::AccessStore> access_;
  Hooks hooks_;
  std::atomic<bool> stopping_{false};
  std::mutex throttle_guard_;
  access::SignInThrottle throttle_;
  std::mutex reports_guard_;
  std::mutex heard_guard_;
  std::map<std::string, Instant> heard_;       // access -> last request
  std::mutex office_guard_;
  std::unique_ptr<storage::OfficeDatabase> office_;
  std::vector<storage::Reports> reports_;
};

}  // namespace pasokh::api
