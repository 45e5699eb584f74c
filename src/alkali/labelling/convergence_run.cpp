#include "alkali/labelling/convergence_run.hpp"

#include <fmt/format.h>

#include <optional>

#include "alkali/base/files.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/io/format.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/queue/kinds.hpp"
#include "alkali/labelling/queue/scratch.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling {
namespace {

namespace fs = std::filesystem;
using config::Kind;
using config::Options;

constexpr double milli = 1e-3, per_gpa = 1 / units::gpa_per_ev_per_angstrom3;

Options tolerance_options() {
    const ConvergenceTolerance usual;
    Options o;
    o.number("relative_energy", "of energy differences").unit("meV/atom").fallback(usual.relative_energy / milli).above(0);
    o.number("force", "of force components").unit("meV/angstrom").fallback(usual.force / milli).above(0);
    o.number("stress", "of stress components").unit("GPa").fallback(0.05).above(0);
    o.number("pressure", "of P + dE/dV").unit("GPa").fallback(0.05).above(0);
    return o;
}

/// Every number of any labeller's config, as a list of values.
Options vary_options(std::span<const LabellerKind> kinds) {
    Options o;
    for (const auto& kind : kinds) {
        const Options own = kind.options();
        for (const auto& option : own.all())
            if (option.data.kinds.front() == Kind::number && !o.find(option.data.key))
                o.numbers(option.data.key, option.data.help + "; from coarse to dense, the last is the yardstick").unit(option.data.unit);
    }
    return o;
}

/// The structures under study.
struct Study {
    std::vector<structure::Frame> frames;
    std::vector<structure::Structure> structures;
    std::vector<PressureTest> tests;
};

Study read_study(const ConvergenceSettings& settings, base::LogSink& log) {
    Study study;
    io::ReadOptions read;
    read.numbers = io::Numbers::any;  // labels of the input are not used
    for (const auto& input : settings.inputs) {
        const auto reader = dataset::open_frames(input, read, log);
        for (structure::Frame frame; reader->next(frame);) {
            const std::size_t at = study.frames.size();
            const double volume = frame.structure.cell.volume();
            const bool periodic = frame.structure.cell.fully_periodic() && settings.volume_step > 0;
            study.frames.push_back(frame);
            if (!periodic) continue;
            for (const double sign : {-1.0, 1.0}) {
                auto scaled = frame;
                scaled.structure = structure::with_volume(frame.structure, (1 + sign * settings.volume_step) * volume);
                study.frames.push_back(std::move(scaled));
            }
            study.tests.push_back({at + 1, at, at + 2});
        }
    }
    for (const auto& frame : study.frames) study.structures.push_back(frame.structure);
    return study;
}

/// The jobs of all frames with one labeller; the volumes of a pressure test share the mesh of the middle one.
std::vector<Job> jobs_of(const Study& study, const Labeller& labeller, bool own_meshes) {
    auto frames = study.frames;
    if (!own_meshes)
        for (auto& frame : frames) frame.info.erase("k_mesh");
    for (const auto& test : study.tests) {
        const auto middle = labeller.settings(frames[test.at]);
        if (!middle.contains("k_mesh")) continue;
        std::string mesh;
        for (const auto& n : middle.at("k_mesh")) mesh += (mesh.empty() ? "" : " ") + config::json_text(n);
        for (const auto s : {test.below, test.at, test.above}) {
            frames[s].info["k_mesh"] = mesh;
            frames[s].info.erase("level");  // the mesh is asked for, whatever labels the frame has
        }
    }
    std::vector<Job> jobs;
    for (const auto& frame : frames) {
        Job job{{}, {labeller.settings(frame), frame.structure}, 1};
        job.key = label_key(job.subject.settings, frame.structure);
        job.cost = labeller.cost(job.subject);
        jobs.push_back(std::move(job));
    }
    return jobs;
}

void tell_unheeded(const Study& study, const Labeller& labeller, base::LogSink& log) {
    for (const auto& text : labeller.doubts()) log.warning(text);
    base::Repeats unheeded;
    for (const auto& frame : study.frames)
        for (const auto& text : labeller.unheeded(frame)) unheeded.add(frame.where(), text);
    unheeded.tell(log);
}

/// Counts labels; remembers the first failure.
class Follow final : public Watch {
public:
    Follow(base::LogSink& log, base::ProgressSink& sink, double total) : log_(log), sink_(sink), total_(total) {}
    void labelled(const Job& job) override { add(job.cost); }
    void failed(const Job&, const Failure& failure) override {
        if (!failure_) failure_ = failure;
        no_more_ = true;
    }
    void note(const std::string& text) override { log_.info(text); }
    void add(double cost) {
        done_ += cost;
        sink_.update({"converge", done_, total_, detail_});
    }
    void begin(std::string detail) {
        detail_ = std::move(detail);
        add(0);
    }
    [[nodiscard]] const std::atomic<bool>& no_more() const { return no_more_; }
    void judge(const std::string& where) const {
        if (failure_) throw LabelError(failure_->fault, failure_->attempts, failure_->what, where, failure_->hint);
    }

private:
    base::LogSink& log_;
    base::ProgressSink& sink_;
    double done_ = 0, total_;
    std::string detail_;
    std::optional<Failure> failure_;
    std::atomic<bool> no_more_{false};
};

/// One value of one setting.
struct Plan {
    std::string name;
    double value = 0;
    std::unique_ptr<Labeller> labeller;
    std::vector<Job> jobs;
};

std::vector<Plan> plans_of(const ConvergenceSettings& settings, const ConvergenceSettings::Variation& vary, const Study& study,
                           base::LogSink& log) {
    std::vector<Plan> plans;
    for (const double value : vary.values) {
        auto varied = settings.labeller;
        varied.config.values[vary.parameter] = value;
        if (vary.parameter == "k_spacing") varied.config.values["k_mesh"] = nullptr;
        Plan plan{fmt::format("{} = {:g} {}", vary.parameter, value, vary.unit), value, varied.open(log), {}};
        plan.jobs = jobs_of(study, *plan.labeller, vary.parameter != "k_spacing");
        plans.push_back(std::move(plan));
    }
    return plans;
}

}  // namespace

