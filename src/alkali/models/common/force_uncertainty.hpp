#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/safetensors.hpp"
#include "alkali/models/contract/graph.hpp"

namespace alkali::models {

/// What is known of a graph when a model has been evaluated.
struct Observation {
    const Graph& graph;
    double cutoff = 0;                    ///< of the model
    std::span<const double> features;     ///< (num_local, number of features), Evaluation::features
    std::span<const Vec3> edge_gradient;  ///< (E) eV/angstrom
    std::span<const Vec3> forces;         ///< (num_local) eV/angstrom
};

/// Standard deviation that one model expects of the errors of its force components: log s is a polynomial of second degree in some
/// numbers of the atom and of the component, error^2 = factor^2 ((spread s)^2 + floor^2). docs/theory/uncertainty.md. One process.
class ForceUncertainty {
public:
    // The numbers that s depends on. Of an atom: principal components of its features, one that is 1 for each type but the first, how
    // hard its edges pull, length of its force; of a component: how hard edges pull along it, size of the force along it, principal
    // components of the neighbours along it.
    static constexpr int most_components = 24, most_neighbour_components = 8;
    static constexpr int atom_extra = 2, component_extra = 2;

    /// (num_local) eV/angstrom, per component. The same bits for any number of threads.
    [[nodiscard]] std::vector<Vec3> expected(const Observation& seen) const;
    [[nodiscard]] std::size_t num_features() const { return static_cast<std::size_t>(mean.size()); }

    /// Tensors whose names begin with this.
    static constexpr std::string_view prefix = "uncertainty.";
    void store(io::TensorFile& file) const;
    /// Why this is not what a calibration gives, and its errors cannot be believed; empty: it is.
    [[nodiscard]] std::string fault() const;
    /// Nothing where the file has none. Errors: FileError naming `where` for tensors that are missing, unknown, do not fit each
    /// other or the model's number of features, or have a fault().
    [[nodiscard]] static std::optional<ForceUncertainty> from(const io::TensorFile& file, std::size_t num_features, std::size_t types,
                                                              const std::string& where);

    // What calibration sets.
    Eigen::Index types = 1;
    Eigen::VectorXd mean;           ///< (features)
    Eigen::MatrixXd components;     ///< (components, features) principal components of deviation 1
    Eigen::VectorXd centre, width;  ///< (atom_extra + columns of a component)
    Eigen::VectorXd linear;         ///< (1 + columns) with the constant
    Eigen::MatrixXd quadratic;      ///< (columns, columns) symmetric
    double low = 0, high = 0;       ///< range of log s in calibration
    double reach = 1;               ///< largest squared length of the principal components in calibration
    double spread = 1, floor = 0, factor = 1;

    [[nodiscard]] Eigen::Index num_components() const { return components.rows(); }
    [[nodiscard]] Eigen::Index num_neighbour_components() const {
        return std::min<Eigen::Index>(num_components(), most_neighbour_components);
    }
    [[nodiscard]] Eigen::Index atom_columns() const { return num_components() + types - 1 + atom_extra; }
    [[nodiscard]] Eigen::Index component_columns() const { return component_extra + num_neighbour_components(); }
    [[nodiscard]] Eigen::Index num_columns() const { return atom_columns() + component_columns(); }
    struct Columns {
        Eigen::MatrixXd atom;       ///< (atom_columns(), N)
        Eigen::MatrixXd component;  ///< (component_columns(), 3 N)
    };
    /// Of all atoms. Pulls, forces and neighbours are not yet centred.
    [[nodiscard]] Columns observe(const Observation& seen) const;
    /// Squared length of an atom's principal components.
    [[nodiscard]] double squared_length(const Columns& columns, Eigen::Index atom) const {
        return columns.atom.col(atom).head(num_components()).squaredNorm();
    }
    /// Centred and held within what calibration saw.
    void standardise(Columns& columns) const;
    /// log s of the three components of an atom, from standardised columns.
    [[nodiscard]] Vec3 log_deviation(const Columns& columns, Eigen::Index atom) const;
    /// Of the error of a component, from its s.
    [[nodiscard]] double error(double s) const;
};

}  // namespace alkali::models
