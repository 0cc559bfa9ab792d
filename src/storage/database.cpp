#include "storage/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

namespace pasokh::storage {

namespace {

std::string_view code_of(sqlite3* raw) {
  switch (sqlite3_errcode(raw)) {
    case SQLITE_FULL: return "disk-full";
    case SQLITE_IOERR: return "disk";  // a quota or file limit arrives here too: sqlite 3.40 does not keep that errno
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "busy";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "damaged";
    case SQLITE_CONSTRAINT: return "exists";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM: return "read-only";
    default: return "database";
  }
}

}  // namespace

Trouble database_trouble(sqlite3* raw, std::string_view doing) {
  return trouble(std::string(code_of(raw)), std::string(doing) + ": " + sqlite3_errmsg(raw));
}

// --- Statement

Statement::~Statement() { sqlite3_finalize(raw_); }
void Statement::bind(int index, std::int64_t value) { sqlite3_bind_int64(raw_, index, value); }
void Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text(raw_, index, text.data() ? text.data() : "", static_cast<int>(text.size()), SQLITE_STATIC);
}
void Statement::bind(int index, Blob blob) {
  sqlite3_bind_blob(raw_, index, blob.bytes.data() ? blob.bytes.data() : "", static_cast<int>(blob.bytes.size()), SQLITE_STATIC);
}
void Statement::bind(int index, std::nullptr_t) { sqlite3_bind_null(raw_, index); }

Result<bool> Statement::step() {
  switch (sqlite3_step(raw_)) {
    case SQLITE_ROW: return true;
    case SQLITE_DONE: return false;
    default: return database_trouble(sqlite3_db_handle(raw_), sqlite3_sql(raw_));
  }
}
void Statement::reset() { sqlite3_reset(raw_); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(raw_, column); }
std::string_view Statement::text(int column) const {
  auto bytes = reinterpret_cast<const char*>(sqlite3_column_text(raw_, column));
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))) : std::string_view{};
}
std::string_view Statement::blob(int column) const {
  auto bytes = static_cast<const char*>(sqlite3_column_blob(raw_, column));
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(raw_, column))) : std::string_view{};
}
bool Statement::is_null(int column) const { return sqlite3_column_type(raw_, column) == SQLITE_NULL; }

// --- Database

Result<Database> Database::open(const std::string& path, Mode mode, Sync sync) {
  sqlite3* raw = nullptr;
  const int flags = (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (opened != SQLITE_OK) return database_trouble(raw, "opening " + path);
  sqlite3_extended_result_codes(raw, 0);
  sqlite3_busy_timeout(raw, busy_ms);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  std::string settings = "pragma trusted_schema = off; pragma cell_size_check = on;";
  if (mode == Mode::read_write)
    settings += std::string("pragma journal_mode = wal; pragma synchronous = ") + (sync == Sync::full ? "full;" : "normal;");
  // calls, numbers, hashes of passwords: nobody else's business, whatever the folder allows; -wal and -shm take the file's mode
  if (mode == Mode::read_write) ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
  // SQLite asks nobody to wait for the change to WAL: of several that open a new file at once, all but one are told "busy"
  auto set = database.run(settings);
  for (int tries = 0; !set && set.error().code == "busy" && tries < busy_ms / 20; ++tries) {
    sqlite3_sleep(20);
    set = database.run(settings);
  }
  if (!set) return within("opening " + path, std::move(set).error());
  return database;
}

Database::~Database() { sqlite3_close_v2(raw_); }

Result<> Database::run(const std::string& sql) {
  if (sqlite3_exec(raw_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return database_trouble(raw_, sql.substr(0, 80));
  return Done{};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(raw_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return database_trouble(raw_, sql);
  return Statement(statement);
}

std::int64_t Database::changes() const { return sqlite3_changes(raw_); }

void Database::watch_wal(std::atomic<int>& pages) {
  sqlite3_wal_hook(raw_, [](void* context, sqlite3*, const char*, int now) {
    static_cast<std::atomic<int>*>(context)->store(now, std::memory_order_relaxed);
    return SQLITE_OK;
  }, &pages);
}

Result<> Database::checkpoint() {
  const int done = sqlite3_wal_checkpoint_v2(raw_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (done != SQLITE_OK && done != SQLITE_BUSY) return database_trouble(raw_, "checkpoint");
  return Done{};
}

// --- Tx

Result<Tx> Tx::begin(Database& database, bool immediate) {
  TRY_DONE(database.run(immediate ? "begin immediate" : "begin"));
  return Tx(database);
}
Tx::~Tx() {
  if (database_) (void)database_->run("rollback");
}
Result<> Tx::commit() {
  auto committed = database_->run("commit");
  if (!committed) return std::move(committed).error();  // the destructor rolls back
  database_ = nullptr;
  return Done{};
}

}  // namespace pasokh::storage