Options convergence_options(std::span<const LabellerKind> kinds, bool in_file) {
    Options o;
    add_labeller(o, kinds, in_file);
    o.text("input", "file or folder of structures, or a list of them").or_kind(Kind::texts).required();
    o.text("store", "SQLite file that keeps every label; several runs may share it").required();
    o.block("vary", "values of the labeller's settings, one setting varied at a time", vary_options(kinds));
    o.number("volume_step", "of the test P = -dE/dV, in units of the volume; 0: no test").fallback(0.01).at_least(0).at_most(0.1);
    o.block("tolerance", "what is accepted", tolerance_options());
    o.block("queue", "calculations on this machine", queue_kind("local").options);
    o.text("scratch", "folder for temporary files; not given: that of the labeller, /dev/shm, or the system's");
    return o;
}

ConvergenceSettings load_convergence(const fs::path& path, std::span<const LabellerKind> kinds, base::LogSink& log) {
    auto document = config::parse_tree(base::read_file(path), path.string());
    const bool in_file = labeller_in_file(document);
    const auto config = config::check(std::move(document), convergence_options(kinds, in_file), path.string(), log);
    const auto& v = config.values;
    ConvergenceSettings settings{v, config.source, labeller_config(config, path, kinds, log), {}, {}, {}, {}, 0, {}};
    settings.inputs = paths_of(v.at("input"));
    settings.store = v.at("store").get<std::string>();
    if (settings.store.empty()) throw InputError("'store' names no file", config.where("store"), "store: labels.sqlite");
    if (!v.at("scratch").is_null()) settings.scratch = v.at("scratch").get<std::string>();
    settings.volume_step = v.at("volume_step");
    const auto& t = v.at("tolerance");
    settings.tolerance = {milli * t.at("relative_energy").get<double>(), milli * t.at("force").get<double>(),
                          per_gpa * t.at("stress").get<double>(), per_gpa * t.at("pressure").get<double>()};
    const auto own = settings.labeller.kind.options();
    for (const auto& [parameter, values] : v.at("vary").items()) {
        if (values.is_null()) continue;
        const auto* option = own.find(parameter);
        if (!option) throw InputError("the labeller has no setting '" + parameter + "'", config.where("vary." + parameter));
        if (values.size() < 2)
            throw InputError("'" + parameter + "' needs two values at least", config.where("vary." + parameter), "from coarse to dense");
        settings.vary.push_back({parameter, option->data.unit, values.get<std::vector<double>>()});
    }
    if (settings.vary.empty()) throw InputError("nothing is varied", config.source, "vary: {ecutwfc: [20, 30, 60]}");
    return settings;
}

std::vector<ConvergenceSeries> run_convergence(const ConvergenceSettings& settings, const std::atomic<bool>& stop, base::LogSink& log,
                                               base::ProgressSink& progress) {
    const auto study = read_study(settings, log);
    if (study.frames.empty()) throw InputError("there are no structures", settings.source);
    const auto& kind = queue_kind("local");
    Store store(settings.store, kind.sharing);
    std::vector<std::vector<Plan>> plans;
    double total = 0;
    for (const auto& vary : settings.vary) plans.push_back(plans_of(settings, vary, study, log));
    tell_unheeded(study, *plans.front().back().labeller, log);
    for (const auto& series : plans)
        for (const auto& plan : series)
            for (const auto& job : plan.jobs) total += job.cost;
    Follow follow(log, progress, total);
    std::vector<ConvergenceSeries> result;
    for (std::size_t k = 0; k < plans.size(); ++k) {
        std::vector<ConvergencePoint> points;
        for (const auto& plan : plans[k]) {
            follow.begin(plan.name);
            std::vector<Job> missing;
            for (const auto& job : plan.jobs)
                if (store.has(job.key)) {
                    follow.add(job.cost);
                } else {
                    if (const auto damaged = store.failure(job.key); damaged && damaged->count == 0)
                        log.warning(damaged->what + "; it is computed again");
                    missing.push_back(job);
                }
            const auto queue = kind.make(settings.values.at("queue"),
                                         {*plan.labeller, store, scratch_root(settings.scratch, *plan.labeller, settings.store), {}});
            queue->run(missing, follow, {&stop, &follow.no_more()});
            follow.judge(plan.name);
            if (stop) throw Error("interrupted", settings.source, "run the same command again to go on");
            ConvergencePoint point{plan.value, {}};
            for (const auto& job : plan.jobs) point.labels.push_back(store.find(job.key).value().label);
            points.push_back(std::move(point));
        }
        result.push_back(convergence_series(settings.vary[k].parameter, settings.vary[k].unit, points, study.structures, study.tests,
                                            settings.tolerance));
    }
    store.require_in_place();
    return result;
}

}  // namespace alkali::labelling
