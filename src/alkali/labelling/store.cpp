#include "alkali/labelling/store.hpp"

#include <fmt/format.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "alkali/base/process.hpp"
#include "alkali/config/json.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/sqlite.hpp"
#include "alkali/labelling/store_schema.hpp"

namespace alkali::labelling {
namespace {

using nlohmann::json;

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

void append_bytes(std::string& bytes, double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((bits >> shift) & 0xff);
}

double number_from(std::string_view bytes, std::size_t index) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 8; ++i) bits |= std::uint64_t{static_cast<unsigned char>(bytes[8 * index + i])} << (8 * i);
    return std::bit_cast<double>(bits);
}

std::string forces_bytes(const std::vector<Vec3>& forces) {
    std::string bytes;
    for (const auto& force : forces)
        for (int c = 0; c < 3; ++c) append_bytes(bytes, force[c]);
    return bytes;
}

std::string stress_bytes(const Mat3& stress) {
    std::string bytes;
    for (int i = 0; i < 9; ++i) append_bytes(bytes, stress(i / 3, i % 3));
    return bytes;
}

std::string attempts_text(const std::vector<Attempt>& attempts) {
    json list = json::array();
    for (const auto& attempt : attempts)
        list.push_back(
            {{"change", attempt.change}, {"fault", to_string(attempt.fault)}, {"detail", attempt.detail}, {"seconds", attempt.seconds}});
    return config::json_text(list);
}

std::vector<Attempt> attempts_from(const std::string& text) {
    std::vector<Attempt> attempts;
    for (const auto& entry : config::parse_json(text, "the store's attempts"))
        attempts.push_back({entry.at("change"), fault_from_string(entry.at("fault")), entry.at("detail"), entry.at("seconds")});
    return attempts;
}

void require_complete(const Subject& subject, const Label& label) {
    const auto& [energy, forces, stress, energies] = label.labels;
    bool good = energy && std::isfinite(*energy) && forces && forces->size() == subject.structure.size();
    if (good)
        for (const auto& force : *forces) good = good && force.allFinite();
    if (stress) good = good && stress->allFinite();
    if (!label.attempts.empty()) good = good && label.attempts.back().fault == Fault::none;
    if (!good) throw InternalError("a label that is not complete and finite was to be stored");
}

StoredLabel label_from(const Statement& row, const std::string& where) {
    StoredLabel stored;
    stored.key = row.text_at(0);
    try {
        stored.subject = {config::parse_json(row.text_at(1), where), structure_from_json(config::parse_json(row.text_at(2), where), where)};
        stored.label.labels.energy = row.number_at(3);
        const auto forces = row.blob_at(4), stress = row.blob_at(5);
        const std::size_t atoms = stored.subject.structure.size();
        if (forces.size() != 24 * atoms || (!stress.empty() && stress.size() != 72)) throw InputError("wrong number of components");
        stored.label.labels.forces.emplace(atoms);
        for (std::size_t i = 0; i < 3 * atoms; ++i) (*stored.label.labels.forces)[i / 3][static_cast<int>(i % 3)] = number_from(forces, i);
        if (!stress.empty()) {
            Mat3& matrix = stored.label.labels.stress.emplace();
            for (std::size_t i = 0; i < 9; ++i) matrix(static_cast<int>(i / 3), static_cast<int>(i % 3)) = number_from(stress, i);
        }
        stored.label.info = config::parse_json(row.text_at(6), where).get<std::map<std::string, std::string>>();
        stored.label.attempts = attempts_from(row.text_at(7));
        stored.label.warnings = config::parse_json(row.text_at(8), where).get<std::vector<std::string>>();
    } catch (const std::exception& error) {
        throw FileError(fmt::format("the store's entry {} is damaged ({})", stored.key, error.what()), where, "take a copy from a backup");
    }
    stored.label.seconds = row.number_at(9);
    stored.date = row.text_at(10);
    return stored;
}

Failure failure_from(const Statement& row) {
    return {row.text_at(0),         fault_from_string(row.text_at(1)),   row.text_at(2), row.text_at(3), attempts_from(row.text_at(4)),
            row.integer_at(5) != 0, static_cast<int>(row.integer_at(6)), row.text_at(7)};
}

