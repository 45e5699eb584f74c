#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/models/nequip/gate.hpp"
#include "alkali/models/nequip/readout.hpp"
#include "alkali/models/nequip/weights.hpp"
#include "alkali/models/nequip/windows.hpp"

namespace alkali::models::nequip {

/// What a pass reads and never changes.
template <class T>
struct PassSetup {
    const Architecture* architecture = nullptr;
    const std::vector<RadialNetwork>* radial = nullptr;
    const Weights<T>* weights = nullptr;
    const kernels::KernelSet<T>* kernels = nullptr;
    std::span<const double> parameters;  ///< for RadialMode::exact
    RadialMode mode = RadialMode::spline;
    bool round_geometry = false;      ///< precision float32: edge vectors and results rounded to float32
    bool keep = false;                ///< keep what the parameter gradient needs
    std::size_t most_bytes_held = 0;  ///< see EvaluationOptions
};

/// Rows of one layer. Those marked (kept) exist in training only; otherwise gradients take the place of what they are
/// gradients of: dE/dz that of z, dE/dy that of y.
template <class T>
struct LayerState {
    using Rows = base::AlignedVector<T>;
    Rows x;                     ///< (rows, input) features that enter (kept; first layer: all atoms)
    Rows y;                     ///< (atoms, input) after linear_1 and the neighbour norm
    Rows ghost_y;               ///< (ghosts, input) while y is given back
    Rows mid;                   ///< (local, convolution output) (kept)
    Rows z;                     ///< (local, convolved) before the gate
    Rows value, first, second;  ///< (local, scalars) activations (kept)
    Rows x_gradient;            ///< (local, output) dE/d(features that leave) (kept)
    Rows z_gradient;            ///< (local, convolved) dE/dz (kept)
    Rows mid_gradient;          ///< (local, convolution output) dE/dmid (kept)
    Rows y_gradient;            ///< (atoms, input) dE/dy (kept)
};

/// Energies and edge gradients of a graph. One object serves one graph at a time and keeps its memory.
template <class T>
class Pass {
public:
    Pass() = default;
    explicit Pass(const PassSetup<T>& setup) { use(setup); }
    /// Goes over to another model, keeping the memory.
    void use(const PassSetup<T>& setup);
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out);

protected:
    using Rows = base::AlignedVector<T>;
    static constexpr int chunk = 32;     ///< atoms per task: enough rows for the matrix products, few enough for the cache
    static constexpr int window = 4096;  ///< atoms per window of the backward convolution: enough tasks for many threads

    void prepare(const Graph& graph);
    /// Features that enter the first layer, up to y.
    void embed(const Graph& graph);
    /// From the features x of atoms [begin, end) that enter layer k to their rows of y.
    void enter(int k, const Graph& graph, const T* x, int begin, int end);
    /// enter() and, through the self-connection, their rows of z.
    void project(int k, const Graph& graph, const T* x, int begin, int end);
    /// From z of atoms [begin, end) to the features x that leave layer k.
    void leave(int k, T* x, int begin, int end);
    [[nodiscard]] bool too_large(const Rows& rows) const { return !setup_.keep && rows.size() * sizeof(T) > setup_.most_bytes_held; }
    /// y of layer k is not needed until the way back: gives it back if it is large.
    void set_aside(int k, const Graph& graph);
    void restore(int k, const Graph& graph);
    void forward_layer(int k, const Graph& graph, Exchange& exchange);
    void read_out(const Graph& graph, const Evaluation& out);
    /// From dE/d(features that leave layer k) of atoms [begin, end) to dE/dz.
    void backward_gate(int k, const T* x_gradient, int begin, int end);
    /// dE/dmid of the given centres, from dE/dz.
    void backward_linear(int k, std::span<const std::int32_t> centres);
    /// From dE/dz of layer k to that of the layer below, and the layer's share of the edge gradient.
    void backward_layer(int k, const Graph& graph, Exchange& exchange, const Evaluation& result);
    void add_pair_repulsion(const Graph& graph, const Evaluation& out);
    [[nodiscard]] Rows& z_gradient(int k);
    [[nodiscard]] Rows& y_gradient(int k);
    [[nodiscard]] Rows& mid_gradient(int k);
    [[nodiscard]] kernels::EdgeView edge_view(const Graph& graph) const;
    [[nodiscard]] kernels::RadialView<T> radial_view(int k, const Graph& graph, bool slopes);
    /// Calls f(type, begin, count) for runs of equal type in [begin, end).
    template <class F>
    void for_runs(const Graph& graph, int begin, int end, F f) const {
        while (begin < end) {
            int stop = begin + 1;
            const int type = graph.types[static_cast<std::size_t>(begin)];
            while (stop < end && graph.types[static_cast<std::size_t>(stop)] == type) ++stop;
            f(static_cast<std::size_t>(type), begin, stop - begin);
            begin = stop;
        }
    }
    void scale_rows(const Graph& graph, T* rows, int width, int begin, int end) const;

    PassSetup<T> setup_;
    std::optional<Readout> readout_;
    std::shared_ptr<const std::vector<double>> cutoff_;  ///< (E) where it depends on the types, else null
    std::vector<LayerState<T>> layers_;
    Rows features_;          ///< (local) features that leave the last layer
    Rows feature_gradient_;  ///< (local) dE/d of them
    Rows mid_gradient_;      ///< (rows of the windows, convolution output) dE/dmid of the layer at work
    std::shared_ptr<const Windows> windows_;
    base::Profile* profile_ = nullptr;  ///< of the present evaluate()
    std::vector<T> rows_, slopes_;      ///< RadialMode::exact: weights per edge of the present layer
};

}  // namespace alkali::models::nequip
