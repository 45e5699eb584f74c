#include "alkali/models/nequip/weights.hpp"

#include <cmath>

namespace alkali::models::nequip {
namespace {

std::span<const double> array(const Architecture& architecture, std::span<const double> parameters, std::size_t index) {
    const auto& info = architecture.info(index);
    return parameters.subspan(info.offset, info.size);
}

template <class T>
void derive_table(const RadialNetwork& radial, std::span<const double> parameters, int intervals, base::AlignedVector<T>& table) {
    std::vector<double> x(static_cast<std::size_t>(intervals) - 1);
    for (std::size_t k = 0; k < x.size(); ++k) x[k] = static_cast<double>(k) / intervals;
    const auto width = static_cast<std::size_t>(radial.width());
    std::vector<double> rows(x.size() * width), coefficients((static_cast<std::size_t>(intervals) + 3) * width);
    radial.evaluate(parameters, x, rows, {});
    spline_coefficients(rows, intervals, radial.width(), SplineEnd::zero, coefficients);
    table.assign(coefficients.begin(), coefficients.end());
}

}  // namespace

template <class T>
void derive(const Architecture& architecture, const std::vector<RadialNetwork>& radial, std::span<const double> parameters, int intervals,
            Weights<T>& weights) {
    const auto& h = architecture.hyper;
    const auto embedding = array(architecture, parameters, architecture.type_embed);
    const auto features = static_cast<std::size_t>(h.type_embed_num_features);
    const auto width = static_cast<std::size_t>(architecture.layers[0].input.width);
    weights.intervals = intervals;
    weights.embedding.assign(static_cast<std::size_t>(h.types()) * width, T(0));
    weights.neighbour_norm.clear();
    for (std::size_t t = 0; t < static_cast<std::size_t>(h.types()); ++t) {
        for (std::size_t u = 0; u < features; ++u) weights.embedding[t * width + u] = static_cast<T>(embedding[t * features + u]);
        weights.neighbour_norm.push_back(static_cast<T>(1 / std::sqrt(h.avg_num_neighbors[h.avg_num_neighbors.size() == 1 ? 0 : t])));
    }
    weights.layers.resize(architecture.layers.size());
    const auto layers = static_cast<int>(architecture.layers.size());
#pragma omp parallel for schedule(dynamic)
    for (int index = 0; index < layers; ++index) {
        const auto k = static_cast<std::size_t>(index);
        const LayerPlan& plan = architecture.layers[k];
        const LayerParameters& where = architecture.layer_parameters[k];
        LayerWeights<T>& layer = weights.layers[k];
        pack(plan.linear_1, array(architecture, parameters, where.linear_1), layer.linear_1);
        pack(plan.linear_2, array(architecture, parameters, where.linear_2), layer.linear_2);
        if (plan.self_connection) {
            layer.self.resize(static_cast<std::size_t>(h.types()));
            for (std::size_t t = 0; t < layer.self.size(); ++t)
                pack_self(plan.self, array(architecture, parameters, where.self), embedding.subspan(t * features, features), layer.self[t]);
        }
        derive_table(radial[k], parameters, intervals, layer.coefficients);
    }
    weights.readout.clear();
    weights.readout_scales.clear();
    for (std::size_t j = 0; j < architecture.readout.size(); ++j) {
        const auto values = array(architecture, parameters, architecture.readout[j]);
        const bool nonlinear = h.readout_mlp_nonlinearity == "silu";
        const double scale = (j > 0 && nonlinear ? std::sqrt(2.0) : 1.0) /
                             std::sqrt(static_cast<double>(architecture.info(architecture.readout[j]).shape[0]));
        weights.readout_scales.push_back(scale);
        weights.readout.emplace_back();
        for (const double v : values) weights.readout.back().push_back(scale * v);
    }
    const auto scales = array(architecture, parameters, architecture.scales), shifts = array(architecture, parameters, architecture.shifts);
    weights.scales.assign(scales.begin(), scales.end());
    weights.shifts.assign(shifts.begin(), shifts.end());
}

template void derive<float>(const Architecture&, const std::vector<RadialNetwork>&, std::span<const double>, int, Weights<float>&);
template void derive<double>(const Architecture&, const std::vector<RadialNetwork>&, std::span<const double>, int, Weights<double>&);

}  // namespace alkali::models::nequip
