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

/// place: where each input of the first layer stands in the rows that enter; inputs of one place are added up. Empty: in order.
template <class T>
void pack(const Architecture& architecture, const NetworkPlan& plan, std::span<const double> parameters, std::span<const int> place,
          int places, NetworkWeights<T>& weights);

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
        Rows<T> z_gradient;     ///< dE/dz
        Rows<T> tangent;        ///< of y
        Rows<T> z_tangent;
        Rows<T> adjoint;    ///< dO/dy
        Rows<T> z_adjoint;  ///< dO/dz
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

/// A network with its weights; place and places as in pack(). Objects are small: made where they are used.
template <class T>
class Network {
public:
    Network(const NetworkPlan& plan, const NetworkWeights<T>& weights, const kernels::KernelSet<T>& kernels, std::span<const int> place,
            int places)
        : plan_(plan), weights_(weights), kernels_(kernels), place_(place), places_(places) {}

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
    /// Gradient of a layer's weights over several NetworkRows, whose rows are taken one after the other. Their tangents' share is
    /// left out where they have none; either all have or none has.
    struct LayerGradient {
        Rows<T> w;             ///< (inputs or places, padded outputs)
        Rows<T> b, time_step;  ///< padded outputs
    };
    using Blocks = std::span<const NetworkRows<T>* const>;
    void resize(std::size_t layer, LayerGradient& gradient) const;
    /// dO/dz of all rows, then dE/dz of all rows where there are tangents: (1 or 2 x rows, padded outputs).
    void stack(Blocks blocks, std::size_t layer, Rows<T>& z) const;
    /// Writes dO/dW of some of the inputs (places for the first layer). z: of stack(); scratch: any.
    void weight_gradient(Blocks blocks, std::size_t layer, Range inputs, const Rows<T>& z, Rows<T>& scratch, LayerGradient& out) const;
    /// Writes dO/db and dO/d(time step).
    void bias_gradient(Blocks blocks, std::size_t layer, LayerGradient& out) const;

private:
    [[nodiscard]] int inputs(std::size_t layer) const { return layer == 0 ? places_ : plan_.layers[layer].inputs; }
    [[nodiscard]] int columns(std::size_t layer) const { return kernels::padded(plan_.layers[layer].outputs); }
    /// Where component c of what enters a layer stands.
    [[nodiscard]] int at(std::size_t layer, int c) const { return layer == 0 && !place_.empty() ? place_[static_cast<std::size_t>(c)] : c; }
    /// z += x W for all rows; z begins as it is.
    void multiply(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* z, bool accumulate) const;
    void multiply_back(const NetworkRows<T>& s, std::size_t layer, const T* z, T* x, long x_row) const;
    void add_skip(const NetworkRows<T>& s, std::size_t layer, const T* x, long x_row, T* y) const;
    void add_skip_back(const NetworkRows<T>& s, std::size_t layer, const T* y, T* x, long x_row) const;

    const NetworkPlan& plan_;
    const NetworkWeights<T>& weights_;
    const kernels::KernelSet<T>& kernels_;
    std::span<const int> place_;
    int places_;
};

/// Adds the gradient of a packed layer to that of its parameters (flat).
template <class T>
void unpack(const Architecture& architecture, const DenseLayer& layer, const typename Network<T>::LayerGradient& packed,
            std::span<const int> place, std::span<double> gradient);

}  // namespace alkali::models::deep_potential
