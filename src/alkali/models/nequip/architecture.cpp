#include "alkali/models/nequip/architecture.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"

namespace alkali::models::nequip {
namespace {

using Irreps = std::vector<std::pair<Irrep, int>>;

int parity_of_harmonics(int l) { return l % 2 == 0 ? 1 : -1; }

bool reachable(const Irreps& input, int l_max, Irrep out) {
    for (const auto& [in, count] : input)
        for (int l = 0; l <= l_max; ++l)
            if (in.p * parity_of_harmonics(l) == out.p && out.l >= std::abs(in.l - l) && out.l <= in.l + l) return true;
    return false;
}

/// Hidden irreps of a layer, in nequip's order: by l, even before odd with parity, else the natural parity only.
Irreps hidden_irreps(const Hyperparameters& h, bool last) {
    Irreps hidden;
    for (int l = 0; l <= (last ? 0 : h.l_max); ++l) {
        const int count = h.num_features[static_cast<std::size_t>(l)];
        if (last)
            hidden.push_back({{0, 1}, count});
        else if (h.parity) {
            hidden.push_back({{l, 1}, count});
            hidden.push_back({{l, -1}, count});
        } else
            hidden.push_back({{l, parity_of_harmonics(l)}, count});
    }
    return hidden;
}

RowLayout layout_of(const Irreps& irreps) {
    RowLayout layout;
    for (const auto& [irrep, count] : irreps) layout.add(irrep, count);
    return layout;
}

/// What of a row, blocks of (offset, length), is not among the offsets seen.
std::vector<std::pair<int, int>> missing(const std::vector<std::pair<int, int>>& row, const std::vector<int>& seen) {
    std::vector<std::pair<int, int>> gaps;
    for (const auto& block : row)
        if (std::find(seen.begin(), seen.end(), block.first) == seen.end()) gaps.push_back(block);
    return gaps;
}

bool is_new(std::vector<int>& seen, int offset) {
    if (std::find(seen.begin(), seen.end(), offset) != seen.end()) return false;
    seen.push_back(offset);
    return true;
}

void finish(LinearPlan& plan, const std::vector<std::pair<int, int>>& input, const RowLayout& output) {
    plan.output_width = output.width;
    plan.packed_size = 0;
    std::vector<int> written, used;
    for (auto& block : plan.blocks) {
        block.first = is_new(written, block.output);
        block.first_back = is_new(used, block.input);
        block.packed = plan.packed_size;
        plan.packed_size += static_cast<std::size_t>(block.in_channels) * static_cast<std::size_t>(block.out_channels);
    }
    std::vector<std::pair<int, int>> row;
    for (const auto& block : output.blocks) row.emplace_back(block.offset, (2 * block.irrep.l + 1) * block.channels);
    plan.unwritten = missing(row, written);
    plan.unwritten_back = missing(input, used);
}

/// One input group of a linear map: a block of the input row that is part of e3nn's (simplified) irrep.
struct Source {
    Irrep irrep;
    int offset, count, channels;
    int row;  ///< first row within the irrep's weight matrix
};

/// e3nn's Linear: for each input irrep in order and each equal output irrep a (mul_in, mul_out) matrix, flat one after
/// another; norm 1/sqrt(mul_in). The output irrep may be spread over several blocks (scalars and gates).
LinearPlan linear_plan(const std::vector<Source>& sources, const RowLayout& output, int input_width) {
    LinearPlan plan;
    plan.input_width = input_width;
    std::vector<Irrep> order;
    for (const auto& s : sources)
        if (std::find(order.begin(), order.end(), s.irrep) == order.end()) order.push_back(s.irrep);
    for (const Irrep irrep : order) {
        int rows = 0, columns = 0;
        for (const auto& s : sources)
            if (s.irrep == irrep) rows += s.count;
        for (const auto& b : output.blocks)
            if (b.irrep == irrep) columns += b.count;
        if (columns == 0) continue;
        for (const auto& s : sources) {
            if (s.irrep != irrep) continue;
            int column = 0;
            for (const auto& b : output.blocks) {
                if (b.irrep != irrep) continue;
                LinearBlock block;
                block.input = s.offset;
                block.output = b.offset;
                block.components = 2 * irrep.l + 1;
                block.in_count = s.count;
                block.in_channels = s.channels;
                block.out_count = b.count;
                block.out_channels = b.channels;
                block.row_stride = static_cast<std::size_t>(columns);
                block.group = plan.weights;
                block.row = static_cast<std::size_t>(s.row);
                block.column = static_cast<std::size_t>(column);
                block.norm = 1 / std::sqrt(static_cast<double>(rows));
                plan.blocks.push_back(block);
                column += b.count;
            }
        }
        plan.weights += static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
    }
    std::vector<std::pair<int, int>> input;
    for (const auto& s : sources) input.emplace_back(s.offset, (2 * s.irrep.l + 1) * s.channels);
    finish(plan, input, output);
    return plan;
}

std::vector<Source> sources_of(const RowLayout& layout) {
    std::vector<Source> sources;
    for (const auto& b : layout.blocks) sources.push_back({b.irrep, b.offset, b.count, b.channels, 0});
    return sources;
}

kernels::Activation activation_of(Irrep scalar) { return scalar.p == 1 ? kernels::Activation::silu : kernels::Activation::tanh; }

}  // namespace

void RowLayout::add(Irrep irrep, int count) {
    const int channels = kernels::padded(count);
    blocks.push_back({irrep, count, channels, width});
    width += (2 * irrep.l + 1) * channels;
}

Architecture::Architecture(Hyperparameters hyperparameters) : hyper(std::move(hyperparameters)) {
    const auto size = [](int n) { return static_cast<std::size_t>(n); };
    type_embed = add_parameter("type_embed.weight", {size(hyper.types()), size(hyper.type_embed_num_features)});
    bessel = add_parameter("bessel.weights", {size(hyper.num_bessels)}, hyper.bessel_trainable);
    Irreps features{{{0, 1}, hyper.type_embed_num_features}};
    for (int k = 0; k < hyper.num_layers; ++k) {
        Irreps next;
        plan_layer(k, features, next);
        features = next;
    }
    std::vector<int> dims{hyper.num_features[0]};
    for (int d = 0; d < hyper.readout_mlp_hidden_layers_depth; ++d) dims.push_back(hyper.readout_mlp_hidden_layers_width);
    dims.push_back(1);
    for (std::size_t j = 0; j + 1 < dims.size(); ++j)
        readout.push_back(add_parameter("readout." + std::to_string(j) + ".weight", {size(dims[j]), size(dims[j + 1])}));
    scales = add_parameter("scales", {size(hyper.types())}, hyper.per_type_energy_scales_trainable);
    shifts = add_parameter("shifts", {size(hyper.types())}, hyper.per_type_energy_shifts_trainable);
    parameters[scales].decays = parameters[shifts].decays = false;
}

std::size_t Architecture::add_parameter(std::string name, std::vector<std::size_t> shape, bool trainable) {
    ParameterInfo info;
    info.name = std::move(name);
    info.size = std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
    info.shape = std::move(shape);
    info.offset = parameter_count;
    info.trainable = trainable;
    parameter_count += info.size;
    parameters.push_back(std::move(info));
    return parameters.size() - 1;
}

void Architecture::plan_layer(int index, const Irreps& input, Irreps& output) {
    const bool last = index + 1 == hyper.num_layers;
    Irreps scalars, gated;
    for (const auto& entry : hidden_irreps(hyper, last))
        if (reachable(input, hyper.l_max, entry.first)) (entry.first.l == 0 ? scalars : gated).push_back(entry);

    LayerPlan plan;
    plan.input = layout_of(input);
    // Before the gate, sorted as e3nn sorts: odd scalars, even scalars, gates (even), then the gated irreps.
    Irreps before = scalars;
    for (const auto& [irrep, count] : gated) before.push_back({{0, 1}, count});
    const std::size_t ungated = before.size();
    before.insert(before.end(), gated.begin(), gated.end());
    std::vector<std::size_t> order(before.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return before[a].first < before[b].first; });
    std::vector<int> offset(before.size());
    for (const std::size_t k : order) {
        offset[k] = plan.convolved.width;
        plan.convolved.add(before[k].first, before[k].second);
    }
    for (std::size_t k = 0; k < scalars.size(); ++k) {
        const auto act = activation_of(scalars[k].first);
        plan.gate.scalars.push_back({offset[k], plan.output.width, kernels::padded(scalars[k].second), act,
                                     act == kernels::Activation::silu ? hyper.silu_scale : hyper.tanh_scale});
        plan.output.add(scalars[k].first, scalars[k].second);
    }
    for (std::size_t k = 0; k < gated.size(); ++k) {
        plan.gate.gated.push_back({offset[scalars.size() + k], offset[ungated + k], plan.output.width, kernels::padded(gated[k].second),
                                   2 * gated[k].first.l + 1, kernels::Activation::silu, hyper.silu_scale});
        plan.output.add(gated[k].first, gated[k].second);
    }

