#include "alkali/io/spanning_cell.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <limits>

namespace alkali::io {
namespace {

// Room around the atoms (angstrom) in open directions.
constexpr double margin = 1.0;

}  // namespace

SpanningCell spanning_cell(const structure::Structure& structure, Stretched stretched) {
    const Mat3 whole = structure.cell.completed();
    const Mat3 to_fractional = whole.transpose().inverse();
    const Vec3 heights = structure.cell.heights();
    SpanningCell cell{whole, Vec3::Zero()};
    for (int i = 0; i < 3; ++i) {
        if (structure.cell.periodic()[static_cast<std::size_t>(i)] || structure.size() == 0) continue;
        double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();
        for (const auto& position : structure.positions) {
            const double f = to_fractional.row(i).dot(position);
            low = std::min(low, f);
            high = std::max(high, f);
        }
        const double room = margin / heights[i];
        const bool missing = whole.row(i) != structure.cell.vectors().row(i);
        if (!missing && (stretched == Stretched::missing || high - low + 2 * room <= 1)) continue;
        cell.corner += (low - room) * whole.row(i).transpose();
        cell.vectors.row(i) = (high - low + 2 * room) * whole.row(i);
    }
    return cell;
}

}  // namespace alkali::io
