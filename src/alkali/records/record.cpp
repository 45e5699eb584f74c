#include "alkali/records/record.hpp"

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/json.hpp"

namespace alkali::records {

namespace {

/// JSON knows no infinity and nothing undefined, and its writers turn both into null: they become texts.
nlohmann::json with_names(nlohmann::json value) {
    if (value.is_number_float() && !std::isfinite(value.get<double>()))
        return std::isnan(value.get<double>()) ? "nan" : value.get<double>() > 0 ? "inf" : "-inf";
    if (value.is_structured())
        for (auto& part : value) part = with_names(std::move(part));
    return value;
}

nlohmann::json without_names(nlohmann::json value) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf" || value == "-inf") return value == "inf" ? infinity : -infinity;
    if (value.is_structured())
        for (auto& part : value) part = without_names(std::move(part));
    return value;
}

nlohmann::json table_of(const nlohmann::json& entry, const char* key, const std::string& name, const std::string& where) {
    if (!entry.contains(key) || entry[key].is_null()) return nlohmann::json::object();
    if (!entry[key].is_object()) throw FileError("the record '" + name + "' has " + key + " that are no table", where);
    return entry[key];
}

std::optional<double> uncertainty_of(const nlohmann::json& entry, const std::string& name, const std::string& where) {
    if (!entry.contains("uncertainty") || entry["uncertainty"].is_null()) return std::nullopt;
    const auto value = without_names(entry["uncertainty"]);
    if (!value.is_number() || value.get<double>() < 0)
        throw FileError("the record '" + name + "' has an uncertainty that is no positive number: " + config::json_text(value), where);
    return value.get<double>();
}

}  // namespace

const Record& Records::at(const std::string& name) const {
    const auto found = records_.find(name);
    if (found == records_.end()) throw InputError("there is no record '" + name + "'");
    return found->second;
}

double Records::number(const std::string& name) const {
    const Record& record = at(name);
    if (!record.value.is_number()) throw InputError("the record '" + name + "' is not a number");
    return record.value.get<double>();
}

void Records::merge(const Records& other) {
    for (const auto& [name, record] : other.records_) records_[name] = record;
}

nlohmann::json Records::to_json() const {
    nlohmann::json records = nlohmann::json::object();
    for (const auto& [name, record] : records_) {
        records[name] = {{"value", with_names(record.value)},
                         {"unit", record.unit},
                         {"uncertainty", record.uncertainty ? with_names(*record.uncertainty) : nlohmann::json()},
                         {"settings", with_names(record.settings)},
                         {"provenance", record.provenance}};
    }
    return {{"schema", 1}, {"records", records}};
}

Records Records::from_json(const nlohmann::json& json, const std::string& where) {
    if (!json.is_object() || !json.contains("schema") || json["schema"] != 1 || !json.contains("records") || !json["records"].is_object())
        throw FileError("is not a records file of schema 1", where);
    Records records;
    for (const auto& [name, entry] : json["records"].items()) {
        if (!entry.is_object() || !entry.contains("value") || !entry.contains("unit") || !entry["unit"].is_string())
            throw FileError("the record '" + name + "' has no value or no unit", where);
        Record record;
        // Earlier versions wrote null for what is no number.
        record.value = entry["value"].is_null() ? nlohmann::json(std::nan("")) : without_names(entry["value"]);
        record.unit = entry["unit"].get<std::string>();
        if (record.value.is_string() || record.value.is_boolean())
            throw FileError("the record '" + name + "' has a value that is no number, table or list: " + config::json_text(record.value),
                            where);
        record.uncertainty = uncertainty_of(entry, name, where);
        record.settings = table_of(entry, "settings", name, where);
        record.provenance = table_of(entry, "provenance", name, where);
        records.set(name, std::move(record));
    }
    return records;
}

void Records::save(const std::filesystem::path& path) const { base::write_file(path, text() + "\n"); }

std::string Records::text() const { return config::json_text(to_json(), 1); }

Records Records::load(const std::filesystem::path& path) {
    return from_json(config::parse_json(base::read_file(path), path.string()), path.string());
}

}  // namespace alkali::records
