// DIR/reports.db: the read models. May be deleted at any time: it is read anew from the journal. Where it stands in the
// journal is kept in the same transaction as the rows, so anyone may move it on: the server's projector thread, or a
// command line that asks while no server runs; whoever holds the write lock goes on from where the last one stopped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "storage/database.h"
#include "storage/journal.h"
#include "storage/projection.h"

namespace pasokh::storage {

// One thread at a time.
class ReportsStore {
 public:
  static Result<ReportsStore> open(const std::string& dir);

  // Up to the journal's last event as of now; returns its number.
  Result<std::uint64_t> catch_up();
  Database& database() { return database_; }
  JournalReader& journal() { return journal_; }

 private:
  ReportsStore(Database database, JournalReader journal, Projection projection)
      : database_(std::move(database)), journal_(std::move(journal)), projection_(std::move(projection)) {}
  Result<> start_over_if_another_journal();
  Result<bool> one_batch(std::uint64_t target);   // false: there is nothing more

  Database database_;
  JournalReader journal_;
  Projection projection_;
  std::uint64_t known_ = UINT64_MAX;              // the position that projection_'s memory belongs to
};

// The server's thread that keeps the read models near the journal's end.
class Projector {
 public:
  // `trouble` (may be empty) is called on the projector's thread when it cannot go on, once per kind; it keeps trying.
  static Result<std::unique_ptr<Projector>> start(const std::string& dir, std::function<void(const Trouble&)> trouble = {});
  ~Projector() { stop(); }
  void nudge();                                   // there is something new; any thread, cheap
  void stop();                                    // catches up once more, ends the thread
  std::uint64_t position() const { return position_.load(std::memory_order_relaxed); }

 private:
  Projector(ReportsStore store, std::function<void(const Trouble&)> trouble) : store_(std::move(store)), trouble_(std::move(trouble)) {}
  void run();
  void move_on();

  ReportsStore store_;
  std::function<void(const Trouble&)> trouble_;
  std::string told_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<bool> nudged_{false};
  bool stopping_ = false;
  std::atomic<std::uint64_t> position_{0};
  std::thread thread_;
};

}  // namespace pasokh::storage
