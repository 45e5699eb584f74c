#include "alkali/labelling/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "alkali/base/process.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/store_rows.hpp"
#include "alkali/labelling/store_schema.hpp"

namespace alkali::labelling {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void require_complete(const std::string& key, const Subject& subject, const Label& label) {
    const auto& [energy, forces, stress, energies] = label.labels;
    bool good = energy && std::isfinite(*energy) && forces && forces->size() == subject.structure.size();
    if (good)
        for (const auto& force : *forces) good = good && force.allFinite();
    if (stress) good = good && stress->allFinite();
    if (!label.attempts.empty()) good = good && label.attempts.back().fault == Fault::none;
    if (!good) throw InternalError("a label that is not complete and finite was to be stored");
    if (label_key(subject.settings, subject.structure) != key)
        throw InternalError("a label was to be stored under a key that is not its own");
}

constexpr const char* remedy = "take the store from a backup, or have it computed again by `label run` with retry_failed: true";

/// A label of the store, or why the row cannot be one.
struct Found {
    std::optional<StoredLabel> label;
    std::int64_t id = 0;
    std::string damage;
};

bool is_key(const std::string& text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos; }

Found found_in(const Statement& statement) {
    Found found;
    found.id = statement.integer_at(0);
    const auto key = statement.text_at(1);
    try {
        found.label = label_in(label_row(statement), Checksum::required);
    } catch (const InputError& error) {
        found.damage =
            fmt::format("the store's entry {} is damaged ({})", is_key(key) ? key : fmt::format("number {}", found.id), error.fault());
    }
    return found;
}

std::optional<Found> look_up(Database& database, const std::string& key) {
    Statement row(database, fmt::format("SELECT {} FROM labels WHERE key=?", label_columns).c_str());
    if (!row.text(key).step()) return std::nullopt;
    return found_in(row);
}

Claim claim_from(const Statement& row) {
    return {row.text_at(0), {row.text_at(1), row.text_at(2), row.integer_at(3), row.integer_at(4)}, row.number_at(5)};
}

bool labelled(Database& database, const std::string& key) {
    const auto found = look_up(database, key);
    return found && found->label;
}

void end_claim(Database& database, const std::string& key, const std::string& owner) {
    Statement(database, "DELETE FROM claims WHERE key=? AND owner=?").text(key).text(owner).run();
}

constexpr const char* claim_columns = "SELECT key,owner,machine,process,started,heartbeat FROM claims";

std::optional<Claim> claim_in(Database& database, const std::string& key) {
    Statement row(database, (std::string(claim_columns) + " WHERE key=?").c_str());
    if (!row.text(key).step()) return std::nullopt;
    return claim_from(row);
}

std::string failures_where(const char* condition) { return fmt::format("SELECT {} FROM failures {}", failure_columns, condition); }

Failure failure_of(const Found& damaged, const std::string& key) {
    Failure failure;
    failure.key = key;
    failure.what = damaged.damage;
    failure.hint = remedy;
    return failure;
}

void insert(Database& database, const LabelRow& row) {
    Statement(database, fmt::format("INSERT INTO labels({}) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)", label_columns).c_str())
        .integer(row.id)
        .text(row.key)
        .text(row.settings)
        .text(row.structure)
        .number(row.energy)
        .blob(row.forces)
        .blob(row.stress)
        .text(row.info)
        .text(row.attempts)
        .text(row.warnings)
        .number(row.seconds)
        .text(row.date)
        .text(row.checksum)
        .run();
}

}  // namespace

Store::Store(const std::filesystem::path& path, Sharing sharing) : database_(open_store(path, sharing)) {}
Store::~Store() = default;

const std::filesystem::path& Store::path() const { return database_->path(); }

void Store::require_in_place() {
    const std::lock_guard lock(mutex_);
    database_->require_in_place();
}

bool Store::has(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return labelled(*database_, key);
}

std::optional<StoredLabel> Store::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    auto found = look_up(*database_, key);
    if (!found) return std::nullopt;
    if (!found->label) throw FileError(found->damage, path().string(), remedy);
    return std::move(found->label);
}

std::vector<std::string> Store::keys() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (Statement row(*database_, fmt::format("SELECT {} FROM labels ORDER BY id", label_columns).c_str()); row.step();)
        if (const auto found = found_in(row); found.label) all.push_back(found.label->key);
    return all;
}

Claimed Store::claim(const std::string& key, const Owner& owner, double lease) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_);
    if (labelled(*database_, key)) return Claimed::labelled;
    if (const auto earlier = claim_in(*database_, key); earlier && earlier->owner.name != owner.name && left_of(*earlier, lease) >= 0)
        return Claimed::taken;
    Statement(*database_, "INSERT OR REPLACE INTO claims(key,owner,machine,process,started,heartbeat) VALUES(?,?,?,?,?,?)")
        .text(key)
        .text(owner.name)
        .text(owner.machine)
        .integer(owner.process)
        .integer(owner.started)
        .number(now())
        .run();
    transaction.commit();
    return Claimed::granted;
}

