#include "alkali/labelling/queue/job_list.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/files.hpp"
#include "alkali/config/json.hpp"
#include "alkali/labelling/key.hpp"

namespace alkali::labelling {

using nlohmann::json;

void save(const JobList& list) {
    json jobs = json::array();
    for (const auto& each : list.jobs)
        jobs.push_back({{"key", each.job.key},
                        {"cost", each.job.cost},
                        {"failures", each.failures},
                        {"tries", each.tries},
                        {"settings", each.job.subject.settings},
                        {"structure", to_json(each.job.subject.structure)}});
    const json document{{"schema", 1}, {"name", list.name}, {"array", list.array}, {"jobs", jobs}};
    base::write_file(list.path, config::json_text(document) + "\n");
}

JobList load_job_list(const std::filesystem::path& path) {
    const auto where = path.string();
    try {
        const auto document = config::parse_json(base::read_file(path), where);
        if (document.at("schema") != 1) throw FileError("is a job list of another version of alkali", where, "use that version");
        JobList list{path, document.at("name"), document.at("array"), {}};
        for (const auto& each : document.at("jobs"))
            list.jobs.push_back({{each.at("key"), {each.at("settings"), structure_from_json(each.at("structure"), where)}, each.at("cost")},
                                 each.at("failures"),
                                 each.at("tries")});
        for (std::size_t i = 0; i < list.jobs.size(); ++i)
            if (const auto& job = list.jobs[i].job; label_key(job.subject.settings, job.subject.structure) != job.key)
                throw FileError(fmt::format("job {} of the list is damaged: its key is not that of its structure and settings", i), where,
                                "move the list away; what it was for is submitted again");
        return list;
    } catch (const json::exception& error) {
        throw FileError(std::string("is no job list: ") + error.what(), where, "move it away; what it was for is submitted again");
    }
}

std::vector<JobList> load_job_lists(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    if (std::filesystem::is_directory(folder))
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (entry.path().extension() == ".json") paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<JobList> lists;
    for (const auto& path : paths) lists.push_back(load_job_list(path));
    return lists;
}

}  // namespace alkali::labelling
