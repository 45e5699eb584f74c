#include "alkali/structure/neighbour_list.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "alkali/base/error.hpp"
#include "alkali/base/memory.hpp"

namespace alkali::structure {
namespace {

using Shift = std::array<int, 3>;

// Atoms farther than this many cells outside would overflow the image numbers.
constexpr double farthest_image = 5e8;
// More images of a cell than this within the cutoff, along one direction or in all, are a mistake in cell or cutoff: no
// crystal is that dense, and their edges would fill the memory.
constexpr double most_images_along = 2000, most_images = 1e6;
// Below this many atoms starting threads costs more than it gains.
constexpr std::int64_t fewest_atoms_for_threads = 500;
// Up to so many atoms a copy of the edges (16 bytes each, some tens per atom) does not matter.
constexpr std::int64_t most_atoms_found_once = 20000;

struct Edge {
    int neighbour;
    Shift shift;
    friend bool operator<(const Edge& a, const Edge& b) {
        return a.neighbour != b.neighbour ? a.neighbour < b.neighbour : a.shift < b.shift;
    }
};

void check_input(const Structure& structure, double cutoff) {
    if (!(cutoff > 0) || !std::isfinite(cutoff)) throw InputError(fmt::format("a cutoff of {} angstrom is not positive", cutoff));
    if (structure.positions.size() != structure.numbers.size())
        throw InputError(fmt::format("{} species but {} positions", structure.numbers.size(), structure.positions.size()));
    for (std::size_t i = 0; i < structure.size(); ++i)
        if (!structure.positions[i].allFinite()) throw InputError("the position is not a finite number", fmt::format("atom {}", i + 1));
}

// r_j + shift.cell - r_i. Written so that swapping i and j and negating the shift negates it exactly: an edge and its
// reverse are then always found together.
Vec3 edge_vector(const Structure& structure, std::size_t i, std::size_t j, const Shift& shift) {
    const Mat3& cell = structure.cell.vectors();
    Vec3 vector = structure.positions[j] - structure.positions[i];
    if (shift[0] != 0 || shift[1] != 0 || shift[2] != 0)
        vector += cell.row(0).transpose() * shift[0] + cell.row(1).transpose() * shift[1] + cell.row(2).transpose() * shift[2];
    return vector;
}

// Atoms sorted into boxes of a grid that follows the cell vectors. A periodic direction is divided from 0 to 1 in
// fractional coordinates, an open one over the range the atoms take.
class Grid {
public:
    Grid(const Structure& structure, double cutoff) : structure_(structure), cutoff2_(cutoff * cutoff) {
        place_atoms();
        // Wrapped positions differ by rounding from those of the final test; the pad keeps every candidate.
        padded_ = cutoff * (1 + 1e-9) + 1e-12 * largest_;
        choose_boxes();
        sort_into_boxes();
    }

    // Calls visit(j, shift) for every neighbour of atom i, in no particular order.
    template <class Visit>
    void visit_neighbours(std::size_t i, Visit visit) const {
        const Shift home = box_[i], reach = reach_;
        const Vec3 centre = wrapped_[i];
        const double reach2 = padded_ * padded_;
        Shift low, high;
        for (std::size_t c = 0; c < 3; ++c) {
            low[c] = periodic(c) ? home[c] - reach[c] : std::max(0, home[c] - reach[c]);
            high[c] = periodic(c) ? home[c] + reach[c] : std::min(count_[c] - 1, home[c] + reach[c]);
        }
        Shift at, image;
        for (at[0] = low[0]; at[0] <= high[0]; ++at[0])
            for (at[1] = low[1]; at[1] <= high[1]; ++at[1]) {
                image[0] = floor_divide(at[0], count_[0]);
                image[1] = floor_divide(at[1], count_[1]);
                const std::size_t row = box_number({at[0] - image[0] * count_[0], at[1] - image[1] * count_[1], 0});
                // Boxes along the last direction lie one behind the other: a run of them within one image is one range.
                for (at[2] = low[2]; at[2] <= high[2];) {
                    image[2] = floor_divide(at[2], count_[2]);
                    const int begin = at[2] - image[2] * count_[2], end = std::min(high[2] - image[2] * count_[2], count_[2] - 1) + 1;
                    visit_range(i, centre, reach2, image, row + static_cast<std::size_t>(begin), row + static_cast<std::size_t>(end),
                                visit);
                    at[2] += end - begin;
                }
            }
    }

