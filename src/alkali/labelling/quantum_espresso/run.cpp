#include "alkali/labelling/quantum_espresso/run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <numeric>
#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/base/file_ends.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/program_command.hpp"
#include "alkali/labelling/quantum_espresso/diagnose.hpp"
#include "alkali/labelling/quantum_espresso/functional.hpp"
#include "alkali/labelling/quantum_espresso/ladder.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling::qe {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_attempts = 8;
constexpr double shortest_attempt = 0.05;  // seconds; less than this left is out of time

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Outputs of pw.x have some 100 kB; what a launcher or a program gone wild writes may have any size.
constexpr std::size_t longest_text = 16'000'000, longest_errors = 2'000'000, longest_xml = 128'000'000;

base::FileEnds read_if_there(const fs::path& path, std::size_t most) {
    return base::is_own_file(path) ? base::read_ends(path, most) : base::FileEnds{};
}

struct Names {
    fs::path input, output, errors, crash, xml, saved;
    explicit Names(const fs::path& folder)
        : input(folder / "pw.in"),
          output(folder / "pw.out"),
          errors(folder / "pw.err"),
          crash(folder / "CRASH"),
          xml(folder / output_folder / (std::string(prefix) + ".xml")),
          saved(folder / output_folder / (std::string(prefix) + ".save")) {}
};

void link_pseudopotentials(const structure::Structure& structure, const Pseudopotentials& pseudopotentials, const fs::path& folder) {
    for (const int z : structure::species_of(structure)) {
        const auto link = folder / pseudopotential_name(z);
        const auto file = fs::absolute(pseudopotentials.file(z));
        std::error_code failure;
        fs::remove(link, failure);
        fs::create_symlink(file, link, failure);
        if (failure) fs::copy_file(file, link, fs::copy_options::overwrite_existing);
    }
}

/// XML that is too long for any run of pw.x is none.
std::string xml_of(const Names& names) {
    auto xml = read_if_there(names.xml, longest_xml);
    if (xml.bytes == 0) xml = read_if_there(names.saved / "data-file-schema.xml", longest_xml);
    return xml.whole ? std::move(xml.text) : std::string{};
}

/// What a run left: how it ended, its text and its XML. A reading of another level of theory than asked for is none.
Reading reading_of(const base::CommandOutcome& outcome, const Names& names, const structure::Structure& structure, const Physics& physics,
                   int& bands) {
    auto output = read_if_there(names.output, longest_text);
    const Remains remains{outcome, std::move(output.text), read_if_there(names.errors, longest_errors).text,
                          read_if_there(names.crash, longest_errors).text};
    bands = bands_of(remains.output);
    const auto diagnosis = diagnose(remains);
    if (diagnosis.fault != Fault::none) return {diagnosis.fault, diagnosis.detail, {}};
    if (!output.whole) return {Fault::unknown, fmt::format("its output has {} MB, more than pw.x writes", output.bytes / 1'000'000), {}};
    auto reading = read_output(remains.output, xml_of(names), structure);
    if (reading.fault != Fault::none) return reading;
    if (auto other = other_level(reading.output, physics); !other.empty()) return {Fault::wrong_input, std::move(other), {}};
    return reading;
}

/// One run of pw.x from its input to a reading.
class Run {
public:
    Run(const structure::Structure& structure, const Settings& settings, const Pseudopotentials& pseudopotentials,
        const Workplace& workplace)
        : structure_(structure),
          settings_(settings),
          pseudopotentials_(pseudopotentials),
          workplace_(workplace),
          names_(workplace.scratch) {}

    Reading attempt(const Job& job, int pools, double max_seconds) {
        bands_ = 0;
        try {
            prepare(job);
            return reading_of(base::run_command(command(pools, max_seconds)), names_, structure_, settings_.physics, bands_);
        } catch (const LabelError&) {
            throw;
        } catch (const base::UnsafeFolder&) {
            throw;
        } catch (const ExternalProgramError& error) {
            return {Fault::no_program, error.what(), {}};
        } catch (const FileError& error) {
            return {disk_is_full() ? Fault::disk_full : Fault::unknown, error.what(), {}};
        } catch (const fs::filesystem_error& error) {
            return {disk_is_full() ? Fault::disk_full : Fault::unknown, error.what(), {}};
        }
    }
    /// Of the last attempt, 0 if it did not get that far.
    [[nodiscard]] int bands() const { return bands_; }

private:
    void prepare(const Job& job) const {
        fs::create_directories(workplace_.scratch);
        if (job.start == Start::atoms) fs::remove_all(workplace_.scratch / output_folder);
        // What the last run left must not pass for the result of this one.
        for (const auto& old : {names_.output, names_.errors, names_.crash, names_.xml}) fs::remove(old);
        link_pseudopotentials(structure_, pseudopotentials_, workplace_.scratch);
        base::write_file(names_.input, write_input(structure_, settings_.physics, job));
    }