Claim claim_from(const Statement& row) {
    return {row.text_at(0), {row.text_at(1), row.text_at(2), row.integer_at(3), row.integer_at(4)}, row.number_at(5)};
}

bool labelled(Database& database, const std::string& key) {
    Statement row(database, "SELECT 1 FROM labels WHERE key=?");
    return row.text(key).step();
}

bool lapsed(const Claim& claim, double lease) {
    const auto life = life_of(claim.owner);
    return life == Life::dead || (life == Life::unknown && now() - claim.heartbeat > lease);
}

void end_claim(Database& database, const std::string& key, const std::string& owner) {
    Statement(database, "DELETE FROM claims WHERE key=? AND owner=?").text(key).text(owner).run();
}

constexpr const char* claim_columns = "SELECT key,owner,machine,process,started,heartbeat FROM claims";
constexpr const char* failure_columns = "SELECT key,fault,what,hint,attempts,retryable,count,date FROM failures";

}  // namespace

Store::Store(const std::filesystem::path& path, Sharing sharing) : database_(open_store(path, sharing)) {}
Store::~Store() = default;

const std::filesystem::path& Store::path() const { return database_->path(); }

bool Store::has(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return labelled(*database_, key);
}

std::optional<StoredLabel> Store::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    Statement row(*database_,
                  "SELECT key,settings,structure,energy,forces,stress,info,attempts,warnings,seconds,date FROM labels WHERE key=?");
    if (!row.text(key).step()) return std::nullopt;
    return label_from(row, path().string());
}

std::vector<std::string> Store::keys() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (Statement row(*database_, "SELECT key FROM labels ORDER BY id"); row.step();) all.push_back(row.text_at(0));
    return all;
}

Claimed Store::claim(const std::string& key, const Owner& owner, double lease) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_);
    if (labelled(*database_, key)) return Claimed::labelled;
    {
        Statement row(*database_, (std::string(claim_columns) + " WHERE key=?").c_str());
        if (row.text(key).step()) {
            const auto earlier = claim_from(row);
            if (earlier.owner.name != owner.name && !lapsed(earlier, lease)) return Claimed::taken;
        }
    }
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

bool Store::finish(const std::string& key, const Subject& subject, const Label& label, const std::string& owner) {
    require_complete(subject, label);
    const auto& labels = label.labels;
    const std::string forces = forces_bytes(*labels.forces), stress = labels.stress ? stress_bytes(*labels.stress) : std::string{};
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_);
    Statement(*database_,
              "INSERT INTO labels(key,settings,structure,energy,forces,stress,info,attempts,warnings,seconds,date) "
              "VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING")
        .text(key)
        .text(canonical_text(subject.settings))
        .text(canonical_text(to_json(subject.structure)))
        .number(*labels.energy)
        .blob(forces)
        .blob(stress)
        .text(config::json_text(label.info))
        .text(attempts_text(label.attempts))
        .text(config::json_text(label.warnings))
        .number(label.seconds)
        .text(base::utc_date())
        .run();
    const bool first = database_->changes() == 1;
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
        Statement row(*database_, "SELECT count FROM failures WHERE key=?");
        failure.count = 1 + (row.text(key).step() ? static_cast<int>(row.integer_at(0)) : 0);
    }
    if (!labelled(*database_, key))
        Statement(*database_, "INSERT OR REPLACE INTO failures(key,fault,what,hint,attempts,retryable,count,date) VALUES(?,?,?,?,?,?,?,?)")
            .text(key)
            .text(to_string(failure.fault))
            .text(failure.what)
            .text(failure.hint)
            .text(attempts_text(failure.attempts))
            .integer(failure.retryable ? 1 : 0)
            .integer(failure.count)
            .text(failure.date)
            .run();
    end_claim(*database_, key, owner);
    transaction.commit();
    return failure;
}

std::optional<Failure> Store::failure(const std::string& key) {
    const std::lock_guard lock(mutex_);
    Statement row(*database_, (std::string(failure_columns) + " WHERE key=?").c_str());
    if (!row.text(key).step()) return std::nullopt;
    return failure_from(row);
}

std::vector<Failure> Store::failures() {
    const std::lock_guard lock(mutex_);
    std::vector<Failure> all;
    for (Statement row(*database_, (std::string(failure_columns) + " ORDER BY key").c_str()); row.step();) all.push_back(failure_from(row));
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
