#pragma once
#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::labelling {

/// What the header of a UPF file says.
struct UpfHeader {
    std::string element, functional, type;  ///< chemical symbol; as written ("PBE", "SLA PW PBX PBC"); NC, USPP, PAW
    double z_valence = 0;
    bool core_correction = false;
    double wfc_cutoff = 0, rho_cutoff = 0;  ///< suggested, Ry; 0: none given
};

/// Of version 2 (attributes) and version 1 (lines). Errors: FileError naming `source` if it is neither.
[[nodiscard]] UpfHeader read_upf_header(std::string_view text, const std::string& source);

/// The header of a file that is whole: sections are closed, lists have as many numbers as they say, all are finite.
/// Errors: FileError naming `source`, the section and what to do.
[[nodiscard]] UpfHeader check_upf(std::string_view text, const std::string& source);

/// pw.x reads lines of up to this many characters.
inline constexpr std::size_t longest_upf_line = 1024;

struct Wrapped {
    std::string text;
    int lines = 0;  ///< that were too long
};
/// Breaks numeric lines that pw.x would refuse. Errors: FileError naming `source` if a line that is no list of numbers is too long.
[[nodiscard]] Wrapped wrap_long_lines(std::string_view text, const std::string& source);

/// An eigenvalue with all electrons and with the pseudopotential, Ry.
struct LevelTest {
    std::string orbital;  ///< 2S
    double occupation = 0, all_electron = 0, pseudo = 0;
    [[nodiscard]] double difference() const { return all_electron - pseudo; }
};

/// What ld1.x says of its own work.
struct Ld1Report {
    std::string version;
    double valence_charge = 0;
    std::vector<LevelTest> levels;   ///< of all configurations tested
    std::vector<std::string> notes;  ///< its warnings
    bool finished = false;           ///< the test of the pseudopotential came to its end
};
[[nodiscard]] Ld1Report read_ld1_output(std::string_view text);

struct GenerateOptions {
    std::string program = "ld1.x";
    std::filesystem::path folder = ".";  ///< where the result goes
    std::filesystem::path scratch{};     ///< below it ld1.x works; empty: base::temporary_home()
    std::string name{};                  ///< of the result; empty: as the input says (file_pseudopw)
    double largest_difference = 1e-3;    ///< Ry: of eigenvalues
    double max_seconds = 600;
    const std::atomic<bool>* stop = nullptr;
};

struct GeneratedPseudopotential {
    std::filesystem::path file;
    UpfHeader header;
    Ld1Report report;
    int wrapped_lines = 0;
};

/// Runs ld1.x on its input and checks what comes out: element and functional are those of the input, the valence is that of the
/// test, every number is finite, eigenvalues agree. The file appears whole or not at all.
/// Errors: FileError (input, output), InputError (not an input that generates a pseudopotential), ExternalProgramError (no ld1.x,
/// it failed), ConvergenceError (eigenvalues differ).
[[nodiscard]] GeneratedPseudopotential generate_pseudopotential(const std::filesystem::path& input, const GenerateOptions& options = {});

}  // namespace alkali::labelling
