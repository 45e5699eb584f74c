#include "alkali/models/deep_potential/table.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/math/cubic_basis.hpp"
#include "alkali/models/common/spline.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/deep_potential/environment.hpp"

namespace alkali::models::deep_potential {
namespace {

/// At either end; what the end of a natural spline does wrong falls by 0.27 with each.
constexpr int spare_intervals = 10;

}  // namespace

TableAxis TableAxis::covering(double low, double high, int intervals) {
    TableAxis axis;
    axis.intervals = intervals;
    const double begin = std::asinh(low), end = std::asinh(high);
    axis.per_unit = (intervals - 2 * spare_intervals) / (end - begin);
    axis.start = begin - spare_intervals / axis.per_unit;
    return axis;
}

double TableAxis::knot(int k) const { return std::sinh(start + k / per_unit); }

TablePosition position(const TableAxis& axis, double x) {
    // asinh by its logarithm: half the time, and as exact to within roundings of 1.
    const double root = std::sqrt(1 + x * x), t_of_x = std::copysign(std::log(std::abs(x) + root), x);
    const double u = (t_of_x - axis.start) * axis.per_unit;
    TablePosition p;
    p.row = std::clamp(static_cast<int>(u), 0, axis.intervals - 1);
    math::cubic_basis(u - p.row, p.basis, p.slope);
    for (double& slope : p.slope) slope *= axis.per_unit / root;
    return p;
}

std::pair<double, double> number_range(const Architecture& architecture, std::span<const double> parameters) {
    const auto& d = architecture.hyper.descriptor;
    const Sight nearest = bare_sight(d, overlap_distance);
    double low = 0, high = 0;
    for (const Normalisation& n : normalisations(architecture, parameters)) {
        if (d.type == DescriptorKind::se_e3) {
            const double u = nearest.h * overlap_distance / n.angular_deviation;
            high = std::max(high, u * u);
        } else {
            low = std::min(low, n.empty());
            high = std::max(high, (nearest.x - n.mean) / n.deviation);
        }
    }
    // Inner products of directions have either sign.
    if (d.type == DescriptorKind::se_e3) low = -high;
    return {low, high};
}

void EmbeddingTables::set_knots(const TableAxis& axis) {
    const int row = kernels::padded(1);
    x_.assign(static_cast<std::size_t>(axis.intervals + 1) * static_cast<std::size_t>(row), 0.0);
    for (int k = 0; k <= axis.intervals; ++k) x_[static_cast<std::size_t>(k) * static_cast<std::size_t>(row)] = axis.knot(k);
    rows_.rows = axis.intervals + 1;
    rows_.input = x_.data();
    rows_.input_row = row;
}

void EmbeddingTables::build(const Architecture& architecture, std::span<const double> parameters, const TableAxis& axis,
                            const kernels::KernelSet<double>& kernels, Rows<double>& table) {
    set_knots(axis);
    const auto width = static_cast<std::size_t>(EmbeddingTables::width(architecture));
    const auto size = static_cast<std::size_t>(axis.rows()) * width;
    table.resize(architecture.embeddings.size() * size);
    for (std::size_t k = 0; k < architecture.embeddings.size(); ++k) {
        const auto& plan = architecture.embeddings[k];
        pack<double>(architecture, plan, parameters, nullptr, weights_);
        const Network<double> network(plan, weights_, kernels, nullptr);
        network.forward(rows_, Keep::values);
        const std::span<const double> values(network.output(rows_), (static_cast<std::size_t>(axis.intervals) + 1) * width);
        spline_coefficients(values, axis.intervals, static_cast<int>(width), SplineEnd::natural, std::span(table).subspan(k * size, size));
    }
    // Nothing but zeros in the padding, whatever the activation gives at zero.
    const auto channels = static_cast<std::size_t>(architecture.channels());
    for (std::size_t row = 0; row < table.size(); row += width)
        std::fill(table.begin() + static_cast<std::ptrdiff_t>(row + channels), table.begin() + static_cast<std::ptrdiff_t>(row + width),
                  0.0);
}

void EmbeddingTables::accumulate_gradient(const Architecture& architecture, std::span<const double> parameters, const TableAxis& axis,
                                          const kernels::KernelSet<double>& kernels, std::span<const double> table_gradient,
                                          std::span<double> gradient) {
    set_knots(axis);
    const auto width = static_cast<std::size_t>(EmbeddingTables::width(architecture));
    const auto size = static_cast<std::size_t>(axis.rows()) * width;
    adjoint_.resize((static_cast<std::size_t>(axis.intervals) + 1) * width);
    const NetworkRows<double>* const rows[] = {&rows_};
    for (std::size_t k = 0; k < architecture.embeddings.size(); ++k) {
        const auto& plan = architecture.embeddings[k];
        spline_gradient(table_gradient.subspan(k * size, size), axis.intervals, static_cast<int>(width), SplineEnd::natural, adjoint_);
        pack<double>(architecture, plan, parameters, nullptr, weights_);
        const Network<double> network(plan, weights_, kernels, nullptr);
        network.forward(rows_, Keep::curvature);
        network.reverse(rows_, adjoint_.data(), nullptr, 0);
        for (std::size_t l = 0; l < plan.layers.size(); ++l) {
            const DenseLayer& layer = plan.layers[l];
            const auto z = network.stack(rows, l, z_);
            network.add_weight_gradient(rows, l, {0, network.entrances(l)}, z, scratch_, architecture.array(layer.w, gradient));
            network.add_bias_gradient(rows, l, architecture.array(layer.b, gradient), architecture.array(layer.idt, gradient));
        }
    }
}

}  // namespace alkali::models::deep_potential
