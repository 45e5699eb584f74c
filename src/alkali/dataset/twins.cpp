#include "alkali/dataset/twins.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <numeric>

namespace alkali::dataset {
namespace {

using Wave = std::complex<double>;

constexpr double same_position = 2e-5, same_cell = 5e-5;  // angstrom
// In place of vectors that are not there: longer than any molecule.
constexpr double box_of_molecules = 137.0;  // angstrom

// Along each vector, and combinations that tell which coordinates belong together.
constexpr std::array<std::array<int, 3>, 6> indices{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 2, 3}, {3, 1, 2}, {2, 3, 1}}};

// 1 to 2, alike for no two elements.
double weight_of(int number) {
    const double turns = number * (std::numbers::phi - 1);
    return 1 + turns - std::floor(turns);
}

// What a position is multiplied with to be in units of the cell vectors.
Mat3 to_fractions(const structure::Cell& cell) {
    Mat3 vectors = cell.completed();
    for (int i = 0; i < 3; ++i)
        if (cell.vectors().row(i).isZero(0)) vectors.row(i) *= box_of_molecules;
    return vectors.transpose().inverse();
}

Wave power(Wave base, int exponent) {
    Wave result = 1;
    for (int k = 0; k < exponent; ++k) result *= base;
    return result;
}

bool same(const Fingerprint& a, const Fingerprint& b) {
    if (a.atoms != b.atoms || a.periodic != b.periodic) return false;
    for (std::size_t k = 0; k < a.cell.size(); ++k)
        if (!(std::abs(a.cell[k] - b.cell[k]) <= same_cell)) return false;
    const float tolerance = std::max(a.tolerance, b.tolerance);
    for (std::size_t k = 0; k < a.waves.size(); ++k)
        if (!(std::abs(a.waves[k] - b.waves[k]) <= tolerance)) return false;
    return true;
}

// One number that is nearly the same for structures that are, and rarely else.
double key_of(const Fingerprint& print) {
    double key = print.atoms, factor = 1;
    for (const float value : print.cell) key += (factor *= 0.93) * value;
    for (const float value : print.waves) key += (factor *= 0.93) * value;
    return std::isfinite(key) ? key : std::numeric_limits<double>::max();
}

double reach_of(const Fingerprint& print) {
    return static_cast<double>(print.cell.size()) * same_cell + static_cast<double>(print.waves.size()) * print.tolerance;
}

}  // namespace

Fingerprint fingerprint_of(const structure::Structure& atoms) {
    Fingerprint print;
    print.atoms = static_cast<std::uint32_t>(atoms.size());
    for (int i = 0; i < 3; ++i) print.periodic |= atoms.cell.periodic()[static_cast<std::size_t>(i)] ? 1U << i : 0U;
    const Mat3& vectors = atoms.cell.vectors();
    std::array<double, 3> lengths{};
    for (int i = 0; i < 3; ++i) lengths[static_cast<std::size_t>(i)] = vectors.row(i).norm();
    for (int i = 0; i < 3; ++i) {
        const int j = (i + 1) % 3;
        const double size = std::sqrt(lengths[static_cast<std::size_t>(i)] * lengths[static_cast<std::size_t>(j)]);
        print.cell[static_cast<std::size_t>(i)] = static_cast<float>(lengths[static_cast<std::size_t>(i)]);
        print.cell[static_cast<std::size_t>(i) + 3] = static_cast<float>(size > 0 ? vectors.row(i).dot(vectors.row(j)) / size : 0);
    }
    const Mat3 fractions = to_fractions(atoms.cell);
    std::array<Wave, indices.size()> sums{};
    double weights = 0;
    for (std::size_t i = 0; i < atoms.size(); ++i) {
        const Vec3 turns = 2 * std::numbers::pi * (fractions * atoms.positions[i]);
        const std::array<Wave, 3> along{std::polar(1.0, turns[0]), std::polar(1.0, turns[1]), std::polar(1.0, turns[2])};
        const double weight = weight_of(atoms.numbers[i]);
        weights += weight;
        for (std::size_t k = 0; k < indices.size(); ++k)
            sums[k] += weight * power(along[0], indices[k][0]) * power(along[1], indices[k][1]) * power(along[2], indices[k][2]);
    }
    for (std::size_t k = 0; k < indices.size(); ++k) {
        print.waves[2 * k] = static_cast<float>(sums[k].real());
        print.waves[2 * k + 1] = static_cast<float>(sums[k].imag());
    }
    print.waves.back() = static_cast<float>(weights);
    // Rounding moves atoms at random, each by so much of the longest wave vector.
    const double longest = 2 * std::numbers::pi * std::sqrt(14.0) * fractions.norm();
    print.tolerance = static_cast<float>(longest * same_position * std::sqrt(static_cast<double>(atoms.size())));
    return print;
}

std::vector<Fingerprint> fingerprints_of(std::span<const structure::Frame> frames) {
    std::vector<Fingerprint> prints;
    prints.reserve(frames.size());
    for (const auto& frame : frames) prints.push_back(fingerprint_of(frame.structure));
    return prints;
}

std::vector<std::size_t> first_of_the_same(std::span<const Fingerprint> structures) {
    std::vector<std::size_t> first(structures.size()), order(structures.size());
    std::vector<double> keys;
    keys.reserve(structures.size());
    for (const auto& print : structures) keys.push_back(key_of(print));
    std::iota(first.begin(), first.end(), std::size_t{0});
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    std::vector<bool> placed(structures.size());
    for (std::size_t k = 0; k < order.size(); ++k) {
        if (placed[order[k]]) continue;
        const auto& print = structures[order[k]];
        std::vector<std::size_t> alike{order[k]};
        for (std::size_t l = k + 1; l < order.size() && keys[order[l]] - keys[order[k]] <= reach_of(print); ++l)
            if (!placed[order[l]] && same(print, structures[order[l]])) alike.push_back(order[l]);
        const auto earliest = *std::min_element(alike.begin(), alike.end());
        for (const auto each : alike) {
            placed[each] = true;
            first[each] = earliest;
        }
    }
    return first;
}

}  // namespace alkali::dataset
