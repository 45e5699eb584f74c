#include "alkali/labelling/quantum_espresso/calculator.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "alkali/base/process.hpp"
#include "alkali/calculator/finite.hpp"
#include "alkali/labelling/quantum_espresso/labeller.hpp"
#include "alkali/labelling/quantum_espresso/unheeded.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling::qe {
namespace {

namespace fs = std::filesystem;

/// "series-HOST-" of this machine; scratch folders may be shared by several.
std::string series_prefix() { return fmt::format("series-{}-", base::host_name()); }

/// Removes what calculators of this user and machine left behind whose processes were killed: it may be memory.
void sweep(const fs::path& root, const std::string& prefix) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(root, ignored)) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with(prefix) || !base::is_own_folder(entry.path())) continue;
        const auto pid = static_cast<pid_t>(std::atol(name.c_str() + prefix.size()));
        if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), ignored);
    }
}

std::string series_name(const fs::path& root) {
    const auto prefix = series_prefix();
    sweep(base::safe_folder(root), prefix);
    return fmt::format("{}{}-", prefix, ::getpid());
}

}  // namespace

QuantumEspressoCalculator::QuantumEspressoCalculator(Settings settings, std::string name, base::LogSink& log)
    : settings_(std::move(settings)),
      name_(std::move(name)),
      log_(log),
      pseudopotentials_(settings_),
      folder_(settings_.run.scratch, series_name(settings_.run.scratch)),
      version_(program_version(settings_.run, folder_.path())) {
    const auto given = pseudopotentials_.among(pseudopotentials_.species(), Pseudopotentials::Origin::file);
    for (const auto& text : doubts_of_cutoffs(settings_.physics, pseudopotentials_, given)) log_.warning(name_ + ": " + text);
}

std::vector<int> QuantumEspressoCalculator::species() const {
    std::vector<int> out;
    for (const auto& [z, file] : settings_.physics.pseudopotentials) out.push_back(z);
    return out;
}

void QuantumEspressoCalculator::fix_sampling(const structure::Structure& reference) {
    check_structure(reference, settings_.physics);
    held_.emplace(reference, settings_.physics);
}

void QuantumEspressoCalculator::heed(const structure::Frame& frame) {
    asked_mesh_ = asked_mesh(frame, settings_.physics.level);
    for (const auto& text : unheeded(frame, settings_.physics))
        if (unheeded_.add(frame.where(), text)) log_.warning(frame.where() + ": " + text);
}

Job QuantumEspressoCalculator::job_for(const structure::Structure& structure) const {
    Job job = first_job(structure, settings_);
    if (held_) {
        const auto sampling = held_->sampling(structure);
        job.mesh = sampling.mesh;
        job.dense = sampling.dense;
        job.smooth = sampling.smooth;
    }
    if (asked_mesh_) job.mesh = *asked_mesh_;
    const bool continues = last_ && last_structure_.numbers == structure.numbers && last_->job.mesh == job.mesh &&
                           last_->job.dense == job.dense && last_->job.disk_io == "low";
    if (continues) {
        job.start = Start::files;
        job.bands = last_->job.bands;
    }
    return job;
}

calculator::Result QuantumEspressoCalculator::compute(const structure::Structure& structure, const calculator::Request&) {
    check_structure(structure, settings_.physics);
    Job job = job_for(structure);
    last_.reset();  // its files are overwritten, whatever comes of this
    last_ = solve(structure, settings_, pseudopotentials_, std::move(job),
                  {folder_.path(), settings_.run.processes, settings_.run.max_seconds, settings_.run.max_bytes, nullptr});
    last_structure_ = structure;
    for (const auto& warning : last_->output.warnings)
        if (told_.insert(warning).second) log_.warning(name_ + ": " + warning);
    calculator::Result result;
    result.energy = last_->output.energy;
    result.forces = last_->output.forces;
    result.stress = last_->output.stress;
    calculator::require_finite(result, name_);
    return result;
}

void QuantumEspressoCalculator::describe(structure::Frame& frame) const {
    if (!last_) return;
    auto info = qe::describe(*last_, settings_.physics, pseudopotentials_, structure::species_of(last_structure_));
    // Written, it would be heeded as a wish of the frame wherever that is computed again.
    if (!asked_mesh_) info.erase("k_mesh");
    for (auto& [name, value] : info) frame.info[name] = std::move(value);
}

std::vector<std::pair<std::string, std::string>> QuantumEspressoCalculator::provenance() const {
    const auto& p = settings_.physics;
    std::vector<std::pair<std::string, std::string>> out{
        {"level", p.level},
        {"program", "PWSCF " + version_},
        {"ecutwfc_ry", fmt::format("{:g}", p.ecutwfc)},
        {"ecutrho_ry", fmt::format("{:g}", p.ecutrho)},
        {"smearing", p.smearing},
        {"degauss_ry", fmt::format("{:g}", p.degauss)},
        {"k_points", p.k_spacing > 0 ? fmt::format("spacing {:g} 1/angstrom, held along series", p.k_spacing)
                                     : fmt::format("{} {} {}", p.k_mesh[0], p.k_mesh[1], p.k_mesh[2])}};
    if (!p.input_dft.empty()) out.emplace_back("input_dft", p.input_dft);
    if (!p.vdw_corr.empty()) out.emplace_back("vdw_corr", p.vdw_corr);
    for (const auto& [z, file] : p.pseudopotentials)
        out.emplace_back(fmt::format("pseudopotential_{}", units::symbol(z)),
                         pseudopotentials_.name(z) + " " + pseudopotentials_.fingerprint(z));
    return out;
}

std::unique_ptr<calculator::Calculator> open_quantum_espresso(const std::string& config, int processes, base::LogSink& log) {
    auto settings = load_settings(config, log);
    if (processes > 0) settings.run.processes = processes;
    return std::make_unique<QuantumEspressoCalculator>(std::move(settings), "qe:" + config, log);
}

}  // namespace alkali::labelling::qe
