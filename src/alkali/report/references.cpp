#include "alkali/report/references.hpp"

#include <nlohmann/json.hpp>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "resources_embedded.hpp"

namespace alkali::report {

namespace {

ReferenceValue parse_value(const nlohmann::json& json) {
    ReferenceValue out;
    json.at("value").get_to(out.value);
    json.at("unit").get_to(out.unit);
    if (!json.at("uncertainty").is_null()) out.uncertainty = json.at("uncertainty").get<double>();
    json.at("temperature").get_to(out.temperature);
    json.at("method").get_to(out.method);
    json.at("source").get_to(out.source);
    json.at("doi").get_to(out.doi);
    json.at("certainty").get_to(out.certainty);
    json.at("key").get_to(out.key);
    return out;
}

}  // namespace

References parse_references(std::string_view text) {
    References out;
    try {
        const auto json = config::parse_json(text, "data/references/report.json");
        json.at("certainty").get_to(out.certainty);
        for (const auto& group_json : json.at("groups")) {
            ReferenceGroup group{group_json.at("title").get<std::string>(), {}};
            for (const auto& column_json : group_json.at("columns")) {
                ReferenceColumn column{column_json.at("title").get<std::string>(), column_json.at("note").get<std::string>(), {}};
                for (const auto& [name, cell] : column_json.at("cells").items()) column.cells.emplace(name, parse_value(cell));
                group.columns.push_back(std::move(column));
            }
            out.groups.push_back(std::move(group));
        }
    } catch (const FileError& error) {
        throw InputError("malformed reference data: " + error.fault(), error.where(), "run tools/report-references");
    } catch (const nlohmann::json::exception& error) {
        throw InputError(std::string("malformed reference data: ") + error.what(), "data/references/report.json",
                         "run tools/report-references");
    }
    return out;
}

References lithium_references() { return parse_references(resources::references_json); }

}  // namespace alkali::report
