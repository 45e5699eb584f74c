#pragma once
#include <cstdint>
#include <string>

#include "alkali/labelling/sqlite.hpp"
#include "alkali/labelling/store.hpp"

namespace alkali::labelling {

// Rows of the store as they are in its file. A disk, a copy or a hand may have changed any bit of them: every row has the SHA-256
// of all its values, each value must be of its type, and what a row says is checked once more.

/// A row of `labels`. Numbers: energy as SQLite's 8-byte REAL, forces and stress as little-endian float64.
struct LabelRow {
    std::int64_t id = 0;
    std::string key, settings, structure;
    double energy = 0;
    std::string forces, stress, info, attempts, warnings;
    double seconds = 0;
    std::string date, checksum;
};

inline constexpr const char* label_columns = "id,key,settings,structure,energy,forces,stress,info,attempts,warnings,seconds,date,checksum";
inline constexpr const char* failure_columns = "key,fault,what,hint,attempts,retryable,count,date,checksum";

/// Whether a row's checksum must fit; those of stores of version 1 have none.
enum class Checksum { required, none };

[[nodiscard]] LabelRow row_of(std::int64_t id, const std::string& key, const Subject& subject, const Label& label, const std::string& date);
[[nodiscard]] std::string checksum_of(const LabelRow& row);
/// Of the row that a statement has arrived at, with label_columns. Errors: InputError: a value is of another type.
[[nodiscard]] LabelRow label_row(const Statement& statement);
/// What the row says. Errors: InputError: why it cannot be believed (checksum; the key is not that of settings and structure;
/// numbers that are not finite, too few or too many; texts that do not say what they should).
[[nodiscard]] StoredLabel label_in(const LabelRow& row, Checksum checksum);

[[nodiscard]] std::string checksum_of(const Failure& failure);
/// With failure_columns. A row that cannot be believed becomes a failure that says so and is worth another try.
[[nodiscard]] Failure failure_in(const Statement& statement, Checksum checksum);

/// For Failure and Label rows alike.
[[nodiscard]] std::string attempts_text(const std::vector<Attempt>& attempts);

}  // namespace alkali::labelling
