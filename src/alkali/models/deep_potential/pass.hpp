#pragma once
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "alkali/models/contract/model.hpp"
#include "alkali/models/deep_potential/descriptor.hpp"

namespace alkali::models::deep_potential {

/// Everything derived from the parameters, in the kernels' precision.
template <class T>
struct Weights {
    Tables<T> tables;
    std::vector<NetworkWeights<T>> fitting;  ///< (types)
    struct Readout {
        std::vector<double> w;
        double b = 0;  ///< with the bias of the type
    };
    std::vector<Readout> readout;  ///< (types)
    std::vector<Normalisation> normalisations;
    EmbeddingTables maker;  ///< of tables
};

/// intervals: of the tables.
template <class T>
void derive(const Architecture& architecture, std::span<const double> parameters, int intervals, Weights<T>& weights);

template <class T>
struct PassSetup {
    const Architecture* architecture = nullptr;
    const Weights<T>* weights = nullptr;
    const kernels::KernelSet<T>* kernels = nullptr;
    bool round_geometry = false;  ///< precision float32: edge vectors and results rounded
};

/// How the atoms of a graph are shared out. Sums over atoms are made by unit, and units follow from the graph alone, so that results
/// do not depend on the number of threads. A block is what one thread has in hand: a few units, since products of more rows read the
/// weights less often.
struct AtomPlan {
    std::vector<int> atoms;     ///< local atoms by type
    std::vector<Range> units;   ///< of atoms
    std::vector<Range> blocks;  ///< of units
    AtomPlan(const Graph& graph, int types, int threads);
    [[nodiscard]] std::span<const int> atoms_of(Range block) const;
};

/// A block of atoms, from descriptor to energy and back, by one thread.
template <class T>
class BlockPass {
public:
    /// Goes over to another model, keeping the memory.
    void use(const PassSetup<T>& setup);
    /// atoms: by type; must outlive what follows.
    void evaluate(const Graph& graph, std::span<const int> atoms, const Evaluation& out, bool keep);
    /// After evaluate() with keep: fills what the weights' gradients need, for O = sum of seeds.
    void differentiate(const GradientSeeds& seeds);

    /// What the fitting net of a type computed; null where the block has no such atom.
    [[nodiscard]] const NetworkRows<T>* rows(int type) const { return count(type) > 0 ? &rows_[static_cast<std::size_t>(type)] : nullptr; }
    /// From some atoms of the block.
    void accumulate_tables(Range atoms, std::span<T> table_gradient) const {
        descriptor_->accumulate(atoms.begin, atoms.end, table_gradient);
    }
    /// From all of them, adds dO/d(last weights) and the sum of energy seeds.
    void accumulate_readout(int type, std::span<double> w, double& b) const;
    [[nodiscard]] Network<T> network(int type) const;

private:
    [[nodiscard]] int count(int type) const { return begin_[static_cast<std::size_t>(type) + 1] - begin_[static_cast<std::size_t>(type)]; }
    [[nodiscard]] std::ptrdiff_t row_offset(int type) const {
        return static_cast<std::ptrdiff_t>(begin_[static_cast<std::size_t>(type)]) * descriptor_->row();
    }
    void find_types(const Graph& graph);
    void fit(int type, const Evaluation& out, bool keep);
    /// (atoms of the type, network width) of its last weights, times a factor by atom.
    template <class Factor>
    void fill_readout_rows(int type, Factor factor);
    [[nodiscard]] int types() const { return setup_.architecture->hyper.types(); }

    PassSetup<T> setup_;
    std::map<DescriptorKind, std::unique_ptr<DescriptorBlock<T>>> descriptors_;  ///< those used so far
    DescriptorBlock<T>* descriptor_ = nullptr;                                   ///< that of the present model
    std::span<const int> atoms_;                                                 ///< by type
    std::vector<int> begin_;                                                     ///< (types + 1)
    std::vector<NetworkRows<T>> rows_;
    Rows<T> output_gradient_;
    std::vector<double> energy_seeds_;      ///< in the order of atoms_
    std::vector<const T*> output_tangent_;  ///< (types)
};

/// Evaluation for inference.
template <class T>
class InferencePass {
public:
    /// Goes over to another model, keeping the memory.
    void use(const PassSetup<T>& setup) { setup_ = setup; }
    void evaluate(const Graph& graph, const Evaluation& out);

private:
    PassSetup<T> setup_;
    std::vector<std::unique_ptr<BlockPass<T>>> by_thread_;
};

/// Evaluation and parameter gradient: every block stays.
template <class T>
class GradientPass final : public TrainingPass {
public:
    /// parameters: those of the model, which change from step to step.
    GradientPass(const PassSetup<T>& setup, std::span<const double> parameters) : setup_(setup), parameters_(parameters) {}
    void evaluate(const Graph& graph, const Evaluation& out) override;
    void accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) override;

private:
    void accumulate_fitting(std::span<double> gradient);
    void accumulate_tables(std::span<double> gradient);

    /// f(block, atoms of the unit in the block) for units begin .. end-1, in order.
    template <class F>
    void for_units(std::size_t begin, std::size_t end, F f) const;

    PassSetup<T> setup_;
    std::span<const double> parameters_;
    std::optional<AtomPlan> plan_;  ///< of the present graph
    std::vector<std::unique_ptr<BlockPass<T>>> blocks_;
    // Kept from step to step: fresh memory costs more than what is computed in it.
    Rows<T> stack_;
    std::vector<typename Network<T>::Scratch> scratch_;  ///< by thread
    std::vector<Rows<T>> parts_;                         ///< of the tables' gradient
    EmbeddingTables tables_;
    std::vector<double> table_sum_;
};

}  // namespace alkali::models::deep_potential
