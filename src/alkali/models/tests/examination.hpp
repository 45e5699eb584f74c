#pragma once
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "alkali/base/random.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "conformance.hpp"

namespace alkali::models::testing {

/// What rounding leaves of an equality, relative to the largest value of the kind plus one (eV, eV/angstrom), and how
/// energies are to be differentiated.
struct Tolerance {
    double energy = 0, force = 0;
    double step = 0;        ///< angstrom
    double derivative = 0;  ///< relative
};
[[nodiscard]] Tolerance tolerance_of(Precision precision);

/// A loss on one graph: O = sum energies[i] E_i + sum edges[e] . dE/dr_e with random seeds.
struct Loss {
    StructureGraph graph;
    std::vector<double> energies;
    std::vector<Vec3> edges;

    [[nodiscard]] GradientSeeds seeds() const { return {energies, edges}; }
};

/// Energies and edge gradients of a graph.
struct Output {
    std::vector<double> energies;
    std::vector<Vec3> edge_gradient;
    bool operator==(const Output&) const = default;
};

/// One subject with the structures it is tried on.
class Conformance : public ::testing::TestWithParam<Subject> {
protected:
    /// One thread unless a test says otherwise: the structures are small.
    void SetUp() override;
    void TearDown() override;

    [[nodiscard]] calculator::Result compute(const structure::Structure& structure) {
        return calculator_->compute(structure, {.per_atom = true});
    }
    /// Random atoms of both types, no two nearer than 1.9 angstrom, images included, in a skewed cell.
    [[nodiscard]] structure::Structure random_structure(std::size_t atoms, double edge, std::array<bool, 3> periodic,
                                                        std::uint64_t seed) const;
    /// 3 atoms in a cell smaller than the cutoff, 20 atoms in a periodic cell, a slab, an open cluster.
    [[nodiscard]] std::vector<structure::Structure> structures() const;
    [[nodiscard]] structure::Structure cluster() const { return random_structure(9, 6.0, {false, false, false}, 4); }
    [[nodiscard]] structure::Structure dense_crystal() const;

    void expect_equal(const calculator::Result& got, const calculator::Result& expected, const std::string& what) const;
    [[nodiscard]] Loss random_loss(const structure::Structure& structure, std::uint64_t seed) const;
    [[nodiscard]] Output evaluate(const Model& model, const Graph& graph) const;
    [[nodiscard]] Output evaluate(TrainingPass& pass, const Graph& graph) const;
    /// O of a loss.
    [[nodiscard]] double objective(const Model& model, const Loss& loss) const;
    /// dO/dtheta.
    [[nodiscard]] std::vector<double> gradient(TrainingPass& pass, const Loss& loss) const;
    /// The same model through a file, in another precision.
    [[nodiscard]] std::shared_ptr<TrainableModel> reloaded(const TrainableModel& model, std::optional<Precision> precision) const;

    std::shared_ptr<TrainableModel> model_;
    std::unique_ptr<ModelCalculator> calculator_;
    Tolerance tolerance_;
    std::vector<int> numbers_;  ///< atomic number by type
    int threads_before_ = 1;
};

}  // namespace alkali::models::testing
