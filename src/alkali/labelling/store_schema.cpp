#include "alkali/labelling/store_schema.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/labelling/store_rows.hpp"

namespace alkali::labelling {
namespace {

constexpr std::int64_t application = 0x616c6b6c;  // "alkl", kept in the header of the file
constexpr std::int64_t schema_version = 2, version_without_checksums = 1;

// See store_rows.hpp. seconds and dates are for people.
constexpr const char* tables = R"(
CREATE TABLE labels(
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, settings TEXT NOT NULL, structure TEXT NOT NULL,
    energy REAL NOT NULL, forces BLOB NOT NULL, stress BLOB, info TEXT NOT NULL, attempts TEXT NOT NULL,
    warnings TEXT NOT NULL, seconds REAL NOT NULL, date TEXT NOT NULL, checksum TEXT NOT NULL DEFAULT '');
CREATE TABLE claims(
    key TEXT PRIMARY KEY, owner TEXT NOT NULL, machine TEXT NOT NULL, process INTEGER NOT NULL, started INTEGER NOT NULL,
    heartbeat REAL NOT NULL);
CREATE TABLE failures(
    key TEXT PRIMARY KEY, fault TEXT NOT NULL, what TEXT NOT NULL, hint TEXT NOT NULL, attempts TEXT NOT NULL,
    retryable INTEGER NOT NULL, count INTEGER NOT NULL, date TEXT NOT NULL, checksum TEXT NOT NULL DEFAULT '');
)";

constexpr const char* columns_of_checksums =
    "ALTER TABLE labels ADD COLUMN checksum TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE failures ADD COLUMN checksum TEXT NOT NULL DEFAULT ''";

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

std::optional<LabelRow> sound_row(const Statement& statement) {
    try {
        auto row = label_row(statement);
        (void)label_in(row, Checksum::none);
        return row;
    } catch (const InputError&) {
        return std::nullopt;
    }
}

/// Labels that can be verified without a checksum get one; the others stay without, by which they are known as damaged.
void sum_labels(Database& database) {
    std::vector<LabelRow> sound;
    for (Statement row(database, fmt::format("SELECT {} FROM labels", label_columns).c_str()); row.step();)
        if (auto label = sound_row(row)) sound.push_back(std::move(*label));
    for (const auto& label : sound)
        Statement(database, "UPDATE labels SET checksum=? WHERE id=?").text(checksum_of(label)).integer(label.id).run();
}

void sum_failures(Database& database) {
    std::vector<Failure> all;
    for (Statement row(database, fmt::format("SELECT {} FROM failures", failure_columns).c_str()); row.step();)
        all.push_back(failure_in(row, Checksum::none));
    for (const auto& failure : all)
        Statement(database, "UPDATE failures SET checksum=? WHERE key=?").text(checksum_of(failure)).text(failure.key).run();
}

void add_checksums(Database& database) {
    Transaction transaction(database);
    if (database.integer("PRAGMA user_version") == version_without_checksums) {  // nobody else was first
        database.execute(columns_of_checksums);
        sum_labels(database);
        sum_failures(database);
        database.execute(("PRAGMA user_version=" + std::to_string(schema_version)).c_str());
    }
    transaction.commit();
}

/// Indices as well: an entry that its index does not lead to would pass for one that is not there.
void require_whole(Database& database) {
    if (const auto verdict = database.text("PRAGMA integrity_check(1)"); verdict != "ok")
        throw FileError("the store of labels is damaged (" + verdict + ")", database.path().string(),
                        "keep the file; `sqlite3 FILE .recover | sqlite3 NEW` saves what is readable, or take a copy from a backup");
}

constexpr const char* kept_elsewhere = "keep the file; take a copy from a backup, or give another store";

/// Tables of ours and nothing that acts by itself: a view may take for ever, a trigger may change what is written.
void require_own_tables(Database& database) {
    const auto where = database.path().string();
    if (const auto other = database.text("SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('view','trigger') OR sql LIKE "
                                         "'CREATE VIRTUAL%' LIMIT 1");
        !other.empty())
        throw FileError("the store of labels has a " + other + ", which is not of alkali", where, kept_elsewhere);
    if (database.integer("SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN ('labels','claims','failures')") != 3)
        throw FileError("the store of labels lacks a table", where, kept_elsewhere);
}

void require_own_columns(Database& database) {
    for (const auto& sql :
         {fmt::format("SELECT {} FROM labels LIMIT 0", label_columns), fmt::format("SELECT {} FROM failures LIMIT 0", failure_columns),
          std::string("SELECT key,owner,machine,process,started,heartbeat FROM claims LIMIT 0")}) {
        try {
            Statement(database, sql.c_str()).run();
        } catch (const FileError& error) {
            if (!error.hint().empty()) throw;
            throw FileError(error.fault(), database.path().string(), kept_elsewhere);
        }
    }
}

/// The journal lies beside the name by which the store was opened: under another one labels would be missing.
void require_one_name(const std::filesystem::path& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink < 2) return;
    throw FileError(
        fmt::format("the store of labels has {} names (hard links): each would have a journal of its own, and labels would be lost",
                    status.st_nlink),
        path.string(), "keep one of them and remove the others, or copy it (cp) and use the copy");
}

void require_known(Database& database) {
    const auto where = database.path().string();
    if (database.integer("PRAGMA application_id") != application)
        throw FileError("is no store of labels (a SQLite file of another program)", where, "give another name to the store");
    const auto version = database.integer("PRAGMA user_version");
    if (version != schema_version && version != version_without_checksums)
        throw FileError(fmt::format("is a store of labels of version {}, this program knows versions {} and {}", version,
                                    version_without_checksums, schema_version),
                        where, "use the version of alkali that made it, or give another store");
    require_own_tables(database);
    require_whole(database);
    if (version == version_without_checksums) add_checksums(database);
    require_own_columns(database);
}

/// SQLite makes the files beside a database with the rights of its maker and widens them a moment later: another user who comes in between
/// finds them closed to changes, and has to come again.
std::unique_ptr<Database> open_for_changes(const std::filesystem::path& path) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    for (;;) {
        auto database = std::make_unique<Database>(path);
        if (::access(path.c_str(), W_OK) != 0 || database->takes_changes() || std::chrono::steady_clock::now() > deadline) return database;
        database.reset();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace

std::unique_ptr<Database> open_store(const std::filesystem::path& path, Sharing sharing) {
    if (path.has_parent_path()) {
        std::error_code failure;
        std::filesystem::create_directories(path.parent_path(), failure);
        if (failure) throw FileError("cannot make its folder (" + failure.message() + ")", path.string());
    }
    if (path.empty()) throw InputError("the store of labels has no name", {}, "store: labels.sqlite");
    require_one_name(path);
    auto database = open_for_changes(path);
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
