#pragma once
#include <memory>
#include <span>
#include <vector>

#include "alkali/models/nequip/linear.hpp"
#include "alkali/models/nequip/radial.hpp"

namespace alkali::models::nequip {

enum class RadialMode {
    spline,  ///< the model as alkali trains and runs it
    exact    ///< the radial network at every edge: what another program's weights mean to the last digit
};

/// What the kernels read, derived from the flat parameters.
template <class T>
struct LayerWeights {
    PackedLinear<T> linear_1, linear_2;
    std::vector<PackedLinear<T>> self;    ///< one per type; empty without self-connection
    base::AlignedVector<T> coefficients;  ///< radial spline, (intervals + 3) x weight_width
};

template <class T>
struct Weights {
    std::vector<LayerWeights<T>> layers;
    base::AlignedVector<T> embedding;          ///< (types, width of the first layer's input row)
    std::vector<T> neighbour_norm;             ///< (types) 1 / sqrt(avg_num_neighbors)
    std::vector<std::vector<double>> readout;  ///< matrices (in, out), scale included
    std::vector<double> readout_scales;        ///< of each matrix
    std::vector<double> scales, shifts;        ///< (types)
    int intervals = 0;
};

template <class T>
void derive(const Architecture& architecture, const std::vector<RadialNetwork>& radial, std::span<const double> parameters, int intervals,
            Weights<T>& weights);

}  // namespace alkali::models::nequip