    [[nodiscard]] std::size_t in_box_order(std::size_t slot) const { return static_cast<std::size_t>(order_[slot]); }

private:
    [[nodiscard]] bool periodic(std::size_t c) const { return structure_.cell.periodic()[c]; }
    static int floor_divide(int a, int b) { return a >= 0 ? (a < b ? 0 : a / b) : -((b - 1 - a) / b); }

    // The atoms of boxes begin .. end-1 in an image of the cell.
    template <class Visit>
    void visit_range(std::size_t i, const Vec3& centre, double reach2, const Shift& image, std::size_t begin, std::size_t end,
                     Visit& visit) const {
        const Vec3 origin = centre - structure_.cell.vectors().transpose() * Vec3(image[0], image[1], image[2]);
        for (std::int64_t k = start_[begin]; k < start_[end]; ++k) {
            const auto slot = static_cast<std::size_t>(k);
            if ((sorted_position_[slot] - origin).squaredNorm() > reach2) continue;
            const auto j = static_cast<std::size_t>(order_[slot]);
            Shift shift;
            for (std::size_t c = 0; c < 3; ++c) shift[c] = image[c] + moved_[j][c] - moved_[i][c];
            if (is_edge(i, j, shift)) visit(static_cast<int>(j), shift);
        }
    }

    [[nodiscard]] bool is_edge(std::size_t i, std::size_t j, const Shift& shift) const {
        if (i == j && shift == Shift{0, 0, 0}) return false;
        return edge_vector(structure_, i, j, shift).squaredNorm() <= cutoff2_;
    }

    void place_atoms() {
        const auto n = structure_.size();
        const Mat3 to_fractional = structure_.cell.completed().transpose().inverse();
        wrapped_.resize(n);
        moved_.resize(n);
        fractional_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            Vec3 f = to_fractional * structure_.positions[i], position = structure_.positions[i];
            largest_ = std::max(largest_, position.cwiseAbs().maxCoeff());
            for (std::size_t c = 0; c < 3; ++c) {
                const auto axis = static_cast<Eigen::Index>(c);
                moved_[i][c] = 0;
                if (!periodic(c)) continue;
                const double cells = std::floor(f[axis]);
                if (!(std::abs(cells) < farthest_image))
                    throw InputError("the position is too far outside the cell", fmt::format("atom {}", i + 1));
                moved_[i][c] = -static_cast<int>(cells);
                f[axis] -= cells;
                position -= cells * structure_.cell.vector(static_cast<int>(c));
            }
            fractional_[i] = f;
            wrapped_[i] = position;
        }
        low_ = Vec3::Zero();
        extent_ = Vec3::Ones();
        for (std::size_t c = 0; c < 3 && n > 0; ++c) {
            if (periodic(c)) continue;
            const auto axis = static_cast<Eigen::Index>(c);
            double low = fractional_[0][axis], high = low;
            for (const auto& f : fractional_) low = std::min(low, f[axis]), high = std::max(high, f[axis]);
            low_[axis] = low;
            extent_[axis] = high - low;
        }
    }

    // Boxes half as wide as the cutoff would be best in dense matter; never more boxes than about half the atoms, so
    // that memory and empty visits stay bounded in sparse matter.
    void choose_boxes() {
        const Vec3 lengths = structure_.cell.heights().cwiseProduct(extent_);
        Vec3 wanted;
        for (int c = 0; c < 3; ++c) wanted[c] = std::clamp(std::floor(2 * lengths[c] / padded_), 1.0, 1e6);
        const double most = std::max(1.0, 0.5 * static_cast<double>(structure_.size()));
        while (wanted.prod() > most) {
            int largest = 0;
            wanted.maxCoeff(&largest);
            wanted[largest] = std::floor(std::max(1.0, std::min(wanted[largest] - 1, 0.8 * wanted[largest])));
        }
        double images = 1;
        for (int c = 0; c < 3; ++c) {
            const auto axis = static_cast<std::size_t>(c);
            count_[axis] = static_cast<int>(wanted[c]);
            const double width = lengths[c] / wanted[c];
            const double reach = width > 0 ? std::ceil(padded_ / width) : 1.0;
            const double along = periodic(axis) ? reach / wanted[c] : 0;
            images *= 2 * along + 1;
            if (along > most_images_along || images > most_images)
                throw InputError(fmt::format("the cutoff spans {:.0f} images of the cell", std::max(along, images)), {},
                                 "check the cell and the cutoff (both in angstrom)");
            reach_[axis] = static_cast<int>(periodic(axis) ? reach : std::min(reach, wanted[c]));
        }
    }

