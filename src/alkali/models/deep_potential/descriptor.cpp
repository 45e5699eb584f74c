#include "alkali/models/deep_potential/descriptor.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/math/rounding.hpp"

namespace alkali::models::deep_potential {

template <class T>
void DescriptorBlock<T>::use(const DescriptorSetup<T>& setup) {
    setup_ = setup;
    row_ = kernels::padded(setup.architecture->places);
}

template <class T>
void DescriptorBlock<T>::gather_atom(const Graph& graph, int atom) {
    const auto& hyper = setup_.architecture->hyper;
    const int types = hyper.types(), own = graph.types[static_cast<std::size_t>(atom)];
    const auto i = static_cast<std::size_t>(atom);
    const DescriptorKind kind = hyper.descriptor.type;
    for (int type = 0; type < types; ++type) {
        const int embedding = kind == DescriptorKind::se_e3 ? 0 : setup_.architecture->embedding(own, type);
        const Normalisation& normalisation = (*setup_.normalisations)[static_cast<std::size_t>(own * types + type)];
        const bool excluded = hyper.excluded(own, type);
        int count = 0;
        for (std::int64_t e = graph.first[i]; e < graph.first[i + 1]; ++e) {
            if (graph.types[static_cast<std::size_t>(graph.neighbour[static_cast<std::size_t>(e)])] != type) continue;
            const Vec3& given = graph.vector[static_cast<std::size_t>(e)];
            const Vec3 vector = setup_.round_geometry ? math::rounded_to_float(given) : given;
            const double r = vector.norm();
            const bool inside = r < hyper.descriptor.rcut;
            if (inside) ++count;
            if (inside && !excluded)
                edges_.push_back({e, embedding, look(hyper.descriptor, normalisation, r), vector, 1});
            else
                unseen_.push_back(e);
        }
        const int most = hyper.descriptor.sel[static_cast<std::size_t>(type)];
        if (count > most)
            throw InputError(fmt::format("atom {} has {} neighbours of type {} within {} angstrom, and sel allows {}", atom + 1, count,
                                         hyper.type_names[static_cast<std::size_t>(type)], hyper.descriptor.rcut, most),
                             "model.descriptor.sel",
                             "the structure is denser than any the model was made for; give a larger sel and train again");
        counts_.push_back(excluded ? 0 : count);
        // DeePMD-kit sums over sel places. Where nobody is, s = 0; where the neighbour is excluded, the normalised row is zero, which
        // counts in se_e2_r only.
        if (kind == DescriptorKind::se_e3) continue;
        if (count < most) add_absent(embedding, normalisation.empty(), most - count);
        if (excluded && count > 0 && kind == DescriptorKind::se_e2_r) add_absent(embedding, 0, count);
    }
    first_.push_back(static_cast<std::int32_t>(edges_.size()));
}

template <class T>
void DescriptorBlock<T>::add_absent(int embedding, double x, int count) {
    Edge none{-1, embedding, {}, Vec3::Zero(), static_cast<double>(count)};
    none.sight.x = x;
    edges_.push_back(none);
}

template <class T>
void DescriptorBlock<T>::gather(const Graph& graph, std::span<const int> atoms) {
    first_.assign(1, 0);
    edges_.clear();
    counts_.clear();
    unseen_.clear();
    for (const int atom : atoms) gather_atom(graph, atom);
}

template <class T>
void DescriptorBlock<T>::write_gradient(const Edge& edge, double by_x, const Vec3& by_angular, std::span<Vec3> edge_gradient) {
    if (edge.edge < 0) return;
    const Sight& s = edge.sight;
    const double along = by_x * s.x_slope + by_angular.dot(edge.vector) * s.h_slope;
    edge_gradient[static_cast<std::size_t>(edge.edge)] = s.h * by_angular + (along / s.r) * edge.vector;
}

template <class T>
std::unique_ptr<DescriptorBlock<T>> make_descriptor_block(DescriptorKind kind) {
    return kind == DescriptorKind::se_e3 ? make_triplet_block<T>() : make_embedding_block<T>();
}

template class DescriptorBlock<float>;
template class DescriptorBlock<double>;
template std::unique_ptr<DescriptorBlock<float>> make_descriptor_block<float>(DescriptorKind);
template std::unique_ptr<DescriptorBlock<double>> make_descriptor_block<double>(DescriptorKind);

}  // namespace alkali::models::deep_potential
