#include "alkali/models/deep_potential/pass.hpp"

#include <omp.h>

#include <algorithm>

#include "alkali/base/threads.hpp"
#include "alkali/math/rounding.hpp"
#include "alkali/models/contract/parts.hpp"

namespace alkali::models::deep_potential {
namespace {

/// Atoms of a unit: enough rows for matrix products to run at full speed, few enough for the cache.
constexpr int atoms_per_unit = 96;
/// Units of a block, where that leaves a block for every thread.
constexpr int most_units = 3;

std::vector<Range> cut(int size, int parts) {
    const auto limit = [&](int k) { return static_cast<int>(static_cast<std::int64_t>(size) * k / parts); };
    std::vector<Range> ranges;
    for (int k = 0; k < parts; ++k) ranges.push_back({limit(k), limit(k + 1)});
    return ranges;
}

int divided_up(int number, int by) { return (number + by - 1) / by; }

template <class T>
DescriptorSetup<T> descriptor_setup(const PassSetup<T>& setup) {
    return {setup.architecture, &setup.weights->normalisations, &setup.weights->tables, setup.kernels, setup.round_geometry};
}

}  // namespace

AtomPlan::AtomPlan(const Graph& graph, int types, int threads) {
    atoms.reserve(static_cast<std::size_t>(graph.num_local));
    for (int type = 0; type < types; ++type)
        for (int i = 0; i < graph.num_local; ++i)
            if (graph.types[static_cast<std::size_t>(i)] == type) atoms.push_back(i);
    units = cut(graph.num_local, std::max(1, divided_up(graph.num_local, atoms_per_unit)));
    const int count = static_cast<int>(units.size());
    blocks = cut(count, std::min(count, std::max(threads, divided_up(count, most_units))));
}

std::span<const int> AtomPlan::atoms_of(Range block) const {
    const int begin = units[static_cast<std::size_t>(block.begin)].begin, end = units[static_cast<std::size_t>(block.end) - 1].end;
    return std::span(atoms).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

template <class T>
void derive(const Architecture& architecture, std::span<const double> parameters, int intervals, Weights<T>& weights) {
    const auto& kernels = kernels::fastest_kernels<double>();
    weights.normalisations = normalisations(architecture, parameters);
    const auto [low, high] = number_range(architecture, parameters);
    auto& tables = weights.tables;
    tables.axis = TableAxis::covering(low, high, intervals);
    Rows<double> table;
    weights.maker.build(architecture, parameters, tables.axis, kernels, table);
    tables.table.assign(table.begin(), table.end());
    const auto width = static_cast<std::size_t>(EmbeddingTables::width(architecture)),
               channels = static_cast<std::size_t>(architecture.channels()), rows = static_cast<std::size_t>(tables.axis.rows()),
               row = static_cast<std::size_t>(kernels::padded(tables.axis.rows()));
    tables.transposed.assign(
        architecture.hyper.descriptor.type == DescriptorKind::se_e3 ? architecture.embeddings.size() * channels * row : 0, T(0));
    if (!tables.transposed.empty())
        for (std::size_t k = 0; k < architecture.embeddings.size(); ++k)
            for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t c = 0; c < channels; ++c)
                    tables.transposed[(k * channels + c) * row + r] = tables.table[(k * rows + r) * width + c];
    weights.fitting.resize(architecture.fitting.size());
    weights.readout.clear();
    for (std::size_t t = 0; t < architecture.fitting.size(); ++t) {
        pack<T>(architecture, architecture.fitting[t], parameters, &architecture.places, weights.fitting[t]);
        const auto& readout = architecture.readout[t];
        const double* w = parameters.data() + architecture.offset(readout.w);
        weights.readout.push_back({{w, w + architecture.info(readout.w).size},
                                   parameters[architecture.offset(readout.b)] + parameters[architecture.offset(architecture.bias) + t]});
    }
}

template <class T>
void BlockPass<T>::use(const PassSetup<T>& setup) {
    setup_ = setup;
    const DescriptorKind kind = setup.architecture->hyper.descriptor.type;
    auto& descriptor = descriptors_[kind];
    if (!descriptor) descriptor = make_descriptor_block<T>(kind);
    descriptor->use(descriptor_setup(setup));
    descriptor_ = descriptor.get();
    rows_.resize(static_cast<std::size_t>(setup.architecture->hyper.types()));
    output_tangent_.resize(rows_.size());
}

template <class T>
Network<T> BlockPass<T>::network(int type) const {
    const auto t = static_cast<std::size_t>(type);
    return {setup_.architecture->fitting[t], setup_.weights->fitting[t], *setup_.kernels, &setup_.architecture->places};
}

template <class T>
void BlockPass<T>::find_types(const Graph& graph) {
    const auto type_of = [&](int k) { return graph.types[static_cast<std::size_t>(atoms_[static_cast<std::size_t>(k)])]; };
    begin_.assign(1, 0);
    for (int type = 0; type < types(); ++type) {
        int end = begin_.back();
        while (end < static_cast<int>(atoms_.size()) && type_of(end) == type) ++end;
        begin_.push_back(end);
    }
}

template <class T>
template <class Factor>
void BlockPass<T>::fill_readout_rows(int type, Factor factor) {
    const auto& w = setup_.weights->readout[static_cast<std::size_t>(type)].w;
    const auto width = static_cast<std::size_t>(network(type).width());
    output_gradient_.assign(static_cast<std::size_t>(count(type)) * width, T(0));
    for (std::size_t r = 0; r < static_cast<std::size_t>(count(type)); ++r) {
        const double f = factor(static_cast<std::size_t>(begin_[static_cast<std::size_t>(type)]) + r);
        for (std::size_t c = 0; c < w.size(); ++c) output_gradient_[r * width + c] = static_cast<T>(f * w[c]);
    }
}

template <class T>
void BlockPass<T>::fit(int type, const Evaluation& out, bool keep) {
    if (count(type) == 0) return;
    const Network<T> network = this->network(type);
    auto& s = rows_[static_cast<std::size_t>(type)];
    s.rows = count(type);
    s.input = descriptor_->value.data() + row_offset(type);
    s.input_row = descriptor_->row();
    s.input_tangent = nullptr;
    network.forward(s, keep ? Keep::curvature : Keep::slopes);
    const auto& readout = setup_.weights->readout[static_cast<std::size_t>(type)];
    const T* y = network.output(s);
    const long y_row = s.layers.empty() ? s.input_row : network.width();
    for (int r = 0; r < s.rows; ++r, y += y_row) {
        const auto atom = static_cast<std::size_t>(atoms_[static_cast<std::size_t>(begin_[static_cast<std::size_t>(type)] + r)]);
        double energy = readout.b;
        for (std::size_t c = 0; c < readout.w.size(); ++c) energy += readout.w[c] * static_cast<double>(y[c]);
        out.energies[atom] = energy;
        if (!out.features.empty())
            std::copy_n(y, readout.w.size(), out.features.begin() + static_cast<std::ptrdiff_t>(atom * readout.w.size()));
    }
    fill_readout_rows(type, [](std::size_t) { return 1.0; });
    network.backward(s, output_gradient_.data(), descriptor_->gradient.data() + row_offset(type), descriptor_->row());
}

template <class T>
void BlockPass<T>::evaluate(const Graph& graph, std::span<const int> atoms, const Evaluation& out, bool keep) {
    base::Laps laps(out.profile);
    atoms_ = atoms;
    find_types(graph);
    descriptor_->gather(graph, atoms_);
    laps.end(part::geometry);
    descriptor_->forward();
    laps.end(part::descriptor_forward);
    descriptor_->gradient.resize(descriptor_->value.size());
    for (int type = 0; type < types(); ++type) fit(type, out, keep);
    laps.end(part::fitting);
    descriptor_->backward(out.edge_gradient);
    laps.end(part::descriptor_backward);
}

template <class T>
void BlockPass<T>::differentiate(const GradientSeeds& seeds) {
    descriptor_->move(seeds.edges);
    descriptor_->adjoint.resize(descriptor_->value.size());
    energy_seeds_.clear();
    for (const int atom : atoms_) energy_seeds_.push_back(seeds.energies[static_cast<std::size_t>(atom)]);
    for (int type = 0; type < types(); ++type) {
        if (count(type) == 0) continue;
        const Network<T> network = this->network(type);
        auto& s = rows_[static_cast<std::size_t>(type)];
        s.input_tangent = descriptor_->tangent.data() + row_offset(type);
        output_tangent_[static_cast<std::size_t>(type)] = network.tangent(s);
        fill_readout_rows(type, [&](std::size_t r) { return energy_seeds_[r]; });
        network.reverse(s, output_gradient_.data(), descriptor_->adjoint.data() + row_offset(type), descriptor_->row());
    }
    descriptor_->reverse();
}

template <class T>
void BlockPass<T>::accumulate_readout(int type, std::span<double> w, double& b) const {
    if (count(type) == 0) return;
    const Network<T> network = this->network(type);
    const auto& s = rows_[static_cast<std::size_t>(type)];
    const T *y = network.output(s), *tangent = output_tangent_[static_cast<std::size_t>(type)];
    const long row = s.layers.empty() ? s.input_row : network.width();
    for (int r = 0; r < s.rows; ++r, y += row, tangent += row) {
        const double seed = energy_seeds_[static_cast<std::size_t>(begin_[static_cast<std::size_t>(type)] + r)];
        for (std::size_t c = 0; c < w.size(); ++c) w[c] += seed * static_cast<double>(y[c]) + static_cast<double>(tangent[c]);
        b += seed;
    }
}

template <class T>
void InferencePass<T>::evaluate(const Graph& graph, const Evaluation& out) {
    const AtomPlan plan(graph, setup_.architecture->hyper.types(), omp_get_max_threads());
    by_thread_.resize(std::max(by_thread_.size(), static_cast<std::size_t>(omp_get_max_threads())));
    base::parallel_for(plan.blocks.size(), [&](std::size_t k) {
        auto& block = by_thread_[static_cast<std::size_t>(omp_get_thread_num())];
        if (!block) block = std::make_unique<BlockPass<T>>();
        block->use(setup_);
        block->evaluate(graph, plan.atoms_of(plan.blocks[k]), out, false);
    });
    if (!setup_.round_geometry) return;
    for (double& energy : out.energies) energy = math::rounded_to_float(energy);
    for (Vec3& gradient : out.edge_gradient) gradient = math::rounded_to_float(gradient);
}

template <class T>
void GradientPass<T>::evaluate(const Graph& graph, const Evaluation& out) {
    plan_.emplace(graph, setup_.architecture->hyper.types(), omp_get_max_threads());
    while (blocks_.size() < plan_->blocks.size()) blocks_.emplace_back(std::make_unique<BlockPass<T>>())->use(setup_);
    base::parallel_for(plan_->blocks.size(),
                       [&](std::size_t k) { blocks_[k]->evaluate(graph, plan_->atoms_of(plan_->blocks[k]), out, true); });
}

template <class T>
template <class F>
void GradientPass<T>::for_units(std::size_t begin, std::size_t end, F f) const {
    for (std::size_t b = 0; b < plan_->blocks.size(); ++b) {
        const auto first = static_cast<std::size_t>(plan_->blocks[b].begin), last = static_cast<std::size_t>(plan_->blocks[b].end);
        const int offset = plan_->units[first].begin;
        for (std::size_t u = std::max(begin, first); u < std::min(end, last); ++u)
            f(*blocks_[b], Range{plan_->units[u].begin - offset, plan_->units[u].end - offset});
    }
}

template <class T>
void GradientPass<T>::accumulate_gradient(const GradientSeeds& seeds, std::span<double> gradient) {
    base::parallel_for(plan_->blocks.size(), [&](std::size_t k) { blocks_[k]->differentiate(seeds); });
    if (setup_.architecture->hyper.fitting_net.trainable) accumulate_fitting(gradient);
    if (setup_.architecture->hyper.descriptor.trainable) accumulate_tables(gradient);
}

template <class T>
void GradientPass<T>::accumulate_fitting(std::span<double> gradient) {
    const Architecture& a = *setup_.architecture;
    constexpr int entrances_per_task = 128;
    scratch_.resize(std::max(scratch_.size(), static_cast<std::size_t>(omp_get_max_threads())));
    for (int type = 0; type < a.hyper.types(); ++type) {
        const auto t = static_cast<std::size_t>(type);
        const auto& plan = a.fitting[t];
        const Network<T> network = blocks_.front()->network(type);
        std::vector<const NetworkRows<T>*> rows;
        for (std::size_t b = 0; b < plan_->blocks.size(); ++b)
            if (const auto* of_block = blocks_[b]->rows(type)) rows.push_back(of_block);
        for (std::size_t layer = 0; layer < plan.layers.size(); ++layer) {
            const DenseLayer& l = plan.layers[layer];
            const int entrances = network.entrances(layer);
            const auto z = network.stack(rows, layer, stack_);
            // Each part of a matrix is summed over the atoms in their order by one thread.
            base::parallel_for(static_cast<std::size_t>(divided_up(entrances, entrances_per_task)), [&](std::size_t k) {
                const int begin = static_cast<int>(k) * entrances_per_task;
                network.add_weight_gradient(rows, layer, {begin, std::min(begin + entrances_per_task, entrances)}, z,
                                            scratch_[static_cast<std::size_t>(omp_get_thread_num())], a.array(l.w, gradient));
            });
            network.add_bias_gradient(rows, layer, a.array(l.b, gradient), a.array(l.idt, gradient));
        }
        const auto& w = a.info(a.readout[t].w);
        for (std::size_t b = 0; b < plan_->blocks.size(); ++b)
            blocks_[b]->accumulate_readout(type, gradient.subspan(w.offset, w.size), gradient[a.offset(a.readout[t].b)]);
    }
}

template <class T>
void GradientPass<T>::accumulate_tables(std::span<double> gradient) {
    const auto& tables = setup_.weights->tables;
    // Shares are fixed by the graph alone, so that sums come in the same order for any number of threads.
    constexpr std::size_t most_shares = 8;
    const std::size_t units = plan_->units.size(), shares = std::min(units, most_shares);
    parts_.resize(shares);
    base::parallel_for(shares, [&](std::size_t s) {
        parts_[s].assign(tables.table.size(), T(0));
        for_units(units * s / shares, units * (s + 1) / shares,
                  [&](const BlockPass<T>& block, Range atoms) { block.accumulate_tables(atoms, parts_[s]); });
    });
    table_sum_.assign(tables.table.size(), 0.0);
    for (const auto& part : parts_)
        for (std::size_t i = 0; i < table_sum_.size(); ++i) table_sum_[i] += static_cast<double>(part[i]);
    tables_.accumulate_gradient(*setup_.architecture, parameters_, tables.axis, kernels::fastest_kernels<double>(), table_sum_, gradient);
}

template struct Weights<float>;
template struct Weights<double>;
template void derive<float>(const Architecture&, std::span<const double>, int, Weights<float>&);
template void derive<double>(const Architecture&, std::span<const double>, int, Weights<double>&);
template class BlockPass<float>;
template class BlockPass<double>;
template class InferencePass<float>;
template class InferencePass<double>;
template class GradientPass<float>;
template class GradientPass<double>;

}  // namespace alkali::models::deep_potential