    [[nodiscard]] std::size_t box_number(const Shift& box) const {
        return (static_cast<std::size_t>(box[0]) * static_cast<std::size_t>(count_[1]) + static_cast<std::size_t>(box[1])) *
                   static_cast<std::size_t>(count_[2]) +
               static_cast<std::size_t>(box[2]);
    }

    void sort_into_boxes() {
        const auto n = structure_.size();
        box_.resize(n);
        start_.assign(static_cast<std::size_t>(count_[0]) * static_cast<std::size_t>(count_[1]) * static_cast<std::size_t>(count_[2]) + 1,
                      0);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t c = 0; c < 3; ++c) {
                const auto axis = static_cast<Eigen::Index>(c);
                const double relative = extent_[axis] > 0 ? (fractional_[i][axis] - low_[axis]) / extent_[axis] : 0.0;
                box_[i][c] = std::clamp(static_cast<int>(relative * count_[c]), 0, count_[c] - 1);
            }
            ++start_[box_number(box_[i]) + 1];
        }
        for (std::size_t b = 1; b < start_.size(); ++b) start_[b] += start_[b - 1];
        std::vector<std::int64_t> next(start_.begin(), start_.end() - 1);
        order_.resize(n);
        sorted_position_.resize(n);
        for (std::size_t i = 0; i < n; ++i) {
            const auto slot = static_cast<std::size_t>(next[box_number(box_[i])]++);
            order_[slot] = static_cast<int>(i);
            sorted_position_[slot] = wrapped_[i];
        }
        fractional_ = {};
    }

    const Structure& structure_;
    double cutoff2_, padded_ = 0, largest_ = 0;
    Vec3 low_, extent_;
    Shift count_{1, 1, 1}, reach_{1, 1, 1};
    std::vector<Vec3> fractional_, wrapped_, sorted_position_;
    std::vector<Shift> moved_, box_;
    std::vector<std::int64_t> start_;
    std::vector<int> order_;
};

/// Where all directions are periodic, the number of edges is known before: every atom has the mean density around it, more or less.
void require_room(const Structure& structure, double cutoff) {
    const double volume = structure.cell.volume(), atoms = static_cast<double>(structure.size());
    if (!structure.cell.fully_periodic() || !(volume > 0)) return;
    const double neighbours = 4.0 / 3.0 * std::numbers::pi * cutoff * cutoff * cutoff * atoms / volume;
    const double bytes = (sizeof(int) + sizeof(Shift) + sizeof(Vec3)) * atoms * neighbours;
    if (base::memory_holds(bytes)) return;
    base::require_memory(
        bytes, fmt::format("the list of {:.3g} neighbours within {:.3g} angstrom of each of {:.0f} atoms", neighbours, cutoff, atoms), {},
        "check the cell and the cutoff (both in angstrom)");
}

void fill_atom(const Structure& structure, std::size_t i, const std::vector<Edge>& edges, NeighbourList& list) {
    auto slot = static_cast<std::size_t>(list.first[i]);
    for (const auto& edge : edges) {
        list.neighbour[slot] = edge.neighbour;
        list.shift[slot] = edge.shift;
        list.vector[slot] = edge_vector(structure, i, static_cast<std::size_t>(edge.neighbour), edge.shift);
        ++slot;
    }
}

void reserve_edges(NeighbourList& list) {
    const auto edges = static_cast<std::size_t>(list.first.back());
    list.neighbour.resize(edges);
    list.shift.resize(edges);
    list.vector.resize(edges);
}

void add_up(NeighbourList& list) {
    for (std::size_t i = 1; i < list.first.size(); ++i) list.first[i] += list.first[i - 1];
    reserve_edges(list);
}

/// The edges of atom i in their order.
void find_edges(const Grid& grid, std::size_t i, std::vector<Edge>& edges) {
    edges.clear();
    grid.visit_neighbours(i, [&](int j, const Shift& shift) { edges.push_back({j, shift}); });
    std::sort(edges.begin(), edges.end());
}

// In both ways each atom writes only its own part, so the result does not depend on the threads.

