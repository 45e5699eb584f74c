#include "alkali/structure/builders.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <cmath>
#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::structure {
namespace {

Mat3 rows(const Vec3& a, const Vec3& b, const Vec3& c) {
    Mat3 m;
    m.row(0) = a.transpose();
    m.row(1) = b.transpose();
    m.row(2) = c.transpose();
    return m;
}

// One species on fractional sites of the given vectors (in units of a).
Structure lattice(std::string_view symbol, double a, const Mat3& vectors, std::initializer_list<Vec3> sites) {
    if (!(a > 0) || !std::isfinite(a)) throw InputError(fmt::format("a lattice constant of {} angstrom is not positive", a));
    const int number = units::atomic_number(symbol);
    Structure structure{Cell(Mat3(vectors * a)), {}, {}};
    for (const auto& site : sites) structure.add(number, structure.cell.to_cartesian(site));
    return structure;
}

const Mat3 cubic = Mat3::Identity();
const Mat3 face_centred = rows({0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0});
const Mat3 body_centred = rows({-0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0.5, 0.5, -0.5});

}  // namespace

Structure simple_cubic(std::string_view symbol, double a) { return lattice(symbol, a, cubic, {{0, 0, 0}}); }

Structure bcc(std::string_view symbol, double a, CellKind kind) {
    if (kind == CellKind::primitive) return lattice(symbol, a, body_centred, {{0, 0, 0}});
    return lattice(symbol, a, cubic, {{0, 0, 0}, {0.5, 0.5, 0.5}});
}

Structure fcc(std::string_view symbol, double a, CellKind kind) {
    if (kind == CellKind::primitive) return lattice(symbol, a, face_centred, {{0, 0, 0}});
    return lattice(symbol, a, cubic, {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}});
}

Structure diamond(std::string_view symbol, double a, CellKind kind) {
    if (kind == CellKind::primitive) return lattice(symbol, a, face_centred, {{0, 0, 0}, {0.25, 0.25, 0.25}});
    return lattice(symbol, a, cubic,
                   {{0, 0, 0},
                    {0.25, 0.25, 0.25},
                    {0, 0.5, 0.5},
                    {0.25, 0.75, 0.75},
                    {0.5, 0, 0.5},
                    {0.75, 0.25, 0.75},
                    {0.5, 0.5, 0},
                    {0.75, 0.75, 0.25}});
}

Structure hcp(std::string_view symbol, double a, double c) {
    const double ratio = c > 0 ? c / a : std::sqrt(8.0 / 3.0);
    const Mat3 vectors = rows({1, 0, 0}, {-0.5, std::sqrt(0.75), 0}, {0, 0, ratio});
    return lattice(symbol, a, vectors, {{0, 0, 0}, {1.0 / 3, 2.0 / 3, 0.5}});
}

Structure crystal(std::string_view name, std::string_view symbol, double a, CellKind kind) {
    if (name == "sc") return simple_cubic(symbol, a);
    if (name == "bcc") return bcc(symbol, a, kind);
    if (name == "fcc") return fcc(symbol, a, kind);
    if (name == "diamond") return diamond(symbol, a, kind);
    if (name == "hcp") return hcp(symbol, a);
    const std::vector<std::string> known{"sc", "bcc", "fcc", "diamond", "hcp"};
    throw InputError(fmt::format("unknown crystal structure '{}'", name), {},
                     fmt::format("known are sc, bcc, fcc, diamond, hcp {}", base::did_you_mean(name, known)));
}

Structure dimer(std::string_view first, std::string_view second, double distance) {
    Structure structure;
    structure.add(units::atomic_number(first), Vec3::Zero());
    structure.add(units::atomic_number(second), Vec3(distance, 0, 0));
    return structure;
}

Structure without_atom(const Structure& structure, std::size_t index) {
    if (index >= structure.size()) throw InputError(fmt::format("there is no atom {} among {}", index + 1, structure.size()));
    Structure result = structure;
    result.numbers.erase(result.numbers.begin() + static_cast<std::ptrdiff_t>(index));
    result.positions.erase(result.positions.begin() + static_cast<std::ptrdiff_t>(index));
    return result;
}

Structure rattled(const Structure& structure, double sigma, base::Random& random) {
    Structure result = structure;
    for (auto& position : result.positions)
        for (int c = 0; c < 3; ++c) position[c] += sigma * random.normal();
    return result;
}

Structure with_cell(const Structure& structure, const Cell& cell) {
    Structure result{cell, structure.numbers, structure.positions};
    const Mat3 map = cell.completed().transpose() * structure.cell.completed().transpose().inverse();
    for (auto& position : result.positions) position = map * position;
    return result;
}

Structure with_volume(const Structure& structure, double volume) {
    const double now = structure.cell.volume();
    if (!(now > 0) || !(volume > 0)) throw InputError(fmt::format("a cell of {} angstrom^3 cannot be scaled to {}", now, volume));
    return strained(structure, Mat3::Identity() * (std::cbrt(volume / now) - 1));
}

std::vector<int> species_of(const Structure& structure) {
    const std::set<int> species(structure.numbers.begin(), structure.numbers.end());
    return {species.begin(), species.end()};
}

std::string formula(const Structure& structure) {
    std::map<int, std::size_t> counts;
    for (const int number : structure.numbers) ++counts[number];
    std::string text;
    for (const auto& [number, count] : counts) text += std::string(units::symbol(number)) + (count > 1 ? std::to_string(count) : "");
    return text;
}

}  // namespace alkali::structure
