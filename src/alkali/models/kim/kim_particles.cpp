#include "alkali/models/kim/kim_particles.hpp"

#include <array>
#include <string>
#include <unordered_map>

#include "alkali/base/error.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::models::kim {
namespace {

constexpr double overlap = 0.1;  // angstrom

using Shift = std::array<int, 3>;

/// Atom number and image of a particle in one integer: 34 bits of atom, 10 of each shift.
std::int64_t key(int atom, const Shift& shift) {
    constexpr int offset = 512;
    std::int64_t packed = atom;
    for (const int s : shift) packed = packed * 2 * offset + (s + offset);
    return packed;
}

class Builder {
public:
    Builder(const structure::Structure& structure, const Reach& reach)
        : structure_(structure), reach_(reach), edges_(structure::neighbour_list(structure, reach.influence)) {}

    Particles build() {
        add_atoms();
        add_ghosts();
        for (std::size_t k = 0; k < reach_.cutoffs.size(); ++k) add_list(reach_.cutoffs[k], reach_.ghosts_have_neighbours[k]);
        return std::move(out_);
    }

private:
    void add(int atom, const Shift& shift) {
        index_.emplace(key(atom, shift), static_cast<int>(out_.size()));
        out_.home.push_back(atom);
        shifts_.push_back(shift);
        const Vec3 moved = structure_.cell.vectors().transpose() * Vec3(shift[0], shift[1], shift[2]);
        out_.positions.push_back(structure_.positions[static_cast<std::size_t>(atom)] + moved);
    }

    void add_atoms() {
        out_.atoms = structure_.size();
        for (std::size_t i = 0; i < structure_.size(); ++i) add(static_cast<int>(i), {0, 0, 0});
    }

    void add_ghosts() {
        for (std::size_t i = 0; i < structure_.size(); ++i)
            for (auto e = edges_.first[i]; e < edges_.first[i + 1]; ++e) {
                const auto k = static_cast<std::size_t>(e);
                if (edges_.vector[k].norm() < overlap)
                    throw InputError("atoms " + std::to_string(i + 1) + " and " + std::to_string(edges_.neighbour[k] + 1) +
                                     " are nearer than 0.1 angstrom");
                if (!index_.contains(key(edges_.neighbour[k], edges_.shift[k]))) add(edges_.neighbour[k], edges_.shift[k]);
            }
    }

    // The neighbours of a ghost are those of its home atom moved along with it, as far as they are particles here.
    void add_list(double cutoff, bool with_ghosts) {
        ParticleNeighbours list;
        list.first.push_back(0);
        for (std::size_t p = 0; p < out_.size(); ++p) {
            if (p < out_.atoms || with_ghosts) add_neighbours(p, cutoff, list.neighbour);
            list.first.push_back(static_cast<std::int64_t>(list.neighbour.size()));
        }
        out_.lists.push_back(std::move(list));
    }

    void add_neighbours(std::size_t p, double cutoff, std::vector<int>& neighbours) const {
        const auto home = static_cast<std::size_t>(out_.home[p]);
        for (auto e = edges_.first[home]; e < edges_.first[home + 1]; ++e) {
            const auto k = static_cast<std::size_t>(e);
            if (edges_.vector[k].squaredNorm() > cutoff * cutoff) continue;
            const Shift& s = edges_.shift[k];
            const Shift image{s[0] + shifts_[p][0], s[1] + shifts_[p][1], s[2] + shifts_[p][2]};
            const auto found = index_.find(key(edges_.neighbour[k], image));
            if (found != index_.end()) neighbours.push_back(found->second);
        }
    }

    const structure::Structure& structure_;
    const Reach& reach_;
    structure::NeighbourList edges_;
    Particles out_;
    std::vector<Shift> shifts_;
    std::unordered_map<std::int64_t, int> index_;
};

}  // namespace

Particles make_particles(const structure::Structure& structure, const Reach& reach) { return Builder(structure, reach).build(); }

}  // namespace alkali::models::kim
