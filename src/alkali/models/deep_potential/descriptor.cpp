#include "alkali/models/deep_potential/descriptor.hpp"

#include <fmt/format.h>

namespace alkali::models::deep_potential {

template <class T>
void DescriptorBlock<T>::use(const DescriptorSetup<T>& setup) {
    setup_ = setup;
    row_ = kernels::padded(setup.architecture->places.count());
}

template <class T>
void DescriptorBlock<T>::gather(const Graph& graph, std::span<const int> atoms) {
    const Eyes eyes{setup_.architecture, setup_.normalisations, setup_.round_geometry};
    // What is shared stays until the graph goes.
    constexpr int most_atoms_shared = 20000;
    share_ = graph.num_local <= most_atoms_shared ? graph.share : nullptr;
    if (share_) key_ = fmt::format("{}, {} atoms from {}", eyes.key(), atoms.size(), atoms.empty() ? -1 : atoms.front());
    seen_.set(
        share_, [&] { return key_; }, [&](Surroundings& out) { out.gather(eyes, graph, atoms); });
}

template <class T>
void DescriptorBlock<T>::write_gradient(const SeenEdge& edge, double by_x, const Vec3& by_angular, std::span<Vec3> edge_gradient) {
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
