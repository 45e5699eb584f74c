// Stands in for pw.x in tests: reads its input, writes its output, takes milliseconds. Energy, forces and stress of a pair
// potential of the same input are the same to the last digit; it fails by a seed in the ways of stand_in_faults.hpp.
//   stand_in_pw --state DIR --seed N --percent P --milliseconds T [pw.x] -in FILE
// DIR/log gets a line "begin HASH" and "end HASH" for every run that does its work, HASH of cell and atoms; "twice HASH" if
// two runs of the same are at it at a time.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "stand_in_faults.hpp"

namespace {

using alkali::stand_in::Fate;
using Vector = std::array<double, 3>;

constexpr double bohr = 0.529177210903;  // angstrom

struct Options {
    std::string state, input;
    std::uint64_t seed = 0;
    unsigned percent = 0;
    int milliseconds = 1;
};

Options read_arguments(int argc, char** argv) {
    Options o;
    for (int i = 1; i + 1 < argc; ++i) {
        const std::string word = argv[i], value = argv[i + 1];
        if (word == "--state") o.state = value;
        if (word == "--seed") o.seed = std::stoull(value);
        if (word == "--percent") o.percent = static_cast<unsigned>(std::stoul(value));
        if (word == "--milliseconds") o.milliseconds = std::stoi(value);
        if (word == "-in") o.input = value;
    }
    return o;
}

struct System {
    std::array<Vector, 3> cell{};  // bohr
    std::vector<std::string> symbols;
    std::vector<Vector> positions;
    std::string text;  ///< of cell and atoms
};

System read_system(const std::string& input) {
    System s;
    std::istringstream lines(input);
    std::string line;
    const auto vector = [](std::istringstream& from) {
        Vector v{};
        from >> v[0] >> v[1] >> v[2];
        for (double& x : v) x /= bohr;
        return v;
    };
    while (std::getline(lines, line) && !line.starts_with("CELL_PARAMETERS")) {}
    for (auto& row : s.cell) {
        std::getline(lines, line);
        s.text += line + "\n";
        std::istringstream words(line);
        row = vector(words);
    }
    while (std::getline(lines, line) && !line.starts_with("ATOMIC_POSITIONS")) {}
    while (std::getline(lines, line) && !line.starts_with("K_POINTS")) {
        s.text += line + "\n";
        std::istringstream words(line);
        std::string symbol;
        words >> symbol;
        s.symbols.push_back(symbol);
        s.positions.push_back(vector(words));
    }
    return s;
}

struct Result {
    double energy = 0;  // Ry
    std::vector<Vector> forces;
    std::array<Vector, 3> stress{};  // Ry/bohr^3, positive in compression
};

double volume(const std::array<Vector, 3>& a) {
    return std::abs(a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) - a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
                    a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]));
}

/// -14 Ry per atom and D exp(-r/l) between all pairs of images within three cells.
Result compute(const System& s) {
    constexpr double strength = 2.0, length = 1.2;
    Result r;
    r.forces.resize(s.positions.size());
    for (std::size_t i = 0; i < s.positions.size(); ++i) {
        r.energy -= 14;
        for (std::size_t j = 0; j < s.positions.size(); ++j)
            for (int n = 0; n < 343; ++n) {
                const std::array<int, 3> image{n / 49 - 3, n / 7 % 7 - 3, n % 7 - 3};
                Vector d{};
                for (std::size_t c = 0; c < 3; ++c) {
                    d[c] = s.positions[j][c] - s.positions[i][c];
                    for (std::size_t k = 0; k < 3; ++k) d[c] += image[k] * s.cell[k][c];
                }
                const double distance = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                if (distance < 1e-8) continue;
                const double pair = strength * std::exp(-distance / length), slope = -pair / length;
                r.energy += pair / 2;
                for (std::size_t c = 0; c < 3; ++c) {
                    r.forces[i][c] += slope * d[c] / distance;
                    for (std::size_t k = 0; k < 3; ++k) r.stress[c][k] -= slope * d[c] * d[k] / distance / 2;
                }
            }
    }
    for (auto& row : r.stress)
        for (double& x : row) x /= volume(s.cell);
    return r;
}

