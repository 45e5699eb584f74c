#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/records/record.hpp"

namespace alkali::report {

/// A CSV file of numbers with a header; what is not a number is NaN.
struct Table {
    std::vector<std::string> columns;
    std::vector<std::vector<double>> values;  ///< (columns, rows)

    [[nodiscard]] std::size_t rows() const { return values.empty() ? 0 : values.front().size(); }
    /// nullptr if there is no such column.
    [[nodiscard]] const std::vector<double>* find(const std::string& column) const;
};
/// Errors: FileError naming file and line when a row has another number of cells than the header. A last line without
/// its end (a run that is being written) is left out.
[[nodiscard]] Table read_csv(const std::filesystem::path& path);

/// The errors of a calculator on one data set, as `alkali evaluate --json` wrote them.
struct Evaluation {
    std::string name;  ///< the file's name without .json
    records::Records records;
    std::filesystem::path path = {};
};

/// What one folder of results holds.
struct Source {
    std::string name;  ///< the folder's name: the title of its column
    std::filesystem::path folder;
    records::Records records;             ///< records.json; empty if there is none
    std::vector<Evaluation> evaluations;  ///< other *.json files of the same shape, by name
    std::optional<Table> metrics;         ///< metrics.csv, if it has rows
};
/// The crystal that a folder's records are of, such as "bcc Li"; empty where they do not say.
[[nodiscard]] std::string crystal_of(const Source& source);
/// The folders of a committee's members: member_1, member_2, ..., in this order; also where some numbers are missing.
[[nodiscard]] std::vector<std::filesystem::path> member_folders(const std::filesystem::path& folder);
/// Warns of JSON files that are no results, or damaged: they are left out.
/// Errors: FileError for a folder that is missing or holds nothing to report, or results that are malformed.
[[nodiscard]] Source load_source(const std::filesystem::path& folder, base::LogSink& log);
/// All folders, their names made distinct by their parents' where they clash, by numbers where these are the same. One that holds nothing
/// itself but the folders of a committee's members stands for these; a warning tells of members without results.
[[nodiscard]] std::vector<Source> load_sources(const std::vector<std::filesystem::path>& folders, base::LogSink& log);

}  // namespace alkali::report
