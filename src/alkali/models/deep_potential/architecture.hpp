#pragma once
#include <optional>
#include <span>
#include <vector>

#include "alkali/models/deep_potential/hyperparameters.hpp"

namespace alkali::models::deep_potential {

/// y = phi(x W + b) * idt + skip(x)
struct DenseLayer {
    enum class Skip {
        none,
        same,    ///< outputs = inputs: + x
        doubled  ///< outputs = 2 inputs: + (x, x)
    };
    std::size_t w = 0, b = 0;        ///< indices into Architecture::parameters
    std::optional<std::size_t> idt;  ///< time step, where the layer has a skip
    int inputs = 0, outputs = 0;
    Skip skip = Skip::none;
};

struct NetworkPlan {
    std::vector<DenseLayer> layers;
    int inputs = 0;
    kernels::Activation activation = kernels::Activation::tanh;
    [[nodiscard]] int outputs() const { return layers.empty() ? inputs : layers.back().outputs; }
};

/// Where the inputs of a network stand in the rows that enter it; inputs that share a place are the same number.
struct Places {
    std::vector<int> of;             ///< (inputs)
    std::vector<int> first, inputs;  ///< those of place p are inputs[first[p]] .. inputs[first[p + 1] - 1]

    /// places: one of each input, none of 0 .. count-1 left out.
    Places(std::vector<int> places, int count);
    [[nodiscard]] int count() const { return static_cast<int>(first.size()) - 1; }
};

/// Everything that follows from the hyperparameters: networks, names and places of parameters.
///   descriptor.embedding.{centre}_{neighbour}.layer_k.{w,b,idt}   se_e2_a; {neighbour} alone with type_one_side and in
///                                                                 se_e2_r without radial_pairs;
///                                                                 se_e3: of two neighbours' types, the smaller first
///   fitting.{type}.layer_k.{w,b,idt}, the last layer linear with one output
///   bias_atom_e (types) eV; davg, dstd (centre types, neighbour types, 4): mean and deviation of (s, s x/r, s y/r, s z/r)
struct Architecture {
    explicit Architecture(Hyperparameters hyperparameters);

    Hyperparameters hyper;
    std::vector<ParameterInfo> parameters;
    std::size_t parameter_count = 0;
    std::vector<NetworkPlan> embeddings;
    /// (types x types) which embedding serves a centre and a neighbour (se_e3: two neighbours), excluded pairs too: empty
    /// places have no type to exclude.
    std::vector<int> embedding_of;
    std::vector<NetworkPlan> fitting;  ///< (types) hidden layers
    struct Readout {
        std::size_t w = 0, b = 0;
    };
    std::vector<Readout> readout;  ///< (types)
    std::size_t bias = 0, davg = 0, dstd = 0;
    /// Of the components of the descriptor, as DeePMD-kit orders them, in the row that the kernels make; se_e2_a's symmetric
    /// components share a place.
    Places places;

    [[nodiscard]] const ParameterInfo& info(std::size_t index) const { return parameters[index]; }
    [[nodiscard]] std::size_t offset(std::size_t index) const { return parameters[index].offset; }
    /// One parameter array of those that `all` holds.
    template <class T>
    [[nodiscard]] std::span<T> array(std::size_t index, std::span<T> all) const {
        return all.subspan(info(index).offset, info(index).size);
    }
    template <class T>
    [[nodiscard]] std::span<T> array(std::optional<std::size_t> index, std::span<T> all) const {
        return index ? array(*index, all) : std::span<T>();
    }
    [[nodiscard]] int embedding(int centre, int neighbour) const {
        return embedding_of[static_cast<std::size_t>(centre * hyper.types() + neighbour)];
    }
    [[nodiscard]] int channels() const { return hyper.descriptor.neuron.back(); }
};

}  // namespace alkali::models::deep_potential