std::string format(const char* pattern, auto... values) {
    std::array<char, 256> line{};
    std::snprintf(line.data(), line.size(), pattern, values...);
    return line.data();
}

/// Cell and atoms as pw.x prints them.
std::string geometry(const System& s) {
    const auto& a = s.cell;
    const double alat = std::sqrt(a[0][0] * a[0][0] + a[0][1] * a[0][1] + a[0][2] * a[0][2]);
    std::string text = format("     bravais-lattice index     = %12d\n     lattice parameter (alat)  = %12.4f  a.u.\n", 0, alat) +
                       format("     unit-cell volume          = %12.4f (a.u.)^3\n     number of atoms/cell      = %12zu\n", volume(a),
                              s.positions.size()) +
                       format("\n     celldm(1)=%11.6f  celldm(2)=   0.000000  celldm(3)=   0.000000\n", alat) +
                       "\n     crystal axes: (cart. coord. in units of alat)\n";
    for (int i = 0; i < 3; ++i) {
        const auto& v = a[static_cast<std::size_t>(i)];
        text += format("               a(%d) = (%11.6f%11.6f%11.6f )  \n", i + 1, v[0] / alat, v[1] / alat, v[2] / alat);
    }
    text += "\n   Cartesian axes\n\n     site n.     atom                  positions (alat units)\n";
    for (std::size_t i = 0; i < s.positions.size(); ++i) {
        const auto& p = s.positions[i];
        text += format("     %5zu           %-6stau(%4zu) = (%12.7f%12.7f%12.7f  )\n", i + 1, s.symbols[i].c_str(), i + 1, p[0] / alat,
                       p[1] / alat, p[2] / alat);
    }
    return text;
}

std::string header(const System& system) {
    return "\n     Program PWSCF v.6.7MaX starts on  1Jan2026 at  0: 0: 0 \n\n" + geometry(system) +
           format("\n     number of Kohn-Sham states= %12zu\n", 4 * system.positions.size()) +
           "     number of k points=    10  Methfessel-Paxton smearing, width (Ry)=  0.0199\n"
           "     Dense  grid:     4000 G-vectors     FFT dimensions: (  18,  18,  18)\n\n"
           "     total cpu time spent up to now is        0.1 secs\n     estimated scf accuracy    <          3.0E-11 Ry\n";
}

std::string results(const Result& r, Fate fate) {
    std::string text = "\n     End of self-consistent calculation\n\n";
    text += fate == Fate::not_a_number ? "!    total energy              =            NaN Ry\n"
                                       : format("!    total energy              =  %16.8f Ry\n", r.energy);
    if (fate != Fate::done_unconverged) text += "\n     convergence has been achieved in   9 iterations\n";
    text += "\n     Forces acting on atoms (cartesian axes, Ry/au):\n\n";
    for (std::size_t i = 0; i < r.forces.size(); ++i)
        text += format("     atom %4zu type  1   force = %13.8f %13.8f %13.8f\n", i + 1, r.forces[i][0], r.forces[i][1], r.forces[i][2]);
    text += "\n     Total force =     0.000000     Total SCF correction =     0.000000\n";
    text +=
        "\n\n     Computing stress (Cartesian axis) and pressure\n\n          total   stress  (Ry/bohr**3)                   (kbar)     P= "
        "   0.0\n";
    for (const auto& row : r.stress)
        text += format("%14.8f%14.8f%14.8f%14.2f%12.2f%12.2f\n", row[0], row[1], row[2], row[0] * 147105, row[1] * 147105, row[2] * 147105);
    return text;
}

constexpr const char* footer = "\n\n     PWSCF        :      0.01s CPU      0.01s WALL\n\n=---=\n   JOB DONE.\n=---=\n";

