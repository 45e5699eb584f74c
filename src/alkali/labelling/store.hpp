#pragma once
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
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
    int count = 0;  ///< how often it has failed, this time included; 0: the store's entry is damaged
    std::string date;
};

struct Claim {
    std::string key;
    Owner owner;
    double heartbeat = 0;  ///< seconds since 1970
};

enum class Claimed {
    granted,
    labelled,  ///< there is a sound label already
    taken      ///< somebody alive computes it
};

/// Who may have the store open at the same time. SQLite's write-ahead log needs memory shared by all of them, so across
/// machines the older rollback journal is used; a store that was opened so once stays so.
enum class Sharing { one_machine, several_machines };

/// Labels by key in one SQLite file, for several processes and threads at a time. Every call is one transaction: a process
/// may be killed at any point. A label, once in, is never changed or removed.
/// Every row has a checksum, and a label's key is computed anew from its settings and structure when it is read: a row that was
/// changed by a disk or a hand is never taken for a label. Stores of version 1 are given checksums when they are opened.
/// Errors of all calls: FileError naming the file (damaged, foreign, with several names, made by a newer version, full disk, held too
/// long, no longer in its place).
class Store {
public:
    explicit Store(const std::filesystem::path& path, Sharing sharing = Sharing::one_machine);
    ~Store();
    [[nodiscard]] const std::filesystem::path& path() const;
    /// Errors: FileError if its file has been removed, moved or replaced since it was opened. Asked with every change.
    void require_in_place();

    /// A sound label.
    [[nodiscard]] bool has(const std::string& key);
    /// Errors: FileError naming the entry if it is damaged.
    [[nodiscard]] std::optional<StoredLabel> find(const std::string& key);
    /// Of all sound labels, in the order in which they came in.
    [[nodiscard]] std::vector<std::string> keys();

    /// Asks to compute a structure. A claim of a dead process, or without heartbeat for `lease` seconds where nobody can tell,
    /// is taken over: see lapses_in(). The same owner may claim again.
    [[nodiscard]] Claimed claim(const std::string& key, const Owner& owner, double lease);
    /// Heartbeat of all claims of an owner.
    void refresh(const std::string& owner);
    void release(const std::string& key, const std::string& owner);
    [[nodiscard]] std::vector<Claim> claims();
    [[nodiscard]] std::optional<Claim> claim_of(const std::string& key);
    /// Seconds until a claim may be taken over unless its owner is heard of: negative: now; infinite: its owner is alive. A
    /// heartbeat in the future (the clock of another machine, or a damaged row) counts from when this object first saw it.
    [[nodiscard]] double lapses_in(const Claim& claim, double lease);

    /// Stores a label and ends the claim; earlier failures are forgotten. False if another one was first: that one stays, unless
    /// it is damaged. Errors: InternalError for a label that is not complete and finite, whose last attempt failed, or whose key
    /// is not that of its settings and structure.
    bool finish(const std::string& key, const Subject& subject, const Label& label, const std::string& owner);
    /// Counts a failure and ends the claim. Gives the failure with its count.
    Failure fail(const std::string& key, Failure failure, const std::string& owner);
    /// Why there is no label: also that it is damaged, which is not tried again unless asked for.
    [[nodiscard]] std::optional<Failure> failure(const std::string& key);
    [[nodiscard]] std::vector<Failure> failures();

private:
    /// A heartbeat in the future.
    struct Sighting {
        std::string owner;
        double heartbeat = 0;
        std::chrono::steady_clock::time_point first;
    };
    [[nodiscard]] double left_of(const Claim& claim, double lease);

    std::mutex mutex_;
    std::unique_ptr<Database> database_;
    std::map<std::string, Sighting> sightings_;  // by key
};

/// The labelled structure as a frame: info of the label, `label_key`, `settings_hash`, `seconds`, `label_date`.
[[nodiscard]] structure::Frame to_frame(const StoredLabel& stored);

}  // namespace alkali::labelling
