#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "alkali/dataset/check.hpp"
#include "alkali/dataset/twins.hpp"

// What the checks of a whole set keep of each frame while it is read: little, so that files of any size can be checked.
namespace alkali::dataset {

/// Files and numbers of the frames seen, by row: 8 bytes each.
class Places {
public:
    std::uint32_t add(const Frame& frame);
    /// "file, frame 3".
    [[nodiscard]] std::string where(std::uint32_t row) const;

private:
    struct Row {
        std::uint32_t file, index;
    };
    std::vector<Row> rows_;
    std::vector<std::string> files_;
};

/// Atoms too near each other, by pair of species: 16 bytes for each pair of a frame.
class DistanceCheck {
public:
    void see(std::uint32_t row, const Frame& frame, std::vector<Finding>& findings);
    void conclude(const Places& places, const CheckLimits& limits, std::vector<Finding>& findings) const;

private:
    using Pair = std::pair<int, int>;  // atomic numbers, ascending
    struct Shortest {
        float distance;
        std::uint32_t i, j;  ///< of the pair's first and second species
        std::uint32_t row;
    };
    std::map<Pair, std::vector<Shortest>> shortest_;
};

/// Structures that are there twice: 100 bytes each.
class DuplicateCheck {
public:
    void see(std::uint32_t row, const Frame& frame);
    void conclude(const Places& places, std::vector<Finding>& findings);

private:
    struct Seen {
        double energy;  ///< per atom; NaN: none
        std::uint32_t row;
    };
    std::vector<Fingerprint> prints_;
    std::vector<Seen> seen_;
};

/// Energies far from the others of their composition, and zeros of energy that differ: 24 bytes each, and some ten thousand
/// frames without positions.
class EnergyCheck {
public:
    void see(std::uint32_t row, std::size_t source, const Frame& frame);
    void conclude(const std::vector<std::string>& sources, const Places& places, const CheckLimits& limits, std::vector<Finding>& findings);

private:
    struct Seen {
        double energy;  ///< per atom
        std::uint32_t row, source, composition;
    };
    void keep(std::size_t source, const Frame& frame, std::uint32_t composition);
    void thin();
    [[nodiscard]] std::vector<double> deviations(const std::vector<std::string>& sources);

    std::vector<Seen> seen_;
    std::map<std::vector<std::pair<int, int>>, std::uint32_t> compositions_;  ///< numbers of atoms by species
    std::vector<std::size_t> frames_of_;                                      ///< (compositions)
    FrameSet kept_;                                                           ///< species, cell, energy, and one force of the size of all
    std::vector<std::size_t> number_;  ///< (kept) place among all seen; 0 for the first frames of a composition, which stay
    std::size_t stride_ = 1;           ///< every so many are kept
};

/// Frames for check_stress(), thinned so that they fit into the memory given.
class StressSample {
public:
    explicit StressSample(std::size_t bytes) : bytes_(bytes) {}
    void see(std::size_t source, const Frame& frame);
    [[nodiscard]] FrameSet take(const std::vector<std::string>& sources);

private:
    FrameSet set_;
    std::vector<std::size_t> number_;  ///< (frames) place among those seen
    std::size_t bytes_, used_ = 0, seen_ = 0, stride_ = 1;
};

}  // namespace alkali::dataset