    [[nodiscard]] base::Command command(int pools, double max_seconds) const {
        const bool alone = workplace_.processes == 1;
        const auto launch = !settings_.run.default_launcher ? Launch::site : alone ? Launch::alone : Launch::mpirun;
        auto command = program_command(workplace_.scratch, launch);
        command.words = command_words(settings_.run, workplace_.processes, pools);
        command.output = names_.output;
        command.errors = names_.errors;
        command.max_seconds = max_seconds;
        command.max_bytes = workplace_.max_bytes;
        command.stop = workplace_.stop;
        return command;
    }

    [[nodiscard]] bool disk_is_full() const {
        std::error_code failure;
        const auto space = fs::space(workplace_.scratch, failure);
        return !failure && space.available < 1'000'000;
    }

    const structure::Structure& structure_;
    const Settings& settings_;
    const Pseudopotentials& pseudopotentials_;
    const Workplace& workplace_;
    Names names_;
    int bands_ = 0;
};

std::string hint_for(Fault fault) {
    switch (fault) {
        case Fault::not_converged: return "is the structure sound (distances, vacuum)? raise electron_maxstep, or lower mixing_beta";
        case Fault::overlap_matrix:
        case Fault::diagonalisation:
        case Fault::not_finite: return "are atoms very near to each other? look at the structure";
        case Fault::out_of_time:
            return "raise the limit (`time` of the queue, run.max_seconds where that is not given), or give it more processes";
        case Fault::out_of_memory:
            return "raise the limit (`memory` of the queue, run.max_gb where that is not given), or give it a larger machine; then run "
                   "it again";
        case Fault::killed: return "by whom? then run it again";
        case Fault::disk_full: return "make room, or name another folder in `scratch` or run.scratch; then run it again";
        case Fault::no_pseudopotential: return "look at 'pseudopotentials' of the config";
        case Fault::no_program: return "install it (Debian: quantum-espresso), or name it in run.program";
        case Fault::wrong_input: return "the message is that of pw.x about the input";
        default: return "run it again";
    }
}

void require_program(const std::string& text, const std::string& program) {
    if (version_of(text).empty() || text.find("Program PWSCF") == std::string::npos)
        throw ExternalProgramError("this is not pw.x of Quantum ESPRESSO", program, "name it in run.program of the config");
}

}  // namespace

void check_structure(const structure::Structure& structure, const Physics& physics) {
    if (structure.size() == 0) throw InputError("the structure has no atoms");
    for (int i = 0; i < 3; ++i)
        if (!(structure.cell.vector(i).norm() > 0))
            throw InputError(fmt::format("cell vector {} is zero", i + 1), "structure for Quantum ESPRESSO",
                             "plane waves need a cell with a volume: give open directions a vector with a vacuum");
    if (!(structure.cell.volume() > 1e-6)) throw InputError("the cell has no volume", "structure for Quantum ESPRESSO");
    for (const int z : structure.numbers)
        if (z < 1) throw InputError("an atom is of no known element", "structure for Quantum ESPRESSO");
    // pw.x repeats the cell in every direction, also in those that the structure leaves open.
    structure::Structure repeating = structure;
    repeating.cell = structure::Cell(structure.cell.vectors());
    structure::check(repeating, physics.min_distance);
}

std::vector<std::string> command_words(const RunSettings& run, int processes, int pools) {
    std::vector<std::string> words;
    if (!run.default_launcher) {
        for (auto word : run.launcher) {
            if (const auto at = word.find("{processes}"); at != std::string::npos) word.replace(at, 11, std::to_string(processes));
            words.push_back(word);
        }
    } else if (processes > 1) {
        words = run.launcher;
        if (::geteuid() == 0) words.emplace_back("--allow-run-as-root");
        // Several calculations share a machine: bound processes would all sit on the first cores.
        words.insert(words.end(), {"--bind-to", "none", "--oversubscribe", "-np", std::to_string(processes)});
    }
    words.push_back(run.program);
    if (pools > 1) words.insert(words.end(), {"-nk", std::to_string(pools)});
    words.insert(words.end(), {"-in", "pw.in"});
    return words;
}

