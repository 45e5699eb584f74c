#include "alkali/models/uncertainty/calibration.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <memory>

#include "alkali/base/path_pattern.hpp"
#include "alkali/base/process.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/models/common/model_file.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "output.hpp"
#include "read_options.hpp"
#include "version.hpp"

namespace alkali::app {
namespace {

struct CalibrateArguments {
    std::filesystem::path model, output;
    std::vector<std::filesystem::path> data;
    std::vector<std::string> committee;
    io::ReadOptions read;
    int threads = 0;
};

void run_calibrate(const CalibrateArguments& arguments, Context& context) {
    if (arguments.threads > 0) omp_set_num_threads(arguments.threads);
    const auto kinds = models::model_kinds();
    const auto loaded = models::load_model(base::matching_path(arguments.model), kinds);
    dataset::LoadOptions load;
    load.read = arguments.read;
    load.missing = dataset::Missing::mask;
    load.needs = {false, true, false};
    const auto set = dataset::load(arguments.data, load, context.log);
    std::unique_ptr<calculator::Calculator> committee;
    if (!arguments.committee.empty())
        committee = context.calculators.open(committee_text(arguments.committee), {"", arguments.threads}, context.log);
    const auto calibration = models::calibrate_forces(*loaded.model, committee.get(), set.frames, context.progress);

    auto provenance = loaded.provenance;
    provenance["calibration"] = {{"data", set.sources},
                                 {"data_hash", dataset::content_hash(set.frames)},
                                 {"committee", committee ? committee->name() : ""},
                                 {"rank_correlation", calibration.check.rank_correlation},
                                 {"coverage_90", calibration.check.coverage_90},
                                 {"version", version},
                                 {"date", base::utc_date()}};
    models::save_model(arguments.output, *loaded.model, kinds, provenance, calibration.uncertainty);
    print_out("force components                         {}\n", calibration.check.components);
    print_out("rank correlation with {:<18} {:.3f}\n", committee ? "the committee" : "sizes of errors", calibration.check.rank_correlation);
    print_out("errors within intervals of 90 %          {:.1f} %\n", 100 * calibration.check.coverage_90);
    print_out("both on frames that took no part (two halves in turn)\n{}\n", arguments.output.string());
}

}  // namespace

void add_calibrate(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<CalibrateArguments>();
    auto* command = app.add_subcommand("calibrate", "Teaches one model what errors to expect of its forces");
    auto& paths = context.paths;
    paths.reads(command->add_option("model", arguments->model, "Model file")->required()->type_name("MODEL"));
    paths.reads_frames(command->add_option("data", arguments->data, "Labelled frames that the model was not trained on")
                           ->required()
                           ->type_name("DATA..."));
    paths.writes(command->add_option("-o,--output", arguments->output, "The same model with its uncertainty")
                     ->required()
                     ->type_name("MODEL.safetensors"));
    paths.reads_calculator(add_committee_option(*command, arguments->committee,
                                                "Models whose deviations tell which forces are uncertain; default: the errors do"));
    add_label_options(*command, arguments->read);
    add_threads_option(*command, arguments->threads);
    command->footer(
        "The new file gives `force_std` in predict and coverage in evaluate, for a few per cent of the model's time.\n"
        "Examples:\n"
        "  alkali calibrate out/member_1/best.safetensors validation.extxyz -o out/calibrated.safetensors \\\n"
        "      --committee out/member_1/best.safetensors,out/member_2/best.safetensors,out/member_3/best.safetensors\n"
        "  alkali evaluate out/calibrated.safetensors test.extxyz");
    command->callback([arguments, &context] { run_calibrate(*arguments, context); });
}

}  // namespace alkali::app