std::string error_box(const char* routine, const char* words) {
    const std::string bar = " " + std::string(78, '%') + "\n";
    return "\n" + bar + format("     Error in routine %s (1):\n     %s\n", routine, words) + bar + "\n     stopping ...\n";
}

/// What decides the fate: the input without what is changed after passing faults, so that these have no lasting consequence.
std::string fateful(const std::string& input) {
    std::string text, line;
    for (std::istringstream lines(input); std::getline(lines, line);)
        if (line.find("disk_io") == std::string::npos && line.find("mixing_ndim") == std::string::npos) text += line + "\n";
    return text;
}

[[noreturn]] void end(const std::string& output, int status) {
    std::cout << output << std::flush;
    ::_exit(status);
}

[[noreturn]] void meet(Fate fate, const std::string& beginning, const std::string& whole) {
    switch (fate) {
        case Fate::unconverged: end(beginning + "\n     convergence NOT achieved after 100 iterations: stopping\n" + footer, 0);
        case Fate::overlap: end(beginning + error_box("cdiaghg", "S matrix not positive definite"), 1);
        case Fate::diagonalisation: end(beginning + error_box("c_bands", "too many bands are not converged"), 1);
        case Fate::missing_file: end(beginning + error_box("readpp", "file ./Li.UPF not found"), 1);
        case Fate::hang:
            std::cout << beginning << std::flush;
            for (;;) ::pause();
        case Fate::memory: {
            std::cout << beginning << std::flush;
            std::vector<std::vector<char>> taken;
            for (int i = 0; i < 12; ++i) taken.emplace_back(10'000'000, 'x');
            for (;;) ::pause();
        }
        case Fate::killed: ::kill(::getpid(), SIGKILL); ::_exit(3);
        case Fate::segfault:
            std::signal(SIGSEGV, SIG_DFL);
            ::kill(::getpid(), SIGSEGV);
            ::_exit(3);
        case Fate::wordless: ::_exit(1);
        case Fate::disk: std::cerr << "forrtl: No space left on device\n"; end(beginning, 2);
        case Fate::truncated: end(whole.substr(0, whole.size() / 2), 0);
        case Fate::half_number: end(whole.substr(0, whole.find("force =") + 13), 0);
        default: end(whole + footer, 0);  // done_unconverged, not_a_number
    }
}

void log_line(const std::string& state, const std::string& line) {
    const int file = ::open((state + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    const std::string text = line + "\n";
    if (file < 0 || ::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(9);
    ::close(file);
}

/// True the first time.
bool first_time(const std::string& state, std::uint64_t input) {
    const int file = ::open((state + "/met-" + std::to_string(input)).c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (file >= 0) ::close(file);
    return file >= 0;
}

bool is_passing(Fate fate) {
    for (const auto each : alkali::stand_in::passing)
        if (each == fate) return true;
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = read_arguments(argc, argv);
    std::ifstream file(options.input);
    std::stringstream content;
    content << file.rdbuf();
    const auto input = content.str();
    const auto system = read_system(input);
    const auto name = format("%016llx", static_cast<unsigned long long>(alkali::stand_in::hash(system.text, 0)));

    const int lock = ::open((options.state + "/lock-" + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) log_line(options.state, "twice " + name);
    log_line(options.state, "begin " + name);
    std::this_thread::sleep_for(std::chrono::milliseconds(options.milliseconds));

    const auto deciding = fateful(input);
    auto fate = alkali::stand_in::fate_of(deciding, options.seed, options.percent);
    if (is_passing(fate) && !first_time(options.state, alkali::stand_in::hash(deciding, options.seed))) fate = Fate::fine;
    const auto beginning = header(system);
    const auto whole = beginning + results(compute(system), fate);
    if (fate != Fate::fine) meet(fate, beginning, whole);
    std::cout << whole << footer << std::flush;
    log_line(options.state, "end " + name);
    return 0;
}
