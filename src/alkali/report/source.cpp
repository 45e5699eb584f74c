#include "alkali/report/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>
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

/// Other programs may leave other JSON files here: these are not ours to judge, but a result that is left out is told of.
bool has_shape_of_records(const nlohmann::json& json) {
    if (!json.is_object() || !json.contains("schema") || json["schema"] != 1 || !json.contains("records") || !json["records"].is_object())
        return false;
    const auto& records = json["records"];
    return records.empty() || std::any_of(records.begin(), records.end(), [](const nlohmann::json& entry) {
               return entry.is_object() && entry.contains("value") && entry.contains("unit");
           });
}

std::vector<Evaluation> load_evaluations(const fs::path& folder, base::LogSink& log) {
    std::vector<Evaluation> found;
    for (const auto& entry : fs::directory_iterator(folder)) {
        const auto& path = entry.path();
        if (!entry.is_regular_file() || path.extension() != ".json" || path.filename() == "records.json") continue;
        const std::string text = base::read_file(path);
        nlohmann::json json;
        try {
            json = config::parse_json(text, path.string());
        } catch (const FileError& error) {
            log.warning(fmt::format("{}; the file is left out", error.what()));
            continue;
        }
        if (has_shape_of_records(json))
            found.push_back({path.stem().string(), records::Records::from_json(json, path.string()), path});
        else if (json.is_object() && json.contains("records"))
            log.warning(path.string() + ": holds no results as `alkali evaluate --json` of this version writes them, and is left out");
    }
    std::sort(found.begin(), found.end(), [](const Evaluation& a, const Evaluation& b) { return a.name < b.name; });
    return found;
}

fs::path normal(const fs::path& folder) {
    auto path = fs::absolute(folder).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
}

std::optional<Table> load_metrics(const fs::path& folder) {
    if (!fs::exists(folder / "metrics.csv")) return std::nullopt;
    auto table = read_csv(folder / "metrics.csv");
    return table.rows() > 0 ? std::optional(std::move(table)) : std::nullopt;
}

bool has_results(const fs::path& folder) {
    base::NullSink told_later;
    return fs::exists(folder / "records.json") || load_metrics(folder) || !load_evaluations(folder, told_later).empty();
}

/// The number behind "member_"; nothing for other names.
std::optional<long> member_number(const fs::path& folder) {
    const auto name = folder.filename().string();
    constexpr std::string_view prefix = "member_";
    long number = 0;
    if (!name.starts_with(prefix)) return std::nullopt;
    const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    return error == std::errc() && end == name.data() + name.size() && number > 0 ? std::optional(number) : std::nullopt;
}

/// Those with something to report.
std::vector<fs::path> reported_members(const fs::path& folder, base::LogSink& log) {
    std::vector<fs::path> members;
    for (auto& path : member_folders(folder)) {
        if (has_results(path))
            members.push_back(std::move(path));
        else
            log.warning(path.string() + ": has nothing to report and is left out");
    }
    return members;
}

/// The last `levels` words of a path.
std::string last_words(const fs::path& path, std::size_t levels) {
    std::vector<std::string> words;
    for (const auto& word : path.relative_path()) words.push_back(word.string());
    std::string text;
    for (std::size_t k = words.size() - std::min(levels, words.size()); k < words.size(); ++k) text += (text.empty() ? "" : "/") + words[k];
    return text;
}

/// Names that several sources share get as many words of their paths as tell them apart; those of the same folder numbers.
void make_distinct(std::vector<Source>& sources) {
    const auto clashing = [&] {
        std::map<std::string, std::vector<Source*>> by_name;
        for (auto& source : sources) by_name[source.name].push_back(&source);
        std::erase_if(by_name, [](const auto& entry) { return entry.second.size() < 2; });
        return by_name;
    };
    const auto words_of = [](const std::string& name) { return static_cast<std::size_t>(std::count(name.begin(), name.end(), '/')) + 1; };
    for (const auto& [name, same] : clashing()) {
        std::set<std::string> folders, names;
        for (const auto* source : same) folders.insert(normal(source->folder).string());
        for (std::size_t levels = words_of(name) + 1; names.size() < folders.size() && levels <= 1000; ++levels) {
            names.clear();
            for (auto* source : same) names.insert(source->name = last_words(normal(source->folder), levels));
        }
    }
    for (const auto& [name, same] : clashing())
        for (std::size_t k = 1; k < same.size(); ++k) same[k]->name += fmt::format(" ({})", k + 1);
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

std::string text_of(const nlohmann::json& settings, const char* key) {
    return settings.is_object() && settings.contains(key) && settings[key].is_string() ? settings[key].get<std::string>() : std::string{};
}

std::string crystal_of(const Source& source) {
    for (const auto& [name, record] : source.records.all()) {
        const auto species = text_of(record.settings, "species"), structure = text_of(record.settings, "structure");
        if (!species.empty() && !structure.empty()) return structure + " " + species;
    }
    return {};
}

std::vector<fs::path> member_folders(const fs::path& folder) {
    std::vector<std::pair<long, fs::path>> numbered;
    std::error_code failure;
    for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
        std::error_code unknown;
        if (const auto number = member_number(at->path()); number && fs::is_directory(at->path(), unknown))
            numbered.emplace_back(*number, at->path());
    }
    std::sort(numbered.begin(), numbered.end());
    std::vector<fs::path> folders;
    folders.reserve(numbered.size());
    for (auto& [number, path] : numbered) folders.push_back(std::move(path));
    return folders;
}

Source load_source(const fs::path& folder, base::LogSink& log) {
    if (!fs::is_directory(folder))
        throw FileError("not a folder of results", folder.string(), "name folders that alkali train or alkali properties wrote");
    Source source;
    source.folder = folder;
    source.name = normal(folder).filename().string();
    if (fs::exists(folder / "records.json")) source.records = records::Records::load(folder / "records.json");
    source.evaluations = load_evaluations(folder, log);
    source.metrics = load_metrics(folder);
    if (source.records.all().empty() && source.evaluations.empty() && !source.metrics)
        throw FileError("nothing to report: neither records.json nor a metrics.csv with rows nor an evaluation", folder.string(),
                        "run alkali properties CALC -o " + folder.string() + " first");
    return source;
}

std::vector<Source> load_sources(const std::vector<fs::path>& folders, base::LogSink& log) {
    std::vector<Source> sources;
    for (const auto& folder : folders) {
        const auto members = fs::is_directory(folder) && !has_results(folder) ? reported_members(folder, log) : std::vector<fs::path>{};
        for (const auto& member : members) {
            sources.push_back(load_source(member, log));
            sources.back().name = normal(folder).filename().string() + "/" + sources.back().name;
        }
        if (members.empty()) sources.push_back(load_source(folder, log));
    }
    make_distinct(sources);
    return sources;
}

}  // namespace alkali::report
