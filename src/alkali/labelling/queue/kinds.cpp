#include "alkali/labelling/queue/kinds.hpp"

#include <algorithm>

#include "alkali/labelling/queue/local.hpp"
#include "alkali/labelling/queue/slurm.hpp"

namespace alkali::labelling {
namespace {

using config::Options;
using nlohmann::json;

Options common_options() {
    Options o;
    o.integer("jobs", "labels computed at a time").fallback(1).at_least(1).at_most(10000);
    o.integer("processes", "MPI processes of each; not given: run.processes of the labeller").at_least(1).at_most(100000);
    o.number("time", "limit of one label, all attempts together; 0: none; not given: run.max_seconds of the labeller")
        .unit("s")
        .at_least(0)
        .at_most(1e9);
    o.number("memory", "limit of one label, all processes together; 0: none; not given: run.max_gb of the labeller")
        .unit("MB")
        .at_least(0)
        .at_most(1e9);
    o.integer("tries", "of a label whose calculation was killed, found the disk full or lost its output")
        .fallback(2)
        .at_least(1)
        .at_most(1000);
    return o;
}

Options slurm_options() {
    Options o = common_options();
    o.text("partition", "of Slurm; not given: its default");
    o.texts("extra", "further arguments of sbatch, such as --account=me").fallback(json::array());
    o.integer("array", "largest array of jobs (MaxArraySize - 1)").fallback(1000).at_least(1).at_most(10000000);
    o.number("poll", "time between looks at Slurm").unit("s").fallback(10.0).above(0).at_most(86400);
    return o;
}

std::unique_ptr<Queue> make_local(const json& values, const QueueContext& context) {
    LocalSettings settings;
    settings.jobs = values.at("jobs");
    settings.tries = values.at("tries");
    settings.limits = limits_from(values, context.labeller);
    settings.scratch = context.scratch;
    return std::make_unique<LocalQueue>(context.labeller, context.store, std::move(settings));
}

std::unique_ptr<Queue> make_slurm(const json& values, const QueueContext& context) {
    SlurmSettings settings;
    settings.request.at_a_time = values.at("jobs");
    settings.request.partition = values.at("partition").is_null() ? "" : values.at("partition");
    settings.request.limits = limits_from(values, context.labeller);
    settings.request.extra = values.at("extra").get<std::vector<std::string>>();
    settings.request.clusters = slurm::clusters_of(settings.request.extra);
    settings.task = context.task_command;
    settings.folder = std::filesystem::absolute(context.store.path()).string() + ".jobs";
    settings.tries = values.at("tries");
    settings.array = values.at("array");
    settings.poll = values.at("poll");
    return std::make_unique<SlurmQueue>(context.store, std::move(settings));
}

}  // namespace

Limits limits_from(const json& values, const Labeller& labeller) {
    const auto usual = labeller.usual_workplace();
    Limits limits{usual.processes, usual.max_seconds, usual.max_bytes};
    if (!values.at("processes").is_null()) limits.processes = values.at("processes");
    if (!values.at("time").is_null()) limits.max_seconds = values.at("time");
    if (!values.at("memory").is_null()) limits.max_bytes = static_cast<std::int64_t>(values.at("memory").get<double>() * 1e6);
    return limits;
}

const std::vector<QueueKind>& queue_kinds() {
    static const std::vector<QueueKind> kinds{{"local", common_options(), Sharing::one_machine, make_local},
                                              {"slurm", slurm_options(), Sharing::several_machines, make_slurm}};
    return kinds;
}

const QueueKind& queue_kind(const std::string& name) {
    const auto& kinds = queue_kinds();
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const QueueKind& kind) { return kind.name == name; });
    if (found == kinds.end()) throw InputError("unknown kind of queue '" + name + "'");
    return *found;
}

}  // namespace alkali::labelling
