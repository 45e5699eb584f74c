#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "alkali/labelling/labeller.hpp"
#include "alkali/labelling/owner.hpp"

namespace alkali::labelling {

class Database;

struct StoredLabel {
    std::string key;
    Subject subject;
    Label label;
    std::string date;  ///< UTC, 2026-01-31
};

/// Why a structure has no label.
struct Failure {
    std::string key;
    Fault fault = Fault::unknown;
    std::string what, hint;
    std::vector<Attempt> attempts;
    bool retryable = false;
    int count = 0;  ///< how often it has failed, this time included
    std::string date;
};

struct Claim {
    std::string key;
    Owner owner;
    double heartbeat = 0;  ///< seconds since 1970
};

enum class Claimed {
    granted,
    labelled,  ///< there is a label already
    taken      ///< somebody alive computes it
};

/// Who may have the store open at the same time. SQLite's write-ahead log needs memory shared by all of them, so across
/// machines the older rollback journal is used; a store that was opened so once stays so.
enum class Sharing { one_machine, several_machines };

/// Labels by key in one SQLite file, for several processes and threads at a time. Every call is one transaction: a process
/// may be killed at any point. A label, once in, is never changed or removed.
/// Errors of all calls: FileError naming the file (damaged, foreign, made by a newer version, full disk, held too long).
class Store {
public:
    explicit Store(const std::filesystem::path& path, Sharing sharing = Sharing::one_machine);
    ~Store();
    [[nodiscard]] const std::filesystem::path& path() const;

    [[nodiscard]] bool has(const std::string& key);
    [[nodiscard]] std::optional<StoredLabel> find(const std::string& key);
    /// Of all labels, in the order in which they came in.
    [[nodiscard]] std::vector<std::string> keys();

    /// Asks to compute a structure. A claim of a dead process, or without heartbeat for `lease` seconds where nobody can tell,
    /// is taken over. The same owner may claim again.
    [[nodiscard]] Claimed claim(const std::string& key, const Owner& owner, double lease);
    /// Heartbeat of all claims of an owner.
    void refresh(const std::string& owner);
    void release(const std::string& key, const std::string& owner);
    [[nodiscard]] std::vector<Claim> claims();

    /// Stores a label and ends the claim; earlier failures are forgotten. False if another one was first: that one stays.
    /// Errors: InternalError for a label that is not complete and finite, or whose last attempt failed.
    bool finish(const std::string& key, const Subject& subject, const Label& label, const std::string& owner);
    /// Counts a failure and ends the claim. Gives the failure with its count.
    Failure fail(const std::string& key, Failure failure, const std::string& owner);
    [[nodiscard]] std::optional<Failure> failure(const std::string& key);
    [[nodiscard]] std::vector<Failure> failures();

private:
    std::mutex mutex_;
    std::unique_ptr<Database> database_;
};

/// The labelled structure as a frame: info of the label, `label_key`, `settings_hash`, `seconds`, `label_date`.
[[nodiscard]] structure::Frame to_frame(const StoredLabel& stored);

}  // namespace alkali::labelling
