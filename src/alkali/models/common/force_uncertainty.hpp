#pragma once
#include <Eigen/Core>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/io/safetensors.hpp"
#include "alkali/models/contract/graph.hpp"

namespace alkali::models {

/// What is known of atoms when a model has been evaluated.
struct Observation {
    std::span<const int> types;        ///< (N) model types
    std::span<const double> features;  ///< (N, number of features), Evaluation::features
    std::span<const Vec3> pulls;       ///< (N) edge_pulls()
    std::span<const Vec3> forces;      ///< (N) eV/angstrom
};

/// (num_local) how hard the edges of an atom pull along each axis: sum of the squares of their gradients' components over the edges
/// that begin or end at it, (eV/angstrom)^2. The same bits for any number of threads.
[[nodiscard]] std::vector<Vec3> edge_pulls(const Graph& graph, std::span<const Vec3> edge_gradient);

/// Standard deviation that one model expects of the errors of its force components: log s is a polynomial of second degree in a few
/// numbers of the atom and of the component, error^2 = factor^2 ((spread s)^2 + floor^2). docs/theory/uncertainty.md.
class ForceUncertainty {
public:
    /// The numbers that s depends on. Of an atom: principal components of its features, one that is 1 for each type but the first,
    /// how hard its edges pull, length of its force; of a component: how hard its edges pull along it, size of the force along it.
    static constexpr int most_components = 24;
    static constexpr int atom_extra = 2, component_columns = 2;

    /// (N) eV/angstrom, per component. The same bits for any number of threads.
    [[nodiscard]] std::vector<Vec3> expected(const Observation& seen) const;
    [[nodiscard]] std::size_t num_features() const { return static_cast<std::size_t>(mean.size()); }

    /// Tensors whose names begin with this.
    static constexpr std::string_view prefix = "uncertainty.";
    void store(io::TensorFile& file) const;
    /// Nothing where the file has none. Errors: FileError naming `where` for tensors that are missing or do not fit each other or
    /// the model's number of features.
    [[nodiscard]] static std::optional<ForceUncertainty> from(const io::TensorFile& file, std::size_t num_features, std::size_t types,
                                                              const std::string& where);

    // What calibration sets.
    Eigen::Index types = 1;
    Eigen::VectorXd mean;           ///< (features)
    Eigen::MatrixXd components;     ///< (components, features) principal components of deviation 1
    Eigen::VectorXd centre, width;  ///< (atom_extra + component_columns) of pulls and forces
    Eigen::VectorXd linear;         ///< (1 + columns) with the constant
    Eigen::MatrixXd quadratic;      ///< (columns, columns) symmetric
    double low = 0, high = 0;       ///< range of log s in calibration
    double reach = 1;               ///< largest squared length of the principal components in calibration
    double spread = 1, floor = 0, factor = 1;

    [[nodiscard]] Eigen::Index num_components() const { return components.rows(); }
    /// Of the atom, then of the component.
    [[nodiscard]] Eigen::Index num_columns() const { return num_components() + types - 1 + atom_extra + component_columns; }
    /// The columns of one atom, and for each of its three force components.
    struct Columns {
        Eigen::VectorXd atom;
        Eigen::Matrix<double, component_columns, 3> component;
    };
    /// Pulls and forces not yet centred.
    void observe(const Observation& seen, std::size_t atom, Columns& columns) const;
    /// Centred and held within what calibration saw.
    void standardise(Columns& columns) const;
    /// log s of the three components.
    [[nodiscard]] Vec3 log_deviation(const Columns& columns) const;
    /// Of the error of a component, from its s.
    [[nodiscard]] double error(double s) const;
};

}  // namespace alkali::models
