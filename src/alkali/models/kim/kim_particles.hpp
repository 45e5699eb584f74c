#pragma once
#include <span>
#include <vector>

#include "alkali/structure/structure.hpp"

namespace alkali::models::kim {

/// What a KIM model asks of the neighbour lists.
struct Reach {
    double influence = 0;                      ///< angstrom: images within it of an atom become ghosts
    std::vector<double> cutoffs;               ///< angstrom, one list each
    std::vector<bool> ghosts_have_neighbours;  ///< per list: the model also asks for neighbours of ghosts
};

/// Full neighbour lists of one cutoff; ghosts without neighbours have empty ranges.
struct ParticleNeighbours {
    std::vector<std::int64_t> first;  ///< (particles + 1)
    std::vector<int> neighbour;
};

/// A structure as KIM sees it: no cell, atoms first, then the periodic images that interact with them as ghosts.
struct Particles {
    std::size_t atoms = 0;
    std::vector<int> home;        ///< (particles) the atom that a particle is an image of
    std::vector<Vec3> positions;  ///< (particles) angstrom
    std::vector<ParticleNeighbours> lists;

    [[nodiscard]] std::size_t size() const { return home.size(); }
};

/// Errors: InputError naming both atoms when two are nearer than 0.1 angstrom; positions that are not finite.
[[nodiscard]] Particles make_particles(const structure::Structure& structure, const Reach& reach);

}  // namespace alkali::models::kim
