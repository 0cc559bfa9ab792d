// Writes batches to a journal and waits until they are durable.
#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include "storage/journal.h"

class Writing {
 public:
  explicit Writing(const std::string& dir, pasokh::storage::JournalLimits limits = {.reserve_bytes = 0}) {
    auto opened = pasokh::storage::JournalWriter::open(dir, limits);
    REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().text));
    journal = std::move(*opened);
    seq = journal->opened().last_seq;
    journal->start([this](std::uint64_t done, const pasokh::Trouble* trouble) {
      std::lock_guard lock(mutex_);
      if (trouble) troubles.push_back(*trouble); else durable_ = done;
      changed_.notify_all();
    });
  }
  ~Writing() { journal->close(); }

  std::uint64_t submit(pasokh::storage::Batch batch) {
    batch.ticket = ++ticket_;
    for (auto& event : batch.events) event.seq = ++seq;
    journal->submit(std::move(batch));
    return ticket_;
  }
  bool wait(std::uint64_t ticket, int ms = 10'000) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return durable_ >= ticket; });
  }
  void write(std::vector<pasokh::floor::Event> events, pasokh::Instant at) {
    pasokh::storage::Batch batch;
    for (auto& event : events) batch.events.push_back({0, at, std::move(event)});
    REQUIRE(wait(submit(std::move(batch))));
  }
  bool wait_for_trouble(int ms = 10'000) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return !troubles.empty(); });
  }

  std::unique_ptr<pasokh::storage::JournalWriter> journal;
  std::uint64_t seq = 0;
  std::vector<pasokh::Trouble> troubles;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t ticket_ = 0, durable_ = 0;
};
