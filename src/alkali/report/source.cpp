#include "alkali/report/source.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/json.hpp"

namespace alkali::report {

namespace fs = std::filesystem;

const std::vector<double>* Table::find(const std::string& column) const {
    const auto at = std::find(columns.begin(), columns.end(), column);
    return at == columns.end() ? nullptr : &values[static_cast<std::size_t>(at - columns.begin())];
}

namespace {

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) {
        const auto first = cell.find_first_not_of(" \t\r"), last = cell.find_last_not_of(" \t\r");
        cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    if (!line.empty() && line.back() == ',') cells.emplace_back();
    return cells;
}

double number(const std::string& cell) {
    double value = 0;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    return error == std::errc() && end == cell.data() + cell.size() ? value : std::numeric_limits<double>::quiet_NaN();
}

/// Nothing where it is none that can be read.
nlohmann::json json_of(const fs::path& path) {
    const std::string text = base::read_file(path);
    try {
        return config::parse_json(text, path.string());
    } catch (const FileError&) {
        return {};
    }
}

bool has_shape_of_records(const nlohmann::json& json) { return json.is_object() && json.contains("schema") && json.contains("records"); }

std::vector<Evaluation> load_evaluations(const fs::path& folder) {
    std::vector<Evaluation> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const auto& path = entry.path();
        if (!entry.is_regular_file() || path.extension() != ".json" || path.filename() == "records.json") continue;
        // Other programs may leave other JSON files here: those are not ours to judge.
        const auto json = json_of(path);
        if (has_shape_of_records(json)) found.push_back({path.stem().string(), records::Records::from_json(json, path.string())});
    }
    std::sort(found.begin(), found.end(), [](const Evaluation& a, const Evaluation& b) { return a.name < b.name; });
    return found;
}

fs::path normal(const fs::path& folder) {
    auto path = fs::absolute(folder).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

bool has_results(const fs::path& folder) {
    return fs::exists(folder / "records.json") || fs::exists(folder / "metrics.csv") || !load_evaluations(folder).empty();
}

/// The folders of a committee's members: member_1, member_2, ... with something to report.
std::vector<fs::path> members_of(const fs::path& folder) {
    std::vector<fs::path> members;
    for (int member = 1; fs::is_directory(folder / ("member_" + std::to_string(member))); ++member)
        if (auto path = folder / ("member_" + std::to_string(member)); has_results(path)) members.push_back(std::move(path));
    return members;
}

}  // namespace

Table read_csv(const fs::path& path) {
    const std::string text = base::read_file(path);
    std::istringstream stream(text.substr(0, text.rfind('\n') + 1));
    Table table;
    std::string line;
    for (int number_of_line = 1; std::getline(stream, line); ++number_of_line) {
        if (line.empty()) continue;
        const auto cells = split(line);
        if (table.columns.empty()) {
            table.columns = cells;
            table.values.resize(cells.size());
            continue;
        }
        if (cells.size() != table.columns.size())
            throw FileError("a row of " + std::to_string(cells.size()) + " cells under a header of " + std::to_string(table.columns.size()),
                            path.string() + ", line " + std::to_string(number_of_line), "remove the line or run the training again");
        for (std::size_t i = 0; i < cells.size(); ++i) table.values[i].push_back(number(cells[i]));
    }
    return table;
}

std::string crystal_of(const Source& source) {
    for (const auto& [name, record] : source.records.all()) {
        const auto text = [&](const char* key) {
            return record.settings.is_object() && record.settings.contains(key) && record.settings[key].is_string()
                       ? record.settings[key].get<std::string>()
                       : std::string{};
        };
        if (const std::string species = text("species"), structure = text("structure"); !species.empty() && !structure.empty())
            return structure + " " + species;
    }
    return {};
}

Source load_source(const fs::path& folder) {
    if (!fs::is_directory(folder))
        throw FileError("not a folder of results", folder.string(), "name folders that alkali train or alkali properties wrote");
    Source source;
    source.folder = folder;
    source.name = normal(folder).filename().string();
    if (fs::exists(folder / "records.json")) source.records = records::Records::load(folder / "records.json");
    source.evaluations = load_evaluations(folder);
    if (fs::exists(folder / "metrics.csv")) source.metrics = read_csv(folder / "metrics.csv");
    if (source.records.all().empty() && source.evaluations.empty() && !source.metrics)
        throw FileError("nothing to report: neither records.json nor metrics.csv nor an evaluation", folder.string(),
                        "run alkali properties CALC -o " + folder.string() + " first");
    return source;
}

std::vector<Source> load_sources(const std::vector<fs::path>& folders) {
    std::vector<Source> sources;
    for (const auto& folder : folders) {
        const auto members = fs::is_directory(folder) && !has_results(folder) ? members_of(folder) : std::vector<fs::path>{};
        for (const auto& member : members) {
            sources.push_back(load_source(member));
            sources.back().name = normal(folder).filename().string() + "/" + sources.back().name;
        }
        if (members.empty()) sources.push_back(load_source(folder));
    }
    std::vector<std::string> names;
    for (const auto& source : sources) names.push_back(source.name);
    for (std::size_t i = 0; i < sources.size(); ++i)
        if (std::count(names.begin(), names.end(), names[i]) > 1)
            sources[i].name = (normal(sources[i].folder).parent_path().filename() / names[i]).string();
    return sources;
}

}  // namespace alkali::report
