// A thin layer over the C API of sqlite3: everything in `storage` that speaks SQL speaks it through this file. It hides
// nothing but lifetimes, error codes and waiting for a lock. Statements are written $1, $2 … in order, upserts with
// `on conflict`, so that the same text goes to PostgreSQL; only the DDL differs.
//
// One Database belongs to one thread at a time; two threads take two.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pasokh::storage {

struct Blob {
  std::string_view bytes;            // bound as a blob, not copied: must live until the statement has run
};

// A prepared statement. run() for those without rows, each() for those with; both leave it ready for the next use.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept { std::swap(raw_, other.raw_); return *this; }
  ~Statement();

  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void bind(int index, Blob blob);
  void bind(int index, std::nullptr_t);
  template <class T> void bind(int index, const std::optional<T>& value) { if (value) bind(index, *value); else bind(index, nullptr); }
  template <class T> requires std::is_integral_v<T> void bind(int index, T value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }

  Result<bool> step();               // true: there is a row
  void reset();

  template <class... T>
  Result<> run(const T&... values) {
    bind_all(values...);
    auto stepped = step();
    reset();
    if (!stepped) return std::move(stepped).error();
    return Done{};
  }
  // `row(*this)` for each row; it may return false to stop.
  template <class F, class... T>
  Result<> each(F&& row, const T&... values) {
    bind_all(values...);
    for (;;) {
      auto stepped = step();
      if (!stepped) { reset(); return std::move(stepped).error(); }
      if (!*stepped) break;
      if constexpr (std::is_void_v<decltype(row(*this))>) row(*this);
      else if (!row(*this)) break;
    }
    reset();
    return Done{};
  }
  // the first row's first column; nothing when there is no row or it is null
  template <class... T>
  Result<std::optional<std::int64_t>> number(const T&... values) {
    std::optional<std::int64_t> found;
    TRY_DONE(each([&](Statement& s) { if (!s.is_null(0)) found = s.integer(0); return false; }, values...));
    return found;
  }

  std::int64_t integer(int column) const;
  std::string_view text(int column) const;   // valid until the next step
  std::string_view blob(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}
  template <class... T> void bind_all(const T&... values) { [[maybe_unused]] int i = 0; (bind(++i, values), ...); }
  sqlite3_stmt* raw_ = nullptr;
};

class Database {
 public:
  enum class Mode { read_write, read_only };  // read_write creates the file
  // WAL; synchronous=FULL for who must not lose a commit to a power cut, NORMAL for what can be rebuilt.
  enum class Sync { full, normal };
  static Result<Database> open(const std::string& path, Mode mode, Sync sync = Sync::full);
  Database(Database&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  Database& operator=(Database&& other) noexcept { std::swap(raw_, other.raw_); return *this; }
  ~Database();

  Result<> run(const std::string& sql);       // one or more statements without values
  Result<Statement> prepare(std::string_view sql);
  std::int64_t changes() const;               // rows changed by the last statement
  // Keeps `pages` at the length of the WAL, and turns sqlite's own checkpoints off: the owner decides when.
  void watch_wal(std::atomic<int>& pages);
  // Moves what it can from the WAL into the file; never waits for readers or writers.
  Result<> checkpoint();
  sqlite3* raw() { return raw_; }

 private:
  explicit Database(sqlite3* raw) : raw_(raw) {}
  sqlite3* raw_ = nullptr;
};

// A database transaction that rolls back unless committed. `immediate` takes the write lock at once (and waits for it,
// at most the busy time), so that a read-then-write cannot fail half way.
class Tx {
 public:
  static Result<Tx> begin(Database& database, bool immediate = true);
  Tx(Tx&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  ~Tx();
  Result<> commit();

 private:
  explicit Tx(Database& database) : database_(&database) {}
  Database* database_;
};

// What a failed call means for a person: code "disk-full", "disk", "busy", "damaged", "exists", "read-only" or "database".
Trouble database_trouble(sqlite3* raw, std::string_view doing);

inline constexpr int busy_ms = 10'000;  // how long a writer waits for another process's transaction

}  // namespace pasokh::storage