    // Coupling paths in nequip's order; their weights follow it, their outputs are sorted by irrep.
    auto& convolution = plan.convolution;
    convolution.l_max = hyper.l_max;
    convolution.input_width = plan.input.width;
    std::vector<Irrep> path_irrep;
    for (const auto& block : plan.input.blocks)
        for (int l2 = 0; l2 <= hyper.l_max; ++l2)
            for (int l3 = std::abs(block.irrep.l - l2); l3 <= block.irrep.l + l2; ++l3) {
                const Irrep out{l3, block.irrep.p * parity_of_harmonics(l2)};
                if (std::none_of(plan.convolved.blocks.begin(), plan.convolved.blocks.end(),
                                 [&](const Block& b) { return b.irrep == out; }))
                    continue;
                kernels::Path path;
                path.l1 = block.irrep.l;
                path.l2 = l2;
                path.l3 = l3;
                path.channels = block.channels;
                path.input = block.offset;
                path.weight = convolution.weight_width;
                convolution.weight_width += block.channels;
                plan.path_weight.push_back(plan.raw_weight_width);
                plan.path_count.push_back(block.count);
                plan.raw_weight_width += block.count;
                convolution.paths.push_back(path);
                path_irrep.push_back(out);
            }
    std::vector<std::size_t> sorted(path_irrep.size());
    std::iota(sorted.begin(), sorted.end(), std::size_t{0});
    std::stable_sort(sorted.begin(), sorted.end(), [&](std::size_t a, std::size_t b) { return path_irrep[a] < path_irrep[b]; });
    std::vector<Source> sources;
    int row = 0;
    for (std::size_t k = 0; k < sorted.size(); ++k) {
        auto& path = convolution.paths[sorted[k]];
        if (k == 0 || path_irrep[sorted[k]] != path_irrep[sorted[k - 1]]) row = 0;
        path.output = convolution.output_width;
        const int count = plan.path_count[sorted[k]];
        sources.push_back({path_irrep[sorted[k]], path.output, count, path.channels, row});
        convolution.output_width += (2 * path.l3 + 1) * path.channels;
        row += count;
    }
    complete(convolution);

