#include "alkali/report/report.hpp"

#include <fmt/format.h>

#include <memory>
#include <system_error>

#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/report/source.hpp"
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
    auto folders = report::member_folders(folder);
    folders.push_back(folder);
    std::vector<std::filesystem::path> files;
    for (const auto& each : folders) {
        std::error_code failure;
        for (std::filesystem::directory_iterator at(each, failure), end; !failure && at != end; at.increment(failure))
            if (at->path().extension() == ".json" || at->path().filename() == "metrics.csv") files.push_back(at->path());
    }
    return files;
}

}  // namespace

void add_report(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<ReportArguments>();
    auto* command = app.add_subcommand("report", "Writes one offline HTML page about folders of results");
    CommandPaths::named(
        command->add_option("folders", arguments->folders, "Folders that train, properties or evaluate --json wrote into; one column each"))
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
        const auto sources = report::load_sources(arguments->folders, context.log);
        base::write_file(arguments->output, report::render(sources, options));
        if (!arguments->summary.empty()) print_out("{}\n", report::summary(sources, arguments->summary, context.log));
        context.log.debug("report of " + std::to_string(arguments->folders.size()) + " folders written");
        print_out("{}\n", arguments->output.string());
    });
}

}  // namespace alkali::app
