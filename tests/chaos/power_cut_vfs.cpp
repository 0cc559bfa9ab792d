#include "power_cut_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "simulate/dice.h"

namespace pasokh::chaos {
namespace {

struct Write { sqlite3_int64 at = 0; std::string bytes; bool truncates = false; };

struct Disk {                            // of one file, by path
  bool exists = false;                   // its name is durable
  std::string synced;
  std::vector<Write> pending;
  void apply(const Write& write, std::string& to) const {
    if (write.truncates) { to.resize(static_cast<std::size_t>(write.at)); return; }
    const auto end = static_cast<std::size_t>(write.at) + write.bytes.size();
    if (to.size() < end) to.resize(end);
    std::memcpy(to.data() + write.at, write.bytes.data(), write.bytes.size());
  }
};

struct World {
  std::mutex mutex;
  std::map<std::string, Disk> files;
  std::atomic<std::uint64_t> syncs{0};   // two threads of a journal sync: commits, and checkpoints beside them
  PowerCutDisk* disk = nullptr;
  std::string root;
  sqlite3_vfs* below = nullptr;
  sqlite3_vfs vfs{};
  sqlite3_io_methods methods{};
};
World& world() { static World the; return the; }

struct File {                            // what SQLite holds; the system's own file stands behind it
  sqlite3_file base;
  std::string* path;                     // nullptr: not followed (temporary files)
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* file_of(sqlite3_file* f) { return reinterpret_cast<File*>(f); }

int close_file(sqlite3_file* f) {
  delete file_of(f)->path;
  file_of(f)->path = nullptr;
  return file_of(f)->real()->pMethods->xClose(file_of(f)->real());
}
int read_file(sqlite3_file* f, void* to, int n, sqlite3_int64 at) { auto* r = file_of(f)->real(); return r->pMethods->xRead(r, to, n, at); }
int write_file(sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
  auto* r = file_of(f)->real();
  const int status = r->pMethods->xWrite(r, from, n, at);
  if (status != SQLITE_OK || !file_of(f)->path) return status;
  const std::lock_guard lock(world().mutex);
  world().files[*file_of(f)->path].pending.push_back({at, std::string(static_cast<const char*>(from), static_cast<std::size_t>(n)), false});
  return status;
}
int truncate_file(sqlite3_file* f, sqlite3_int64 size) {
  auto* r = file_of(f)->real();
  const int status = r->pMethods->xTruncate(r, size);
  if (status != SQLITE_OK || !file_of(f)->path) return status;
  const std::lock_guard lock(world().mutex);
  world().files[*file_of(f)->path].pending.push_back({size, {}, true});
  return status;
}
int sync_file(sqlite3_file* f, int) {    // the real disk need not be waited for: nobody cuts its power
  if (!file_of(f)->path) return SQLITE_OK;
  World& w = world();
  const std::uint64_t n = w.syncs++;
  if (w.disk && w.disk->on_sync) w.disk->on_sync(2 * n);
  {
    const std::lock_guard lock(w.mutex);
    Disk& disk = w.files[*file_of(f)->path];
    for (const Write& write : disk.pending) disk.apply(write, disk.synced);
    disk.pending.clear();
    disk.exists = true;
  }
  if (w.disk && w.disk->on_sync) w.disk->on_sync(2 * n + 1);
  return SQLITE_OK;
}
int size_file(sqlite3_file* f, sqlite3_int64* size) { auto* r = file_of(f)->real(); return r->pMethods->xFileSize(r, size); }
int lock_file(sqlite3_file* f, int level) { auto* r = file_of(f)->real(); return r->pMethods->xLock(r, level); }
int unlock_file(sqlite3_file* f, int level) { auto* r = file_of(f)->real(); return r->pMethods->xUnlock(r, level); }
int check_lock(sqlite3_file* f, int* out) { auto* r = file_of(f)->real(); return r->pMethods->xCheckReservedLock(r, out); }
int control_file(sqlite3_file* f, int op, void* arg) { auto* r = file_of(f)->real(); return r->pMethods->xFileControl(r, op, arg); }
int sector_size(sqlite3_file*) { return 512; }
int characteristics(sqlite3_file*) { return 0; }  // nothing is promised: no power-safe overwrite, no atomic writes
int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** to) { auto* r = file_of(f)->real(); return r->pMethods->xShmMap(r, page, size, extend, to); }
int shm_lock(sqlite3_file* f, int offset, int n, int flags) { auto* r = file_of(f)->real(); return r->pMethods->xShmLock(r, offset, n, flags); }
void shm_barrier(sqlite3_file* f) { auto* r = file_of(f)->real(); r->pMethods->xShmBarrier(r); }
int shm_unmap(sqlite3_file* f, int remove) { auto* r = file_of(f)->real(); return r->pMethods->xShmUnmap(r, remove); }

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* f, int flags, int* out) {
  File* file = file_of(f);
  file->base.pMethods = nullptr;
  file->path = nullptr;
  const int status = world().below->xOpen(world().below, name, file->real(), flags, out);
  if (status != SQLITE_OK) return status;
  file->base.pMethods = &world().methods;
  if (!name || std::string(name).rfind(world().root, 0) != 0) return status;
  file->path = new std::string(name);
  const std::lock_guard lock(world().mutex);
  if (world().files.contains(name)) return status;
  Disk& disk = world().files[name];       // what stood there before us is on the disk
  std::ifstream in(name, std::ios::binary);
  disk.synced.assign((std::istreambuf_iterator<char>(in)), {});
  disk.exists = !disk.synced.empty();
  return status;
}
int delete_file(sqlite3_vfs*, const char* name, int sync_dir) {
  const std::lock_guard lock(world().mutex);
  world().files.erase(name);
  return world().below->xDelete(world().below, name, sync_dir);
}

}  // namespace

