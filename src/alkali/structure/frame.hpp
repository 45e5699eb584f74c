#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alkali/structure/structure.hpp"

namespace alkali::structure {

/// What is known of a structure: DFT labels or a model's predictions. Absent means not given (never zero).
struct Labels {
    std::optional<double> energy;                 ///< eV, whole structure, force-consistent
    std::optional<std::vector<Vec3>> forces;      ///< eV/angstrom
    std::optional<Mat3> stress;                   ///< eV/angstrom^3, positive in tension
    std::optional<std::vector<double>> energies;  ///< eV per atom, where a model gives them
};

/// A further quantity of every atom, for files that hold such columns.
struct AtomColumn {
    std::string name;
    std::size_t width = 1;       ///< numbers per atom
    std::vector<double> values;  ///< (N, width)
};

/// A structure with labels and what its file says of it besides.
struct Frame {
    Structure structure;
    Labels labels;
    double weight = 1.0;                      ///< of the whole frame in a loss
    std::map<std::string, std::string> info;  ///< further key=value pairs of its header, as text (config_type, group, ...)
    std::string source;                       ///< file it came from
    std::size_t index = 0;                    ///< its number in that file, from 0
    std::vector<AtomColumn> columns;          ///< written by extxyz, not read

    /// "file, frame 3" for messages.
    [[nodiscard]] std::string where() const { return source + ", frame " + std::to_string(index); }
};

}  // namespace alkali::structure