    plan.linear_1 = linear_plan(sources_of(plan.input), plan.input, plan.input.width);
    plan.linear_2 = linear_plan(sources, plan.convolved, convolution.output_width);
    // e3nn multiplies each path by sqrt(2 l3 + 1) ("component" normalisation); here the next linear map carries it.
    for (auto& block : plan.linear_2.blocks) block.norm *= std::sqrt(static_cast<double>(block.components));
    plan.self_connection = index != 0;
    if (plan.self_connection) {
        plan.self = linear_plan(sources_of(plan.input), plan.convolved, plan.input.width);
        for (auto& block : plan.self.blocks) block.norm /= std::sqrt(static_cast<double>(hyper.type_embed_num_features));
    }

    const std::string prefix = "layers." + std::to_string(index) + ".";
    LayerParameters where;
    where.linear_1 = add_parameter(prefix + "linear_1.weight", {plan.linear_1.weights});
    std::vector<int> dims{hyper.num_bessels};
    for (int d = 0; d < hyper.radial_mlp_depth; ++d) dims.push_back(hyper.radial_mlp_width);
    dims.push_back(plan.raw_weight_width);
    for (std::size_t j = 0; j + 1 < dims.size(); ++j)
        where.radial.push_back(add_parameter(prefix + "radial_mlp." + std::to_string(j) + ".weight",
                                             {static_cast<std::size_t>(dims[j]), static_cast<std::size_t>(dims[j + 1])}));
    where.linear_2 = add_parameter(prefix + "linear_2.weight", {plan.linear_2.weights});
    if (plan.self_connection)
        where.self = add_parameter(prefix + "sc.weight", {plan.self.weights * static_cast<std::size_t>(hyper.type_embed_num_features)});
    layer_parameters.push_back(where);

    output.clear();
    for (const auto& b : plan.output.blocks) output.push_back({b.irrep, b.count});
    layers.push_back(std::move(plan));
}

}  // namespace alkali::models::nequip
