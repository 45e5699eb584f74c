#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "alkali/models/contract/shared.hpp"
#include "alkali/models/deep_potential/surroundings.hpp"
#include "alkali/models/deep_potential/table.hpp"

namespace alkali::models::deep_potential {

/// Tables of the embedding nets in the kernels' precision.
template <class T>
struct Tables {
    TableAxis axis;
    Rows<T> table;       ///< (embeddings x axis.rows(), width)
    Rows<T> transposed;  ///< se_e3: (embeddings x channels, padded axis.rows())
};

/// What descriptors read and never change.
template <class T>
struct DescriptorSetup {
    const Architecture* architecture = nullptr;
    const std::vector<Normalisation>* normalisations = nullptr;
    const Tables<T>* tables = nullptr;
    const kernels::KernelSet<T>* kernels = nullptr;
    bool round_geometry = false;  ///< precision float32: edge vectors rounded
};

/// The descriptors of a few atoms, both ways, with everything training needs. Calls come in the order of the functions; an object is
/// used again and again.
template <class T>
class DescriptorBlock {
public:
    virtual ~DescriptorBlock() = default;
    /// Before anything else, and to go over to another model of the same kind, keeping the memory.
    virtual void use(const DescriptorSetup<T>& setup);

    /// Rows are padded to row().
    Rows<T> value;     ///< (atoms, row()) D
    Rows<T> gradient;  ///< (atoms, row()) dE/dD, the caller's
    Rows<T> tangent;   ///< (atoms, row())
    Rows<T> adjoint;   ///< (atoms, row()) dO/dD, the caller's
    [[nodiscard]] int row() const { return row_; }

    /// The atoms and what they see. Errors: InputError where an atom has more neighbours of a type than `sel`.
    void gather(const Graph& graph, std::span<const int> atoms);
    virtual void forward() = 0;
    /// From gradient to dE/d(edge vector) of all edges of the atoms, written.
    virtual void backward(std::span<Vec3> edge_gradient) = 0;
    /// Tangent of D where edge vectors move by direction.
    virtual void move(std::span<const Vec3> direction) = 0;
    /// From adjoint to whatever accumulate() reads.
    virtual void reverse() {}
    /// Adds to the gradient of the tables, of O = <adjoint, D> + <gradient, tangent of D>, the share of atoms begin .. end-1.
    virtual void accumulate(int begin, int end, std::span<T> table_gradient) const = 0;

protected:
    [[nodiscard]] int atoms() const { return static_cast<int>(seen_->first.size()) - 1; }
    [[nodiscard]] std::size_t rows_size() const { return static_cast<std::size_t>(atoms()) * static_cast<std::size_t>(row_); }
    /// dE/d(edge vector) from dE/dx and dE/d(h r_vec).
    static void write_gradient(const SeenEdge& edge, double by_x, const Vec3& by_angular, std::span<Vec3> edge_gradient);

    DescriptorSetup<T> setup_;
    int row_ = 0;
    OwnOrShared<Surroundings> seen_;  ///< of the present atoms
    GraphShare* share_ = nullptr;     ///< for what other models make of them, under names that begin with key_
    std::string key_;
};

template <class T>
[[nodiscard]] std::unique_ptr<DescriptorBlock<T>> make_descriptor_block(DescriptorKind kind);

// One for each kind.
template <class T>
[[nodiscard]] std::unique_ptr<DescriptorBlock<T>> make_embedding_block();
template <class T>
[[nodiscard]] std::unique_ptr<DescriptorBlock<T>> make_triplet_block();

}  // namespace alkali::models::deep_potential
