#include "alkali/labelling/store_schema.hpp"

#include <chrono>
#include <system_error>
#include <thread>

namespace alkali::labelling {
namespace {

constexpr std::int64_t application = 0x616c6b6c;  // "alkl", kept in the header of the file
constexpr std::int64_t schema_version = 1;

// Numbers: energy as SQLite's 8-byte REAL, forces and stress as little-endian float64. seconds and dates are for people.
constexpr const char* tables = R"(
CREATE TABLE labels(
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, structure TEXT NOT NULL,
    energy REAL NOT NULL, forces BLOB NOT NULL, stress BLOB, info TEXT NOT NULL, attempts TEXT NOT NULL,
    warnings TEXT NOT NULL, seconds REAL NOT NULL, date TEXT NOT NULL);
CREATE TABLE claims(
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, machine TEXT NOT NULL, process INTEGER NOT NULL, started INTEGER NOT NULL,
    heartbeat REAL NOT NULL);
CREATE TABLE failures(
    key TEXT PRIMARY KEY, fault TEXT NOT NULL, what TEXT NOT NULL, hint TEXT NOT NULL, attempts TEXT NOT NULL,
    retryable INTEGER NOT NULL, count INTEGER NOT NULL, date TEXT NOT NULL);
)";

bool is_new(Database& database) {
    return database.integer("PRAGMA application_id") == 0 && database.integer("PRAGMA user_version") == 0 &&
           database.integer("SELECT count(*) FROM sqlite_master") == 0;
}

/// SQLite does not wait for other processes here by itself.
void set_journal(Database& database, const std::string& mode) {
    const std::string pragma = "PRAGMA journal_mode=" + mode;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (;;) {
        std::string refusal;
        try {
            if (database.text(pragma.c_str()) == mode) return;
            refusal = "it is in use in another way";
        } catch (const FileError& error) {
            refusal = error.fault();
        }
        if (std::chrono::steady_clock::now() > deadline)
            throw FileError("the journal of the store of labels cannot be set to " + mode + " (" + refusal + ")", database.path().string(),
                            "end the other alkali processes that use it, or give another store");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void make_tables(Database& database) {
    Transaction transaction(database);
    if (is_new(database)) {  // nobody else was first
        database.execute(tables);
        database.execute(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
        database.execute(("PRAGMA application_id=" + std::to_string(application)).c_str());
    }
    transaction.commit();
}

void require_known(Database& database) {
    const auto where = database.path().string();
    if (database.integer("PRAGMA application_id") != application)
        throw FileError("is no store of labels (a SQLite file of another program)", where, "give another name to the store");
    const auto version = database.integer("PRAGMA user_version");
    if (version != schema_version)
        throw FileError(
            "is a store of labels of version " + std::to_string(version) + ", this program knows version " + std::to_string(schema_version),
            where, "use the version of alkali that made it, or give another store");
    if (const auto verdict = database.text("PRAGMA quick_check(1)"); verdict != "ok")
        throw FileError("the store of labels is damaged (" + verdict + ")", where,
                        "keep the file; `sqlite3 FILE .recover | sqlite3 NEW` saves what is readable, or take a copy from a backup");
}

}  // namespace

std::unique_ptr<Database> open_store(const std::filesystem::path& path, Sharing sharing) {
    if (path.has_parent_path()) {
        std::error_code failure;
        std::filesystem::create_directories(path.parent_path(), failure);
        if (failure) throw FileError("cannot make its folder (" + failure.message() + ")", path.string());
    }
    auto database = std::make_unique<Database>(path);
    const bool fresh = is_new(*database);
    if (!fresh) require_known(*database);
    if (sharing == Sharing::several_machines)
        set_journal(*database, "delete");
    else if (fresh)
        set_journal(*database, "wal");
    if (fresh) {
        make_tables(*database);
        require_known(*database);
    }
    database->execute("PRAGMA synchronous=FULL");
    return database;
}

}  // namespace alkali::labelling
