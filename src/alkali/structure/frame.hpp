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
    enum class Kind { real, integer, logical, text };
    std::string name;
    std::size_t width = 1;             ///< values per atom
    std::vector<double> values;        ///< (N, width); logical: 1 and 0; empty for text
    Kind kind = Kind::real;            ///< what the values are
    std::vector<std::string> words{};  ///< (N, width) of a text
};

/// Weights of single labels in a loss, beside the frame's.
struct LabelWeights {
    double energy = 1.0, forces = 1.0, stress = 1.0;
    friend bool operator==(const LabelWeights&, const LabelWeights&) = default;
};

/// A structure with labels and what its file says of it besides.
struct Frame {
    Structure structure;
    Labels labels;
    double weight = 1.0;                      ///< of the whole frame in a loss
    std::map<std::string, std::string> info;  ///< further key=value pairs of its header, as text (config_type, group, ...)
    std::string source;                       ///< file it came from
    std::size_t index = 0;                    ///< its number in that file, from 0
    std::vector<AtomColumn> columns;          ///< further quantities of the atoms; extended XYZ holds them
    LabelWeights weights{};                   ///< of its labels; one of weight 0 is left out when read

    /// "file, frame 3" for messages.
    [[nodiscard]] std::string where() const { return source + ", frame " + std::to_string(index); }
};

}  // namespace alkali::structure
