#include "alkali/report/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <system_error>

#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/report/summary.hpp"
#include "command.hpp"
#include "output.hpp"
#include "version.hpp"

namespace alkali::app {

namespace {

struct ReportArguments {
    std::vector<std::filesystem::path> folders;
    std::filesystem::path output = "report.html";
    std::string title;
    std::vector<std::string> summary;
};

/// What may be read of a folder of results, or of a committee's members in it.
std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    for (std::filesystem::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) {
        const auto& path = at->path();
        if (path.extension() == ".json" || path.filename() == "metrics.csv") files.push_back(path);
        if (std::error_code unknown; path.filename().string().starts_with("member_") && std::filesystem::is_directory(path, unknown))
            std::ranges::copy(files_of(path), std::back_inserter(files));
    }
    return files;
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ReportArguments>();
    auto* command = app.add_subcommand("report", "Writes one offline HTML page about folders of results");
    command->add_option("folders", arguments->folders, "Folders that train, properties or evaluate --json wrote into; one column each")
        ->required()
        ->type_name("DIR...")
        ->each([&paths = context.paths](const std::string& folder) { paths.reads_folder(folder, [folder] { return files_of(folder); }); });
    context.paths.writes(command->add_option("-o,--output", arguments->output, "The page")->capture_default_str()->type_name("FILE"));
    command->add_option("--title", arguments->title, "Its heading; otherwise what the results are about")->type_name("TEXT");
    command->add_option("--summary", arguments->summary, "Also print a table of these records, such as a0,C11")
        ->delimiter(',')
        ->type_name("NAMES");
    command->footer(
        "Examples:\n"
        "  alkali report out/nequip out/snap -o report.html\n"
        "  alkali report out/nequip --summary a0,bulk_modulus,C11\n"
        "In each folder are read: records.json, metrics.csv, and every JSON file that evaluate --json wrote.");
    command->callback([arguments, &context] {
        report::Options options;
        options.title = arguments->title;
        options.version = version;
        options.date = base::utc_date();
        base::write_file(arguments->output, report::render(arguments->folders, options));
        if (!arguments->summary.empty()) print_out("{}\n", report::summary(arguments->folders, arguments->summary));
        context.log.debug("report of " + std::to_string(arguments->folders.size()) + " folders written");
        print_out("{}\n", arguments->output.string());
    });
}

}  // namespace alkali::app
