#include "alkali/labelling/quantum_espresso/labeller.hpp"

#include <fmt/format.h>

#include "alkali/base/files.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/quantum_espresso/run.hpp"
#include "alkali/labelling/quantum_espresso/unheeded.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling::qe {
namespace {

// Says of what the calculations in a scratch folder are, so that a later call may take up what an interrupted one had finished.
constexpr const char* marker = "label-key";

bool is_marked(const std::filesystem::path& scratch, const std::string& key) {
    const auto file = scratch / marker;
    return base::is_own_folder(scratch) && base::is_own_file(file) && base::read_file(file) == key;
}

/// Whatever else is in the folder goes. Errors: FileError, also for a full disk.
void mark(const std::filesystem::path& scratch, const std::string& key) {
    base::empty_folder(base::private_folder(scratch));
    base::write_file(scratch / marker, key);
}

Mesh mesh_of(const Subject& subject) { return subject.settings.at("k_mesh").get<Mesh>(); }

std::string words(const Mesh& mesh) { return fmt::format("{} {} {}", mesh[0], mesh[1], mesh[2]); }

}  // namespace

std::map<std::string, std::string> describe(const Solution& solution, const Physics& physics, const Pseudopotentials& pseudopotentials,
                                            const std::vector<int>& species) {
    const auto& out = solution.output;
    std::map<std::string, std::string> info{{"level", physics.level},
                                            {"program", "PWSCF " + out.version},
                                            {"functional", out.functional},
                                            {"dispersion", out.dispersion.empty() ? "none" : out.dispersion},
                                            {"ecutwfc_ry", fmt::format("{:g}", physics.ecutwfc)},
                                            {"ecutrho_ry", fmt::format("{:g}", physics.ecutrho)},
                                            {"smearing", physics.smearing},
                                            {"degauss_ry", fmt::format("{:g}", physics.degauss)},
                                            {"k_mesh", words(solution.job.mesh)},
                                            {"k_points", fmt::format("{}", out.k_points)},
                                            {"fft_grid", words(out.dense)},
                                            {"scf_iterations", fmt::format("{}", out.iterations)},
                                            {"scf_accuracy_ry", fmt::format("{:.1e}", out.accuracy)},
                                            {"seconds", fmt::format("{:.2f}", solution.seconds)}};
    for (const int z : species) {
        auto& words = info[fmt::format("pseudopotential_{}", units::symbol(z))];
        words = pseudopotentials.name(z) + " " + pseudopotentials.fingerprint(z).substr(0, 20);
        if (const auto release = pseudopotentials.generator(z); !release.empty()) words += " by ld1.x " + release;
    }
    std::string ladder;
    for (const auto& attempt : solution.attempts)
        if (!attempt.change.empty()) ladder += (ladder.empty() ? "" : "; ") + attempt.change;
    if (!ladder.empty()) info["ladder"] = ladder;
    return info;
}

QuantumEspressoLabeller::QuantumEspressoLabeller(Settings settings) : settings_(std::move(settings)), pseudopotentials_(settings_) {}

nlohmann::json QuantumEspressoLabeller::settings(const structure::Frame& frame) const {
    check_structure(frame.structure, settings_.physics);
    const auto asked = asked_mesh(frame, settings_.physics.level);
    return settings(frame.structure, asked ? *asked : k_mesh(frame.structure, settings_.physics));
}

bool QuantumEspressoLabeller::keeps(const Subject& subject) const {
    return settings(subject.structure, mesh_of(subject)) == subject.settings;
}

nlohmann::json QuantumEspressoLabeller::settings(const structure::Structure& structure, const Mesh& mesh) const {
    const auto& p = settings_.physics;
    nlohmann::json pseudopotentials = nlohmann::json::object(), magnetization = nlohmann::json::object();
    for (const int z : structure::species_of(structure)) {
        const std::string symbol(units::symbol(z));
        pseudopotentials[symbol] = pseudopotentials_.fingerprint(z);
        if (p.nspin == 2 && p.starting_magnetization.contains(z)) magnetization[symbol] = p.starting_magnetization.at(z);
    }
    nlohmann::json out = {{"program", "pw.x"},
                          {"level", p.level},
                          {"ecutwfc", p.ecutwfc},
                          {"ecutrho", p.ecutrho},
                          {"smearing", p.smearing},
                          {"degauss", p.degauss},
                          {"conv_thr", p.conv_thr},
                          {"nspin", p.nspin},
                          {"tot_charge", p.tot_charge},
                          {"symmetry", p.symmetry},
                          {"input_dft", p.input_dft},
                          {"vdw_corr", p.vdw_corr},
                          {"k_mesh", mesh},
                          {"pseudopotentials", pseudopotentials}};
    if (!magnetization.empty()) out["starting_magnetization"] = magnetization;
    return out;
}

Label QuantumEspressoLabeller::label(const Subject& subject, const Workplace& workplace) const {
    const auto& structure = subject.structure;
    const auto key = label_key(subject.settings, structure);
    Job job = first_job(structure, settings_);
    job.mesh = mesh_of(subject);
    auto finished = is_marked(workplace.scratch, key) ? finished_before(structure, settings_.physics, job, workplace) : std::nullopt;
    if (!finished) mark(workplace.scratch, key);
    const auto solution = finished ? std::move(*finished) : solve(structure, settings_, pseudopotentials_, job, workplace);
    Label label;
    label.labels.energy = solution.output.energy;
    label.labels.forces = solution.output.forces;
    label.labels.stress = solution.output.stress;
    label.info = describe(solution, settings_.physics, pseudopotentials_, structure::species_of(structure));
    label.warnings = solution.output.warnings;
    label.attempts = solution.attempts;
    label.seconds = solution.seconds;
    return label;
}

std::vector<std::string> QuantumEspressoLabeller::unheeded(const structure::Frame& frame) const {
    return qe::unheeded(frame, settings_.physics);
}

std::vector<std::string> QuantumEspressoLabeller::doubts() const {
    const auto given = pseudopotentials_.among(pseudopotentials_.species(), Pseudopotentials::Origin::file);
    return doubts_of_cutoffs(settings_.physics, pseudopotentials_, given);
}

Workplace QuantumEspressoLabeller::usual_workplace() const {
    const auto& run = settings_.run;
    return {run.scratch, run.processes, run.max_seconds, run.max_bytes, nullptr};
}

double QuantumEspressoLabeller::cost(const Subject& subject) const {
    const auto& structure = subject.structure;
    double electrons = 0;
    for (const int z : structure.numbers) {
        // A pseudopotential may still have to be generated; what it lacks shows when it is used.
        try {
            electrons += pseudopotentials_.header(z).z_valence;
        } catch (const Error&) {
            electrons += 1;
        }
    }
    return rough_cost(structure, settings_.physics, mesh_of(subject), electrons);
}

}  // namespace alkali::labelling::qe
