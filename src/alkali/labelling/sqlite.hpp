#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace alkali::labelling {

class Database;

/// Of a value in a row; SQLite lets every column hold any.
enum class Kind { nothing, integer, real, text, blob };

/// One prepared statement. Values are bound in order; columns are read by number, from 0, after step() gave true.
class Statement {
public:
    Statement(Database& database, const char* sql);
    ~Statement();
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& text(std::string_view value);
    Statement& blob(std::string_view bytes);
    Statement& integer(std::int64_t value);
    Statement& number(double value);
    /// True while there is a row.
    bool step();
    /// For statements without rows.
    void run() { (void)step(); }

    [[nodiscard]] Kind kind_at(int column) const;
    [[nodiscard]] std::string text_at(int column) const;
    [[nodiscard]] std::string blob_at(int column) const;
    [[nodiscard]] std::int64_t integer_at(int column) const;
    [[nodiscard]] double number_at(int column) const;

private:
    Database& database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

/// A connection to a SQLite file. Every failure is a FileError that names the file and says what to do.
class Database {
public:
    explicit Database(const std::filesystem::path& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void execute(const char* sql);
    /// False if the file, or the journal that another process keeps beside it, is open for reading only.
    [[nodiscard]] bool takes_changes();
    /// First column of the first row as integer; 0 without a row.
    [[nodiscard]] std::int64_t integer(const char* sql);
    [[nodiscard]] std::string text(const char* sql);
    /// Rows changed by the last statement.
    [[nodiscard]] int changes() const;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Errors: FileError if the file has been removed or replaced since it was opened: what is written then is lost with it.
    void require_in_place() const;
    [[nodiscard]] sqlite3* handle() { return handle_; }
    /// Throws for the last failure on this connection.
    [[noreturn]] void fail();

private:
    std::filesystem::path path_;
    sqlite3* handle_ = nullptr;
    std::optional<std::pair<dev_t, ino_t>> file_{};  ///< device and number; of a file that SQLite has not made yet: nothing
};

/// All or nothing, alone among the writers from its beginning on; rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& database_;
    bool open_ = true;
};

}  // namespace alkali::labelling
