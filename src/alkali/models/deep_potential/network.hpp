#pragma once
#include <span>
#include <vector>

#include "alkali/base/aligned.hpp"
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/deep_potential/architecture.hpp"

/// Dense networks on rows, with everything training needs. Rows are padded to lane_padding; what stands in the padding does not
/// matter to any result.
namespace alkali::models::deep_potential {

template <class T>
using Rows = base::AlignedVector<T>;

/// Matrices of a network as the kernels want them.
template <class T>
struct NetworkWeights {
    struct Layer {
        Rows<T> forward;    ///< (inputs, padded outputs)
        Rows<T> backward;   ///< (outputs, padded inputs)
        Rows<T> bias;       ///< padded outputs
        Rows<T> time_step;  ///< padded outputs; empty: none
    };
    std::vector<Layer> layers;
};

/// places: of the first layer's inputs; those of one place are added up. Null: in order.
template <class T>
void pack(const Architecture& architecture, const NetworkPlan& plan, std::span<const double> parameters, const Places* places,
          NetworkWeights<T>& weights);

/// How much a pass keeps.
enum class Keep {
    values,    ///< forward only
    slopes,    ///< and what backward() needs
    curvature  ///< and what tangent(), reverse() and the parameter gradient need
};

/// What one network computes for some rows.
template <class T>
struct NetworkRows {
    struct Layer {
        Rows<T> value;          ///< y
        Rows<T> raw;            ///< phi(z), where there is a time step
        Rows<T> first, second;  ///< phi'(z), phi''(z)
        Rows<T> gradient;       ///< dE/dy
        Rows<T> tangent;        ///< of y
        Rows<T> z_tangent;
        Rows<T> adjoint;      ///< dO/dy
        Rows<T> z_gradients;  ///< dE/dz where backward() was called, then dO/dz; may be longer
    };
    int rows = 0;
    const T* input = nullptr;  ///< (rows, input_row), the caller's; not looked at again unless Keep::curvature
    const T* input_tangent = nullptr;
    long input_row = 0;
    std::vector<Layer> layers;
};

struct Range {
    int begin = 0, end = 0;
    [[nodiscard]] int count() const { return end - begin; }
    auto operator<=>(const Range&) const = default;
};

/// A network with its weights; places as in pack(). Objects are small: made where they are used.
template <class T>
class Network {
public:
    Network(const NetworkPlan& plan, const NetworkWeights<T>& weights, const kernels::KernelSet<T>& kernels, const Places* places)
        : plan_(plan), weights_(weights), kernels_(kernels), places_(places) {}

    /// Row length of the output.
    [[nodiscard]] int width() const { return kernels::padded(plan_.outputs()); }
    [[nodiscard]] const T* output(const NetworkRows<T>& s) const { return s.layers.empty() ? s.input : s.layers.back().value.data(); }

    /// Fills s from s.rows, s.input and s.input_row.
    void forward(NetworkRows<T>& s, Keep keep) const;
    /// From gradient (rows, width()) of the output to that of the input, (rows, below_row), written to.
    void backward(NetworkRows<T>& s, const T* gradient, T* below, long below_row) const;
    /// Tangent of the output from s.input_tangent; returns a row pointer as output() does.
    const T* tangent(NetworkRows<T>& s) const;
    /// O = <adjoint, output> + <gradient of backward(), tangent of the output>: from the adjoint of the output to that of the
    /// input, (rows, below_row), written to, unless below is null.
    void reverse(NetworkRows<T>& s, const T* adjoint, T* below, long below_row) const;
    // The parameter gradient, over several NetworkRows, whose rows are taken one after the other. Their tangents' share is left out
    // where they have none; either all have or none has.
    using Blocks = std::span<const NetworkRows<T>* const>;
    /// dE/dz of all rows where there are tangents, then dO/dz of all rows: (1 or 2 x rows, padded outputs). memory: any, may be used.
    [[nodiscard]] std::span<const T> stack(Blocks blocks, std::size_t layer, Rows<T>& memory) const;
    /// Of a layer: its inputs, for the first one their places.
    [[nodiscard]] int entrances(std::size_t layer) const { return layer == 0 && places_ ? places_->count() : plan_.layers[layer].inputs; }
    struct Scratch {
        Rows<T> inputs, product;
    };
    /// Adds dO/dW of some entrances to w, (inputs, outputs). z: of stack(); scratch: any.
    void add_weight_gradient(Blocks blocks, std::size_t layer, Range entrances, std::span<const T> z, Scratch& scratch,
                             std::span<double> w) const;
    /// Adds dO/db and dO/d(time step), (outputs) each, the latter empty where there is none.
    void add_bias_gradient(Blocks blocks, std::size_t layer, std::span<double> b, std::span<double> time_step) const;

private:
    [[nodiscard]] int columns(std::size_t layer) const { return kernels::padded(plan_.layers[layer].outputs); }
    /// Where component c of what enters a layer stands.
    [[nodiscard]] int at(std::size_t layer, int c) const { return layer == 0 && places_ ? places_->of[static_cast<std::size_t>(c)] : c; }
    /// z += x W for all rows; z begins as it is.
    void multiply(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* z, bool accumulate) const;
    void multiply_back(const NetworkRows<T>& s, std::size_t layer, const T* z, T* x, long x_row) const;
    /// Where dE/dz and dO/dz of a layer stand.
    [[nodiscard]] std::size_t size(const NetworkRows<T>& s, std::size_t layer) const {
        return static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(columns(layer));
    }
    [[nodiscard]] std::span<const T> z_gradient(const NetworkRows<T>& s, std::size_t layer) const {
        return std::span(s.layers[layer].z_gradients).first(size(s, layer));
    }
    [[nodiscard]] std::span<const T> z_adjoint(const NetworkRows<T>& s, std::size_t layer) const {
        return std::span(s.layers[layer].z_gradients).subspan(s.input_tangent ? size(s, layer) : 0, size(s, layer));
    }
    void add_skip(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* y) const;
    void add_skip_back(const NetworkRows<T>& s, std::size_t layer, const T* y, T* x, long x_row) const;

    const NetworkPlan& plan_;
    const NetworkWeights<T>& weights_;
    const kernels::KernelSet<T>& kernels_;
    const Places* places_;
};

}  // namespace alkali::models::deep_potential
