#pragma once
#include <span>
#include <vector>

#include "alkali/kernels/contract/triplet.hpp"
#include "alkali/models/deep_potential/network.hpp"

namespace alkali::models::deep_potential {

/// Embedding nets as cubic B-splines on a grid that is uniform in t = asinh(x): as fine as a uniform one where environments are usual
/// (|x| about 1: x is divided by its deviation), coarser where atoms overlap. All nets of a model share the grid; their rows follow
/// each other.
struct TableAxis {
    double start = 0;     ///< t of the first knot
    double per_unit = 0;  ///< knots per unit of t
    int intervals = 0;

    /// Covers [low, high] with some intervals to spare: the ends of a spline are its worst part.
    [[nodiscard]] static TableAxis covering(double low, double high, int intervals);
    [[nodiscard]] int rows() const { return intervals + 3; }
    [[nodiscard]] double knot(int k) const;
    [[nodiscard]] kernels::TripletAxis triplet() const { return {1.0, start, per_unit, rows()}; }
};

/// Where a number stands: first of the four rows, values and slopes (d/dx) of their splines.
struct TablePosition {
    int row = 0;
    double basis[4] = {}, slope[4] = {};
};
[[nodiscard]] TablePosition position(const TableAxis& axis, double x);

/// The range of what goes into the embedding nets of a model, for atoms down to models::overlap_distance.
[[nodiscard]] std::pair<double, double> number_range(const Architecture& architecture, std::span<const double> parameters);

/// Makes tables and their gradient; keeps its memory from step to step.
class EmbeddingTables {
public:
    /// Padded number of channels.
    [[nodiscard]] static int width(const Architecture& architecture) { return kernels::padded(architecture.channels()); }
    /// (embeddings x rows, width), from the networks.
    void build(const Architecture& architecture, std::span<const double> parameters, const TableAxis& axis,
               const kernels::KernelSet<double>& kernels, Rows<double>& table);
    /// Adds to gradient (flat) what dO/dtable implies.
    void accumulate_gradient(const Architecture& architecture, std::span<const double> parameters, const TableAxis& axis,
                             const kernels::KernelSet<double>& kernels, std::span<const double> table_gradient, std::span<double> gradient);

private:
    /// Knots as input rows of the networks.
    void set_knots(const TableAxis& axis);

    Rows<double> x_, adjoint_, z_;
    NetworkRows<double> rows_;
    NetworkWeights<double> weights_;
    Network<double>::Scratch scratch_;
};

}  // namespace alkali::models::deep_potential
