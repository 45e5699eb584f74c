#include "alkali/labelling/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include "alkali/base/error.hpp"

namespace alkali::labelling {
namespace {

// Writers wait for one another; a label is written in milliseconds, so only a stuck disk or process takes as long as this.
constexpr int busy_milliseconds = 120'000;

std::string hint_for(int code) {
    switch (code & 0xff) {
        case SQLITE_NOTADB: return "give another name to the store, or move this file away";
        case SQLITE_CORRUPT:
            return "keep the file and its -wal beside it; `sqlite3 FILE .recover | sqlite3 NEW` saves what is readable, or take a copy "
                   "from a backup";
        case SQLITE_BUSY:
        case SQLITE_LOCKED: return "another process holds it for too long; is one stopped, or the disk stuck?";
        case SQLITE_FULL: return "free space on its disk and run again; what was stored before is safe";
        case SQLITE_IOERR: return "is its disk full or failing? What was stored before is safe; run again";
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN: return "check that the folder exists and that file and folder are writable";
        default: return {};
    }
}

std::string fault_for(int code, const char* words) {
    switch (code & 0xff) {
        case SQLITE_NOTADB: return "is no store of labels (not a SQLite file)";
        case SQLITE_CORRUPT: return std::string("the store of labels is damaged (") + words + ")";
        case SQLITE_FULL: return "the store of labels cannot grow: the disk is full";
        default: return std::string("the store of labels cannot be used (") + words + ")";
    }
}

std::string taken(const void* bytes, int size) {
    return bytes == nullptr ? std::string{} : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::optional<std::pair<dev_t, ino_t>> identity(const std::filesystem::path& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return std::pair{status.st_dev, status.st_ino};
}

}  // namespace

Statement::Statement(Database& database, const char* sql) : database_(database) {
    if (sqlite3_prepare_v2(database.handle(), sql, -1, &statement_, nullptr) != SQLITE_OK) database.fail();
}
Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::text(std::string_view value) {
    if (sqlite3_bind_text(statement_, ++bound_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT) != SQLITE_OK)
        database_.fail();
    return *this;
}
Statement& Statement::blob(std::string_view bytes) {
    if (sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT) != SQLITE_OK)
        database_.fail();
    return *this;
}
Statement& Statement::integer(std::int64_t value) {
    if (sqlite3_bind_int64(statement_, ++bound_, value) != SQLITE_OK) database_.fail();
    return *this;
}
Statement& Statement::number(double value) {
    if (sqlite3_bind_double(statement_, ++bound_, value) != SQLITE_OK) database_.fail();
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) database_.fail();
    return false;
}

Kind Statement::kind_at(int column) const {
    switch (sqlite3_column_type(statement_, column)) {
        case SQLITE_INTEGER: return Kind::integer;
        case SQLITE_FLOAT: return Kind::real;
        case SQLITE_TEXT: return Kind::text;
        case SQLITE_BLOB: return Kind::blob;
        default: return Kind::nothing;
    }
}
std::string Statement::text_at(int column) const {
    return taken(sqlite3_column_text(statement_, column), sqlite3_column_bytes(statement_, column));
}
std::string Statement::blob_at(int column) const {
    return taken(sqlite3_column_blob(statement_, column), sqlite3_column_bytes(statement_, column));
}
std::int64_t Statement::integer_at(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::number_at(int column) const { return sqlite3_column_double(statement_, column); }

Database::Database(const std::filesystem::path& path) : path_(path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    // Absolute: names such as ":memory:" mean something else to SQLite.
    if (sqlite3_open_v2(std::filesystem::absolute(path).c_str(), &handle_, flags, nullptr) == SQLITE_OK) {
        sqlite3_extended_result_codes(handle_, 1);
        sqlite3_busy_timeout(handle_, busy_milliseconds);
        file_ = identity(path_);
        return;
    }
    const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_errcode(handle_);
    sqlite3_close(handle_);
    throw FileError(fault_for(code, sqlite3_errstr(code)), path.string(), hint_for(code));
}
void Database::require_in_place() const {
    if (file_ && identity(path_) == file_) return;
    throw FileError("the store of labels has been removed, moved or replaced while it was in use", path_.string(),
                    "put it back in its place and run the same command again; labels made since are computed again");
}

Database::~Database() { sqlite3_close(handle_); }

void Database::execute(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}
std::int64_t Database::integer(const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.integer_at(0) : 0;
}
std::string Database::text(const char* sql) {
    Statement statement(*this, sql);
    return statement.step() ? statement.text_at(0) : std::string{};
}
int Database::changes() const { return sqlite3_changes(handle_); }

bool Database::takes_changes() {
    const int code = sqlite3_exec(handle_, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) execute("ROLLBACK");
    return (code & 0xff) != SQLITE_READONLY;
}

void Database::fail() {
    const int code = sqlite3_errcode(handle_);
    throw FileError(fault_for(code, sqlite3_errmsg(handle_)), path_.string(), hint_for(code));
}

Transaction::Transaction(Database& database) : database_(database) {
    database_.require_in_place();
    database_.execute("BEGIN IMMEDIATE");
}
Transaction::~Transaction() {
    // Some failures (disk full) have rolled back already; a second rollback fails harmlessly.
    if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
    database_.require_in_place();
}

}  // namespace alkali::labelling
