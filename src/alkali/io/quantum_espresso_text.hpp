#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/math/types.hpp"

// What pw.x of Quantum ESPRESSO (5 to 7) prints, line by line: shared by the reader of its outputs and by the labeller.
namespace alkali::io::qe {

using Grid = std::array<int, 3>;

/// What the text says of one structure, in its units. Absent is absent.
struct Step {
    std::optional<double> energy;    ///< Ry, the "!" total energy: contains -TS, so that it belongs to the forces
    std::vector<Vec3> forces;        ///< Ry/bohr, the total ones
    std::vector<Vec3> stress;        ///< rows, Ry/bohr^3, positive in compression
    std::optional<double> accuracy;  ///< Ry, estimated, of the last iteration
    int iterations = 0;
    bool converged = false, unconverged = false;  ///< as pw.x says; it calls an scf that used up its iterations converged, too
    bool exact_exchange = false;
    std::string bad_number;  ///< a line with a number that cannot be read (stars of an overflow)
    int tables_of_forces = 0;

    /// True once anything of a result was said.
    [[nodiscard]] bool begun() const { return energy || unconverged || !forces.empty() || !bad_number.empty(); }
};

/// What made the numbers.
struct Method {
    std::string version;     ///< "6.7MaX"
    std::string functional;  ///< as pw.x names it, "PBE"
    std::string dispersion;  ///< DFT-D2, DFT-D3, XDM, TS or MBD; empty: none
};
/// As frames keep it.
[[nodiscard]] std::map<std::string, std::string> info_of(const Method& method);

/// What it says of the run.
struct Run : Method {
    std::vector<int> functional_indices;  ///< exchange, correlation, their gradient corrections, nonlocal, ...
    double threshold = 0;                 ///< of the scf, Ry; 0: not said
    double ecutwfc = 0, ecutrho = 0;      ///< Ry, four decimals; 0: not said
    int k_points = 0, bands = 0;
    Grid dense{}, smooth{};
    double cpu_seconds = 0, wall_seconds = 0;  ///< pw.x's own clock, first process
    bool done = false;                         ///< JOB DONE
    std::vector<std::string> warnings;         ///< distinct, the first twenty
};

/// Takes the lines of one run one after the other.
class TextParser {
public:
    void line(std::string_view line);
    [[nodiscard]] const Step& step() const { return step_; }
    [[nodiscard]] const Run& run() const { return run_; }
    /// Lets go of the step; what follows belongs to the next structure.
    [[nodiscard]] Step take_step();

private:
    void read_force(std::string_view line);
    void read_stress(std::string_view line);
    void read_header(std::string_view line);
    void read_functional(std::string_view line);
    void read_result(std::string_view line);
    void note(std::string_view line);

    Step step_;
    Run run_;
    bool in_forces_ = false, message_follows_ = false, indices_follow_ = false;
    int stress_rows_ = 0;
};

/// What is wrong with the functional of the run, whoever asked for it: gradient corrections without anything to correct, as
/// pw.x makes of a name that it does not know. Empty: nothing.
[[nodiscard]] std::string doubt_of_functional(const Run& run);
/// Why the step's numbers are not those of a self-consistent calculation; empty if they are.
[[nodiscard]] std::string fault_of_scf(const Step& step, const Run& run);

struct Program {
    std::string name;     ///< PWSCF, PHONON, NEB, ...
    std::string version;  ///< "6.7MaX"
};
/// Of "Program PWSCF v.6.1 (svn rev. 13369) starts on ..."; nothing for other lines.
[[nodiscard]] std::optional<Program> program_of(std::string_view line);
/// True if the line is one that pw.x prints within its output and other programs do not.
[[nodiscard]] bool is_line_of_pw(std::string_view line);

/// The text behind a mark.
[[nodiscard]] std::optional<std::string_view> after(std::string_view line, std::string_view mark);
/// The number that the text begins with; NaN where there is none (stars of an overflow, too).
[[nodiscard]] double first_number(std::string_view text);
[[nodiscard]] int first_integer(std::string_view text);

}  // namespace alkali::io::qe