int pools_for(const Physics& physics, const Mesh& mesh, int processes, int wanted) {
    if (wanted > 0) return std::gcd(wanted, processes);
    // At most 48 operations reduce the mesh, time reversal halves it; a pool without k-points is an error of pw.x.
    const double full = static_cast<double>(mesh[0]) * mesh[1] * mesh[2];
    const int surely = static_cast<int>(std::clamp(full / (physics.symmetry ? 48 : 2), 1.0, 1e6));
    for (int pools = processes; pools > 1; --pools)
        if (processes % pools == 0 && pools <= surely) return pools;
    return 1;
}

Job first_job(const structure::Structure& structure, const Settings& settings) {
    Job job;
    job.mesh = k_mesh(structure, settings.physics);
    job.electrons = settings.electrons;
    return job;
}

Solution solve(const structure::Structure& structure, const Settings& settings, const Pseudopotentials& pseudopotentials, Job job,
               const Workplace& workplace) {
    check_structure(structure, settings.physics);
    for (const int z : structure::species_of(structure)) static_cast<void>(pseudopotentials.name(z));
    const int pools = pools_for(settings.physics, job.mesh, workplace.processes, settings.run.pools);
    Ladder ladder(std::move(job), workplace.processes, pools);
    Run run(structure, settings, pseudopotentials, workplace);
    const auto start = Clock::now();
    Solution solution;
    for (std::optional<std::string> change = "";;) {
        const double left = workplace.max_seconds > 0 ? workplace.max_seconds - seconds_since(start) : 0;
        const bool late = workplace.max_seconds > 0 && left < shortest_attempt;
        const auto begin = Clock::now();
        auto reading = late ? Reading{Fault::out_of_time, "no time left", {}} : run.attempt(ladder.job(), ladder.pools(), left);
        solution.attempts.push_back({*change, reading.fault, reading.detail, seconds_since(begin)});
        solution.seconds = seconds_since(start);
        if (reading.fault == Fault::none) {
            solution.output = std::move(reading.output);
            // Those that are files were told of before anything ran.
            const auto made = pseudopotentials.among(structure::species_of(structure), Pseudopotentials::Origin::ld1);
            for (auto& text : doubts_of_cutoffs(settings.physics, pseudopotentials, made))
                solution.output.warnings.push_back(std::move(text));
            solution.job = ladder.job();
            return solution;
        }
        change = solution.attempts.size() < most_attempts ? ladder.climb(reading.fault, run.bands()) : std::nullopt;
        if (change) continue;
        const auto what = fmt::format("pw.x gave no labels after {} attempt{}: {} ({})", solution.attempts.size(),
                                      solution.attempts.size() == 1 ? "" : "s", to_string(reading.fault), reading.detail);
        throw LabelError(reading.fault, std::move(solution.attempts), what, structure::formula(structure), hint_for(reading.fault));
    }
}

std::optional<Solution> finished_before(const structure::Structure& structure, const Physics& physics, const Job& job,
                                        const Workplace& workplace) {
    const Names names(workplace.scratch);
    if (!base::is_own_file(names.output)) return std::nullopt;
    // How it ended is not known; its output must speak for itself.
    int bands = 0;
    auto reading = reading_of({}, names, structure, physics, bands);
    if (reading.fault != Fault::none) return std::nullopt;
    const double seconds = reading.output.wall_seconds;
    return Solution{std::move(reading.output), job, {{"finished before an interruption", Fault::none, "", seconds}}, seconds};
}

std::string program_version(const RunSettings& run, const fs::path& folder) {
    fs::create_directories(folder);
    // Without an input it introduces itself and stops.
    auto command = program_command(folder, Launch::alone);
    command.words = {run.program};
    command.output = folder / "version.out";
    command.max_seconds = 60;
    static_cast<void>(base::run_command(command));
    const auto text = base::read_ends(command.output, longest_errors).text;
    require_program(text, run.program);
    return version_of(text);
}

double rough_cost(const structure::Structure& structure, const Physics& physics, const Mesh& mesh, double electrons) {
    const double volume = structure.cell.volume() / std::pow(units::bohr, 3);
    const double waves = volume * std::pow(physics.ecutwfc, 1.5) / (6 * std::numbers::pi * std::numbers::pi);
    const double grid = 16 * waves, bands = std::max(electrons / 2 * 1.2, electrons / 2 + 4);
    const double k_points = std::max(1.0, static_cast<double>(mesh[0]) * mesh[1] * mesh[2] / 2);
    // About 40 applications of the Hamiltonian to every band, two FFTs each, and the algebra of the subspace; seconds per
    // operation of one core of today.
    const double fft = 2 * grid * 5 * std::log2(std::max(grid, 2.0)), algebra = 8 * waves * bands;
    return 1 + k_points * bands * 40 * (fft + algebra) * 3e-10;
}

}  // namespace alkali::labelling::qe
