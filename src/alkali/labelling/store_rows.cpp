#include "alkali/labelling/store_rows.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/labelling/key.hpp"

namespace alkali::labelling {
namespace {

using nlohmann::json;

constexpr std::int64_t most_failures = 1'000'000;

void append_bytes(std::string& bytes, std::uint64_t bits) {
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
        for (int c = 0; c < 3; ++c) append_bytes(bytes, std::bit_cast<std::uint64_t>(force[c]));
    return bytes;
}

std::string stress_bytes(const Mat3& stress) {
    std::string bytes;
    for (int i = 0; i < 9; ++i) append_bytes(bytes, std::bit_cast<std::uint64_t>(stress(i / 3, i % 3)));
    return bytes;
}

/// Values one after the other, each with its length in front so that none can pass into the next.
class Digest {
public:
    Digest& text(std::string_view value) {
        number(value.size());
        hash_.add(value);
        return *this;
    }
    Digest& number(std::uint64_t bits) {
        std::string bytes;
        append_bytes(bytes, bits);
        hash_.add(bytes);
        return *this;
    }
    Digest& number(double value) { return number(std::bit_cast<std::uint64_t>(value)); }
    [[nodiscard]] std::string hex() { return hash_.hex(); }

private:
    dataset::Sha256 hash_;
};

[[noreturn]] void refuse(const std::string& why) { throw InputError(why); }

std::string text_of(const Statement& row, int column, const char* name) {
    if (row.kind_at(column) != Kind::text) refuse(std::string("its ") + name + " is no text");
    return row.text_at(column);
}
double number_of(const Statement& row, int column, const char* name) {
    if (row.kind_at(column) != Kind::real) refuse(std::string("its ") + name + " is no number");
    return row.number_at(column);
}
std::int64_t integer_of(const Statement& row, int column, const char* name) {
    if (row.kind_at(column) != Kind::integer) refuse(std::string("its ") + name + " is no whole number");
    return row.integer_at(column);
}
std::string bytes_of(const Statement& row, int column, const char* name) {
    const auto kind = row.kind_at(column);
    if (kind != Kind::blob && kind != Kind::nothing) refuse(std::string("its ") + name + " are no bytes");
    return row.blob_at(column);
}

json parsed(const std::string& text) {
    try {
        return config::parse_json(text, "the store");
    } catch (const FileError& error) {
        refuse("a text of it is damaged: " + error.fault());
    }
}

std::vector<Attempt> attempts_from(const std::string& text) {
    std::vector<Attempt> attempts;
    for (const auto& entry : parsed(text)) {
        const auto fault = entry.at("fault").get<std::string>();
        attempts.push_back({entry.at("change"), fault_from_string(fault), entry.at("detail"), entry.at("seconds")});
        if (to_string(attempts.back().fault) != fault) refuse("it names an unknown fault");
    }
    return attempts;
}

std::vector<Vec3> forces_from(const std::string& bytes, std::size_t atoms) {
    if (bytes.size() != 24 * atoms) refuse("wrong number of components of the forces");
    std::vector<Vec3> forces(atoms);
    for (std::size_t i = 0; i < 3 * atoms; ++i) forces[i / 3][static_cast<int>(i % 3)] = number_from(bytes, i);
    if (!std::ranges::all_of(forces, [](const Vec3& force) { return force.allFinite(); })) refuse("its forces are not finite");
    return forces;
}

std::optional<Mat3> stress_from(const std::string& bytes) {
    if (bytes.empty()) return std::nullopt;
    if (bytes.size() != 72) refuse("wrong number of components of the stress");
    Mat3 stress;
    for (std::size_t i = 0; i < 9; ++i) stress(static_cast<int>(i / 3), static_cast<int>(i % 3)) = number_from(bytes, i);
    if (!stress.allFinite()) refuse("its stress is not finite");
    return stress;
}

bool is_date(const std::string& text) {
    const std::string_view pattern = "0000-00-00";
    return text.size() == pattern.size() &&
           std::ranges::equal(text, pattern, [](char c, char p) { return p == '0' ? c >= '0' && c <= '9' : c == p; });
}

void check_sum(const LabelRow& row) {
    if (row.checksum.empty()) refuse("it has no checksum: it was found damaged when checksums were added");
    if (row.checksum != checksum_of(row)) refuse("its checksum does not fit");
}

StoredLabel said_by(const LabelRow& row) {
    StoredLabel stored;
    stored.key = row.key;
    stored.subject = {parsed(row.settings), structure_from_json(parsed(row.structure), {})};
    if (label_key(stored.subject.settings, stored.subject.structure) != row.key)
        refuse("its key is not that of its structure and settings");
    if (!std::isfinite(row.energy)) refuse("its energy is not finite");
    stored.label.labels.energy = row.energy;
    stored.label.labels.forces = forces_from(row.forces, stored.subject.structure.size());
    stored.label.labels.stress = stress_from(row.stress);
    stored.label.info = parsed(row.info).get<std::map<std::string, std::string>>();
    stored.label.attempts = attempts_from(row.attempts);
    if (!stored.label.attempts.empty() && stored.label.attempts.back().fault != Fault::none) refuse("its last attempt failed");
    stored.label.warnings = parsed(row.warnings).get<std::vector<std::string>>();
    if (!std::isfinite(row.seconds)) refuse("its time is not finite");
    stored.label.seconds = row.seconds;
    if (!is_date(row.date)) refuse("its date is none");
    stored.date = row.date;
    return stored;
}

Failure failure_said_by(const Statement& row, Checksum checksum) {
    const auto count = integer_of(row, 6, "count");
    Failure failure{text_of(row, 0, "key"),
                    fault_from_string(text_of(row, 1, "fault")),
                    text_of(row, 2, "message"),
                    text_of(row, 3, "hint"),
                    attempts_from(text_of(row, 4, "history")),
                    integer_of(row, 5, "kind") != 0,
                    static_cast<int>(std::clamp<std::int64_t>(count, 0, most_failures)),
                    text_of(row, 7, "date")};
    if (checksum == Checksum::required && text_of(row, 8, "checksum") != checksum_of(failure)) refuse("its checksum does not fit");
    return failure;
}

}  // namespace

std::string attempts_text(const std::vector<Attempt>& attempts) {
    json list = json::array();
    for (const auto& attempt : attempts)
        list.push_back(
            {{"change", attempt.change}, {"fault", to_string(attempt.fault)}, {"detail", attempt.detail}, {"seconds", attempt.seconds}});
    return config::json_text(list);
}

LabelRow row_of(std::int64_t id, const std::string& key, const Subject& subject, const Label& label, const std::string& date) {
    const auto& labels = label.labels;
    LabelRow row{id,
                 key,
                 canonical_text(subject.settings),
                 canonical_text(to_json(subject.structure)),
                 *labels.energy + 0.0,  // SQLite keeps no -0.0
                 forces_bytes(*labels.forces),
                 labels.stress ? stress_bytes(*labels.stress) : std::string{},
                 config::json_text(label.info),
                 attempts_text(label.attempts),
                 config::json_text(label.warnings),
                 label.seconds + 0.0,
                 date,
                 {}};
    row.checksum = checksum_of(row);
    return row;
}

std::string checksum_of(const LabelRow& row) {
    return Digest()
        .number(static_cast<std::uint64_t>(row.id))
        .text(row.key)
        .text(row.settings)
        .text(row.structure)
        .number(row.energy)
        .text(row.forces)
        .text(row.stress)
        .text(row.info)
        .text(row.attempts)
        .text(row.warnings)
        .number(row.seconds)
        .text(row.date)
        .hex();
}

LabelRow label_row(const Statement& row) {
    return {integer_of(row, 0, "number"), text_of(row, 1, "key"),      text_of(row, 2, "settings"), text_of(row, 3, "structure"),
            number_of(row, 4, "energy"),  bytes_of(row, 5, "forces"),  bytes_of(row, 6, "stress"),  text_of(row, 7, "info"),
            text_of(row, 8, "history"),   text_of(row, 9, "warnings"), number_of(row, 10, "time"),  text_of(row, 11, "date"),
            text_of(row, 12, "checksum")};
}

StoredLabel label_in(const LabelRow& row, Checksum checksum) {
    try {
        if (checksum == Checksum::none) return said_by(row);
        // What the checksum vouches for was written by us; where there is none the reason is told more closely.
        if (row.checksum.empty()) static_cast<void>(said_by(row));
        check_sum(row);
        return said_by(row);
    } catch (const InputError&) {
        throw;
    } catch (const std::exception& error) {
        refuse(error.what());
    }
}

std::string checksum_of(const Failure& failure) {
    return Digest()
        .text(failure.key)
        .text(to_string(failure.fault))
        .text(failure.what)
        .text(failure.hint)
        .text(attempts_text(failure.attempts))
        .number(std::uint64_t{failure.retryable})
        .number(static_cast<std::uint64_t>(failure.count))
        .text(failure.date)
        .hex();
}

Failure failure_in(const Statement& row, Checksum checksum) {
    std::string why;
    try {
        return failure_said_by(row, checksum);
    } catch (const InputError& error) {
        why = error.fault();
    } catch (const std::exception& error) {
        why = error.what();
    }
    Failure failure;
    failure.key = row.text_at(0);
    failure.what = "what the store says of an earlier failure is damaged (" + why + ")";
    failure.hint = "run again: it is tried once more";
    failure.retryable = true;
    return failure;
}

}  // namespace alkali::labelling
