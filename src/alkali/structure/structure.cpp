#include "alkali/structure/structure.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/base/memory.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::structure {

Structure strained(const Structure& structure, const Mat3& strain) {
    Structure result{structure.cell.strained(strain), structure.numbers, structure.positions};
    const Mat3 deformation = (Mat3::Identity() + strain).transpose();
    for (auto& position : result.positions) position = deformation * position;
    return result;
}

Structure repeated(const Structure& structure, const std::array<int, 3>& counts) {
    Mat3 vectors = structure.cell.vectors();
    for (int i = 0; i < 3; ++i) {
        const int count = counts[static_cast<std::size_t>(i)];
        if (count < 1) throw InputError(fmt::format("a cell cannot be repeated {} times", count), {}, "give counts of at least 1");
        if (count > 1 && structure.cell.vector(i).isZero(0))
            throw InputError(fmt::format("the structure cannot be repeated along direction {}: it has no cell vector there", i + 1));
        vectors.row(i) *= count;
    }
    Structure result{Cell(vectors, structure.cell.periodic()), {}, {}};
    const double atoms = 1.0 * counts[0] * counts[1] * counts[2] * static_cast<double>(structure.size());
    base::require_memory((sizeof(int) + sizeof(Vec3)) * atoms, fmt::format("a cell of {:.3g} atoms", atoms), {}, "repeat it fewer times");
    const auto cells = static_cast<std::size_t>(counts[0]) * static_cast<std::size_t>(counts[1]) * static_cast<std::size_t>(counts[2]);
    result.numbers.reserve(cells * structure.size());
    result.positions.reserve(cells * structure.size());
    for (int i = 0; i < counts[0]; ++i)
        for (int j = 0; j < counts[1]; ++j)
            for (int k = 0; k < counts[2]; ++k) {
                const Vec3 offset = structure.cell.vectors().transpose() * Vec3(i, j, k);
                for (std::size_t n = 0; n < structure.size(); ++n) result.add(structure.numbers[n], structure.positions[n] + offset);
            }
    return result;
}

void check(const Structure& structure, double min_distance) {
    if (structure.positions.size() != structure.numbers.size())
        throw InputError(fmt::format("{} species but {} positions", structure.numbers.size(), structure.positions.size()));
    for (std::size_t i = 0; i < structure.size(); ++i) {
        static_cast<void>(units::symbol(structure.numbers[i]));
        if (!structure.positions[i].allFinite())
            throw InputError("the position is not a finite number",
                             fmt::format("atom {} ({})", i + 1, units::symbol(structure.numbers[i])));
    }
    if (min_distance <= 0) return;
    const auto near = neighbour_list(structure, min_distance);
    if (near.edges() == 0) return;
    std::size_t i = 0;
    while (near.first[i + 1] == 0) ++i;
    const auto j = static_cast<std::size_t>(near.neighbour[0]);
    throw InputError(
        fmt::format("atoms {} ({}) and {} ({}) overlap: they are {:.4g} angstrom apart, nearer than {:g}", i + 1,
                    units::symbol(structure.numbers[i]), j + 1, units::symbol(structure.numbers[j]), near.vector[0].norm(), min_distance),
        {}, "check positions, units (angstrom) and cell");
}

}  // namespace alkali::structure