void Store::refresh(const std::string& owner) {
    const std::lock_guard lock(mutex_);
    Statement(*database_, "UPDATE claims SET heartbeat=? WHERE owner=?").number(now()).text(owner).run();
}

void Store::release(const std::string& key, const std::string& owner) {
    const std::lock_guard lock(mutex_);
    end_claim(*database_, key, owner);
}

std::vector<Claim> Store::claims() {
    const std::lock_guard lock(mutex_);
    std::vector<Claim> all;
    for (Statement row(*database_, claim_columns); row.step();) all.push_back(claim_from(row));
    return all;
}

std::optional<Claim> Store::claim_of(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return claim_in(*database_, key);
}

double Store::lapses_in(const Claim& claim, double lease) {
    const std::lock_guard lock(mutex_);
    return left_of(claim, lease);
}

double Store::left_of(const Claim& claim, double lease) {
    const auto life = life_of(claim.owner);
    if (life == Life::alive) return std::numeric_limits<double>::infinity();
    if (life == Life::dead) return -1;
    const double age = now() - claim.heartbeat;
    if (age >= 0) return lease - age;
    const auto moment = std::chrono::steady_clock::now();
    auto& sighting = sightings_[claim.key];
    if (sighting.owner != claim.owner.name || sighting.heartbeat != claim.heartbeat) sighting = {claim.owner.name, claim.heartbeat, moment};
    return lease - std::chrono::duration<double>(moment - sighting.first).count();
}

bool Store::finish(const std::string& key, const Subject& subject, const Label& label, const std::string& owner) {
    require_complete(key, subject, label);
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_);
    const auto earlier = look_up(*database_, key);
    const bool first = !earlier || !earlier->label;
    if (earlier && first) Statement(*database_, "DELETE FROM labels WHERE id=?").integer(earlier->id).run();
    // The number is part of what the checksum is of. One that a hand made huge leaves no room behind it.
    const auto number =
        std::max<std::int64_t>(1, database_->integer("SELECT 1+id FROM labels AS a WHERE id<4611686018427387904 AND NOT EXISTS "
                                                     "(SELECT 1 FROM labels AS b WHERE b.id=a.id+1) ORDER BY id DESC LIMIT 1"));
    if (first) insert(*database_, row_of(number, key, subject, label, base::utc_date()));
    Statement(*database_, "DELETE FROM failures WHERE key=?").text(key).run();
    end_claim(*database_, key, owner);
    transaction.commit();
    return first;
}

Failure Store::fail(const std::string& key, Failure failure, const std::string& owner) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_);
    failure.key = key;
    failure.date = base::utc_date();
    {
        Statement row(*database_, failures_where("WHERE key=?").c_str());
        failure.count = 1 + (row.text(key).step() ? failure_in(row, Checksum::required).count : 0);
    }
    if (!labelled(*database_, key))
        Statement(*database_, fmt::format("INSERT OR REPLACE INTO failures({}) VALUES(?,?,?,?,?,?,?,?,?)", failure_columns).c_str())
            .text(key)
            .text(to_string(failure.fault))
            .text(failure.what)
            .text(failure.hint)
            .text(attempts_text(failure.attempts))
            .integer(failure.retryable ? 1 : 0)
            .integer(failure.count)
            .text(failure.date)
            .text(checksum_of(failure))
            .run();
    end_claim(*database_, key, owner);
    transaction.commit();
    return failure;
}

std::optional<Failure> Store::failure(const std::string& key) {
    const std::lock_guard lock(mutex_);
    Statement row(*database_, failures_where("WHERE key=?").c_str());
    if (row.text(key).step()) return failure_in(row, Checksum::required);
    const auto found = look_up(*database_, key);
    if (!found || found->label) return std::nullopt;
    return failure_of(*found, key);
}

std::vector<Failure> Store::failures() {
    const std::lock_guard lock(mutex_);
    std::vector<Failure> all;
    for (Statement row(*database_, failures_where("ORDER BY key").c_str()); row.step();) all.push_back(failure_in(row, Checksum::required));
    return all;
}

structure::Frame to_frame(const StoredLabel& stored) {
    structure::Frame frame;
    frame.structure = stored.subject.structure;
    frame.labels = stored.label.labels;
    frame.info = stored.label.info;
    frame.info["label_key"] = stored.key;
    frame.info["settings_hash"] = content_hash(stored.subject.settings).substr(0, 16);
    frame.info.emplace("seconds", fmt::format("{:.3f}", stored.label.seconds));
    frame.info["label_date"] = stored.date;
    return frame;
}

}  // namespace alkali::labelling
