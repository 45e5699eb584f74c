#pragma once
#include <vector>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/math/spherical_harmonics.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/models/nequip/gate.hpp"
#include "alkali/models/nequip/readout.hpp"
#include "alkali/models/nequip/weights.hpp"

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
    bool round_geometry = false;  ///< precision float32: edge vectors and results rounded to float32
    bool keep = false;            ///< keep what the parameter gradient needs
};

/// Rows of one layer. x, mid and the derivatives marked (kept) exist in training only.
template <class T>
struct LayerState {
    using Rows = base::AlignedVector<T>;
    Rows x;                     ///< (rows, input) features that enter (kept; first layer: all atoms)
    Rows y;                     ///< (atoms, input) after linear_1 and the neighbour norm
    Rows mid;                   ///< (local, convolution output) (kept)
    Rows z;                     ///< (local, convolved) before the gate
    Rows value, first, second;  ///< (local, scalars) activations (kept)
    Rows x_gradient;            ///< (local, output) dE/d(features that leave) (kept)
    Rows z_gradient;            ///< (local, convolved) dE/dz (kept)
    Rows mid_gradient;          ///< (local, convolution output) dE/dmid
    Rows y_gradient;            ///< (atoms, input) dE/dy (kept)
};

/// Edge geometry of one graph.
template <class T>
struct GeometryState {
    std::vector<double> length, x, cutoff;  ///< (E); x = length / cutoff
    base::AlignedVector<T> harmonics;       ///< (E, S)
    std::vector<double> x_gradient, harmonics_gradient;
};

/// Energies and edge gradients of a graph. One object serves one graph at a time and keeps its memory.
template <class T>
class Pass {
public:
    explicit Pass(const PassSetup<T>& setup);
    void evaluate(const Graph& graph, Exchange& exchange, const Evaluation& out);

protected:
    static constexpr int chunk = 32;  ///< atoms per task: enough rows for the matrix products, few enough for the cache

    void prepare(const Graph& graph);
    /// As the precision sees it.
    [[nodiscard]] Vec3 edge_vector(const Graph& graph, std::size_t edge) const;
    void forward_layer(int k, const Graph& graph, Exchange& exchange);
    void read_out(const Graph& graph, const Evaluation& out);
    void backward_layer(int k, const Graph& graph, Exchange& exchange);
    void finish(const Graph& graph, const Evaluation& out);
    void add_pair_repulsion(const Graph& graph, const Evaluation& out);
    [[nodiscard]] kernels::RadialView<T> radial_view(int k, bool slopes);
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
    math::SphericalHarmonics harmonics_;
    Readout readout_;
    GeometryState<T> geometry_;
    std::vector<LayerState<T>> layers_;
    base::AlignedVector<T> features_;          ///< features that leave the last finished layer (local)
    base::AlignedVector<T> feature_gradient_;  ///< dE/d of them on the way back
    IncomingEdges incoming_;
    base::Profile* profile_ = nullptr;  ///< of the present evaluate()
    std::vector<T> rows_, slopes_;      ///< RadialMode::exact: weights per edge of the present layer
};

}  // namespace alkali::models::nequip