/// One search, whose edges wait in a copy until their places are known.
void find_once(const Structure& structure, const Grid& grid, NeighbourList& list) {
    const auto atoms = static_cast<std::int64_t>(structure.size());
    std::vector<std::vector<Edge>> found(structure.size());
#pragma omp parallel if (atoms >= fewest_atoms_for_threads)
    {
        std::vector<Edge> edges;
#pragma omp for schedule(dynamic, 128)
        for (std::int64_t k = 0; k < atoms; ++k) {
            const std::size_t i = grid.in_box_order(static_cast<std::size_t>(k));
            find_edges(grid, i, edges);
            found[i] = edges;
            list.first[i + 1] = static_cast<std::int64_t>(edges.size());
        }
    }
    add_up(list);
#pragma omp parallel for schedule(static) if (atoms >= fewest_atoms_for_threads)
    for (std::int64_t i = 0; i < atoms; ++i) fill_atom(structure, static_cast<std::size_t>(i), found[static_cast<std::size_t>(i)], list);
}

/// Two searches, count and fill: no copy of the edges.
void count_and_fill(const Structure& structure, const Grid& grid, NeighbourList& list) {
    const auto atoms = static_cast<std::int64_t>(structure.size());
#pragma omp parallel for schedule(dynamic, 128)
    for (std::int64_t k = 0; k < atoms; ++k) {
        const std::size_t i = grid.in_box_order(static_cast<std::size_t>(k));
        std::int64_t count = 0;
        grid.visit_neighbours(i, [&](int, const Shift&) { ++count; });
        list.first[i + 1] = count;
    }
    add_up(list);
#pragma omp parallel
    {
        std::vector<Edge> edges;
#pragma omp for schedule(dynamic, 128)
        for (std::int64_t k = 0; k < atoms; ++k) {
            const std::size_t i = grid.in_box_order(static_cast<std::size_t>(k));
            find_edges(grid, i, edges);
            fill_atom(structure, i, edges, list);
        }
    }
}

}  // namespace

NeighbourList neighbour_list(const Structure& structure, double cutoff) {
    check_input(structure, cutoff);
    const auto atoms = static_cast<std::int64_t>(structure.size());
    NeighbourList list;
    list.first.assign(structure.size() + 1, 0);
    if (atoms == 0) return list;
    const Grid grid(structure, cutoff);
    require_room(structure, cutoff);
    if (atoms <= most_atoms_found_once)
        find_once(structure, grid, list);
    else
        count_and_fill(structure, grid, list);
    return list;
}

NeighbourList within(const NeighbourList& list, double cutoff) {
    NeighbourList part;
    if (list.first.empty()) return part;
    const double cutoff2 = cutoff * cutoff;
    const bool images = !list.shift.empty();
    part.first.push_back(0);
    for (std::size_t i = 0; i < list.atoms(); ++i) {
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            if (list.vector[e].squaredNorm() > cutoff2) continue;
            part.neighbour.push_back(list.neighbour[e]);
            if (images) part.shift.push_back(list.shift[e]);
            part.vector.push_back(list.vector[e]);
        }
        part.first.push_back(static_cast<std::int64_t>(part.neighbour.size()));
    }
    return part;
}

NeighbourList neighbour_list_brute_force(const Structure& structure, double cutoff) {
    check_input(structure, cutoff);
    NeighbourList list;
    list.first.assign(structure.size() + 1, 0);
    const Vec3 heights = structure.cell.heights();
    for (std::size_t i = 0; i < structure.size(); ++i) {
        for (std::size_t j = 0; j < structure.size(); ++j) {
            // Images whose slab is within the cutoff of atom i, whichever cells the two atoms lie in.
            const Vec3 apart = structure.cell.to_fractional(structure.positions[j] - structure.positions[i]);
            Shift low{0, 0, 0}, high{0, 0, 0}, shift;
            for (std::size_t c = 0; c < 3; ++c) {
                const auto axis = static_cast<Eigen::Index>(c);
                if (!structure.cell.periodic()[c]) continue;
                low[c] = static_cast<int>(std::floor(-apart[axis] - cutoff / heights[axis])) - 1;
                high[c] = static_cast<int>(std::ceil(-apart[axis] + cutoff / heights[axis])) + 1;
            }
            for (shift[0] = low[0]; shift[0] <= high[0]; ++shift[0])
                for (shift[1] = low[1]; shift[1] <= high[1]; ++shift[1])
                    for (shift[2] = low[2]; shift[2] <= high[2]; ++shift[2]) {
                        if (i == j && shift == Shift{0, 0, 0}) continue;
                        const Vec3 vector = edge_vector(structure, i, j, shift);
                        if (vector.squaredNorm() > cutoff * cutoff) continue;
                        list.neighbour.push_back(static_cast<int>(j));
                        list.shift.push_back(shift);
                        list.vector.push_back(vector);
                    }
        }
        list.first[i + 1] = static_cast<std::int64_t>(list.neighbour.size());
    }
    return list;
}

}  // namespace alkali::structure
