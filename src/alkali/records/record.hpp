#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace alkali::records {

/// One result: a value with its unit and, where it is predicted, an uncertainty; how it was made and from what.
/// value is a number or (curves, tables) any JSON value.
struct Record {
    nlohmann::json value;
    std::string unit;
    std::optional<double> uncertainty;
    nlohmann::json settings = nlohmann::json::object();
    nlohmann::json provenance = nlohmann::json::object();
};

/// Results by name (the grammar of names is in docs/guide/results.md), as records.json.
class Records {
public:
    void set(const std::string& name, Record record) { records_[name] = std::move(record); }
    [[nodiscard]] bool has(const std::string& name) const { return records_.contains(name); }
    /// InputError naming the record if it is missing.
    [[nodiscard]] const Record& at(const std::string& name) const;
    [[nodiscard]] double number(const std::string& name) const;
    [[nodiscard]] const std::map<std::string, Record>& all() const { return records_; }
    void merge(const Records& other);

    [[nodiscard]] nlohmann::json to_json() const;
    /// The same as text; numbers that are not finite are the texts "nan", "inf" and "-inf"; bytes that are not UTF-8 (in names of files or
    /// groups) become U+FFFD rather than an error.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static Records from_json(const nlohmann::json& json, const std::string& where);
    /// Writes {"schema": 1, "records": {...}} atomically.
    void save(const std::filesystem::path& path) const;
    /// Errors: FileError (missing, not JSON, other schema).
    [[nodiscard]] static Records load(const std::filesystem::path& path);

private:
    std::map<std::string, Record> records_;
};

}  // namespace alkali::records
