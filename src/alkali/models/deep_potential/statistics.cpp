#include "alkali/models/deep_potential/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/base/threads.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/deep_potential/environment.hpp"

namespace alkali::models::deep_potential {
namespace {

StructureGraph graph_of(const structure::Frame& frame, const std::vector<std::string>& type_names, double rcut) {
    return structure_graph(frame.structure, type_names, rcut, frame.where());
}

/// Sums over the neighbours of the atoms of one centre type.
struct Sums {
    double atoms = 0, radial = 0, radial_squares = 0, angular_squares = 0;
};

}  // namespace

std::vector<int> automatic_sel(std::span<const structure::Frame> frames, const std::vector<std::string>& type_names, double rcut,
                               double margin) {
    std::vector<std::vector<int>> most(frames.size(), std::vector<int>(type_names.size()));
    base::parallel_for(frames.size(), [&](std::size_t f) {
        const auto data = graph_of(frames[f], type_names, rcut);
        for (std::size_t i = 0; i < data.types.size(); ++i) {
            std::vector<int> count(type_names.size());
            for (auto e = static_cast<std::size_t>(data.list.first[i]); e < static_cast<std::size_t>(data.list.first[i + 1]); ++e)
                ++count[static_cast<std::size_t>(data.types[static_cast<std::size_t>(data.list.neighbour[e])])];
            for (std::size_t t = 0; t < count.size(); ++t) most[f][t] = std::max(most[f][t], count[t]);
        }
    });
    std::vector<int> sel(type_names.size(), 4);
    for (const auto& of_frame : most)
        for (std::size_t t = 0; t < sel.size(); ++t)
            sel[t] = std::max(sel[t], static_cast<int>(std::ceil(margin * of_frame[t] / 4 - 1e-9)) * 4);
    return sel;
}

void environment_statistics(const Architecture& architecture, std::span<const structure::Frame> frames, std::span<double> parameters) {
    const auto& hyper = architecture.hyper;
    const auto types = static_cast<std::size_t>(hyper.types());
    std::vector<std::vector<Sums>> by_frame(frames.size(), std::vector<Sums>(types));
    base::parallel_for(frames.size(), [&](std::size_t f) {
        const auto data = graph_of(frames[f], hyper.type_names, hyper.descriptor.rcut);
        for (std::size_t i = 0; i < data.types.size(); ++i) {
            Sums& sums = by_frame[f][static_cast<std::size_t>(data.types[i])];
            sums.atoms += 1;
            for (auto e = static_cast<std::size_t>(data.list.first[i]); e < static_cast<std::size_t>(data.list.first[i + 1]); ++e) {
                const Sight sight = bare_sight(hyper.descriptor, data.list.vector[e].norm());
                sums.radial += sight.x;
                sums.radial_squares += sight.x * sight.x;
                sums.angular_squares += sight.h * sight.h * sight.r * sight.r;
            }
        }
    });
    double *mean = parameters.data() + architecture.offset(architecture.davg),
           *deviation = parameters.data() + architecture.offset(architecture.dstd);
    constexpr double smallest = 1e-2, unknown = 1e-1;
    for (std::size_t t = 0; t < types; ++t) {
        Sums all;
        for (const auto& of_frame : by_frame) {
            all.atoms += of_frame[t].atoms;
            all.radial += of_frame[t].radial;
            all.radial_squares += of_frame[t].radial_squares;
            all.angular_squares += of_frame[t].angular_squares;
        }
        const double places = all.atoms * hyper.neighbours();
        const double average = places > 0 ? all.radial / places : 0;
        const double radial = places > 0 ? std::sqrt(std::max(0.0, all.radial_squares / places - average * average)) : unknown;
        const double angular = places > 0 ? std::sqrt(all.angular_squares / (3 * places)) : unknown;
        for (std::size_t other = 0; other < types; ++other)
            for (std::size_t k = 0; k < 4; ++k) {
                const std::size_t at = (t * types + other) * 4 + k;
                mean[at] = k == 0 && !hyper.descriptor.set_davg_zero ? average : 0;
                deviation[at] = std::max(smallest, k == 0 ? radial : angular);
            }
    }
}

}  // namespace alkali::models::deep_potential
