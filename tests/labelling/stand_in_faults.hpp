#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace alkali::stand_in {

/// Ways in which the stand-in fails, as pw.x does.
enum class Fate {
    fine,
    unconverged,       ///< "convergence NOT achieved", no labels, JOB DONE
    overlap,           ///< S matrix not positive definite
    diagonalisation,   ///< too many bands are not converged
    not_a_number,      ///< energy NaN
    done_unconverged,  ///< labels and JOB DONE, but no word of convergence
    missing_file,      ///< a pseudopotential it cannot find
    hang,              ///< never ends
    memory,            ///< takes more and more
    killed,            ///< SIGKILL
    segfault,          ///< SIGSEGV without words
    wordless,          ///< exit status 1 without words
    disk,              ///< no space left on device
    truncated,         ///< half of the output, exit status 0
    half_number        ///< ends within the digits of a force
};

/// By input: the same input always ends so.
inline constexpr std::array lasting{Fate::unconverged,  Fate::overlap,          Fate::diagonalisation,
                                    Fate::not_a_number, Fate::done_unconverged, Fate::missing_file};
/// By circumstances: only the first run of an input ends so.
inline constexpr std::array passing{Fate::hang,     Fate::memory, Fate::killed,    Fate::segfault,
                                    Fate::wordless, Fate::disk,   Fate::truncated, Fate::half_number};

/// FNV-1a.
[[nodiscard]] constexpr std::uint64_t hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t value = 0xcbf29ce484222325 ^ (seed * 0x9e3779b97f4a7c15);
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    value ^= value >> 29;
    value *= 0xbf58476d1ce4e5b9;
    return value ^ (value >> 32);
}

/// What becomes of an input: `percent` of them fail, half of these in a lasting way.
[[nodiscard]] inline Fate fate_of(std::string_view input, std::uint64_t seed, unsigned percent) {
    const auto drawn = hash(input, seed);
    if (drawn % 100 >= percent) return Fate::fine;
    const auto which = (drawn / 100) % 1'000'003;
    return which % 2 == 0 ? lasting[which / 2 % lasting.size()] : passing[which / 2 % passing.size()];
}

}  // namespace alkali::stand_in