PowerCutDisk::PowerCutDisk(std::string root) : root_(std::move(root)) {
  World& w = world();
  w.root = root_ + "/";
  w.disk = this;
  if (!w.below) {
    w.below = sqlite3_vfs_find(nullptr);
    w.vfs = *w.below;
    w.vfs.pNext = nullptr;
    w.vfs.zName = "power-cut";
    w.vfs.szOsFile = static_cast<int>(sizeof(File)) + w.below->szOsFile;
    w.vfs.xOpen = open_file;
    w.vfs.xDelete = delete_file;
    w.methods = {2, close_file, read_file, write_file, truncate_file, sync_file, size_file, lock_file, unlock_file, check_lock, control_file, sector_size, characteristics, shm_map, shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};
  }
  w.files.clear();
  w.syncs = 0;
  sqlite3_vfs_register(&w.vfs, 1);
}

PowerCutDisk::~PowerCutDisk() {
  sqlite3_vfs_unregister(&world().vfs);
  sqlite3_vfs_register(world().below, 1);
  world().disk = nullptr;
  world().files.clear();
}

void PowerCutDisk::picture(const std::string& to, Unsynced unsynced, std::uint64_t seed) const {
  constexpr std::size_t sector = 512;
  simulate::Dice dice{seed, 77};
  std::filesystem::create_directories(to);
  const std::lock_guard lock(world().mutex);
  for (const auto& [path, disk] : world().files) {
    std::string content = disk.synced;
    for (const Write& write : disk.pending) {
      if (unsynced == Unsynced::kept) disk.apply(write, content);
      if (unsynced != Unsynced::torn) continue;
      if (write.truncates) { if (dice.permille(500)) disk.apply(write, content); continue; }
      for (std::size_t at = 0; at < write.bytes.size(); at += sector)
        if (dice.permille(500)) disk.apply({write.at + static_cast<sqlite3_int64>(at), write.bytes.substr(at, sector), false}, content);
    }
    if (!disk.exists && content.empty()) continue;
    std::ofstream out(to + path.substr(root_.size()), std::ios::binary);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

}  // namespace pasokh::chaos
