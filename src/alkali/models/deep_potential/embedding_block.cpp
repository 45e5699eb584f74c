#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "alkali/models/deep_potential/descriptor.hpp"

namespace alkali::models::deep_potential {
namespace {

/// se_e2_a: M = sum over neighbours of (x, h r_vec) G(x) / sel, D = M[:axis]^T M. se_e2_r: D = 0.2 sum of G(x) / sel, which is the
/// first row of M with q = (1, 0, 0, 0).
template <class T>
class EmbeddingBlock final : public DescriptorBlock<T> {
    using Base = DescriptorBlock<T>;

public:
    void use(const DescriptorSetup<T>& setup) override {
        Base::use(setup);
        angular_ = setup.architecture->hyper.descriptor.type == DescriptorKind::se_e2_a;
        width_ = EmbeddingTables::width(*setup.architecture);
        share_of_edge_ = (angular_ ? 1.0 : radial_scale) / setup.architecture->hyper.neighbours();
    }

    void forward() override {
        place_edges();
        moments_.resize(moments_size());
        kernels().forward({view(), moments_.data()}, 0, this->atoms());
        this->value.resize(this->rows_size());
        describe(nullptr, moments_, this->value);
    }

    void backward(std::span<Vec3> edge_gradient) override {
        moments_gradient_.resize(moments_size());
        spread(moments_, this->gradient, moments_gradient_, false);
        numbers_gradient_.resize(5 * this->seen_->edges.size());
        kernels().backward({view(), moments_gradient_.data(), numbers_gradient_.data()}, 0, this->atoms());
        const T* g = numbers_gradient_.data();
        for (const SeenEdge& edge : this->seen_->edges) {
            const Vec3 by_angular = angular_ ? Vec3(share_of_edge_ * static_cast<double>(g[1]), share_of_edge_ * static_cast<double>(g[2]),
                                                    share_of_edge_ * static_cast<double>(g[3]))
                                             : Vec3(Vec3::Zero());
            const double by_x = static_cast<double>(g[4]) + (angular_ ? share_of_edge_ * static_cast<double>(g[0]) : 0);
            this->write_gradient(edge, by_x, by_angular, edge_gradient);
            g += 5;
        }
        for (const std::int64_t e : this->seen_->unseen) edge_gradient[static_cast<std::size_t>(e)] = Vec3::Zero();
    }

    void move(std::span<const Vec3> direction) override {
        q_tangent_.assign(4 * this->seen_->edges.size(), T(0));
        number_tangent_.assign(this->seen_->edges.size(), T(0));
        for (std::size_t k = 0; k < this->seen_->edges.size(); ++k) {
            const SeenEdge& edge = this->seen_->edges[k];
            if (edge.edge < 0) continue;
            const Vec3& v = direction[static_cast<std::size_t>(edge.edge)];
            const double along = v.dot(edge.vector) / edge.sight.r, x = edge.sight.x_slope * along;
            number_tangent_[k] = static_cast<T>(x);
            if (!angular_) continue;
            const Vec3 a = share_of_edge_ * (edge.sight.h * v + edge.sight.h_slope * along * edge.vector);
            q_tangent_[4 * k] = static_cast<T>(share_of_edge_ * x);
            for (std::size_t d = 0; d < 3; ++d) q_tangent_[4 * k + 1 + d] = static_cast<T>(a[static_cast<int>(d)]);
        }
        moments_tangent_.resize(moments_size());
        kernels().tangent(moved(moments_tangent_.data()), 0, this->atoms());
        this->tangent.resize(this->rows_size());
        describe(moments_.data(), moments_tangent_, this->tangent);
    }

    void reverse() override {
        moments_adjoint_.resize(moments_size());
        spread(moments_, this->adjoint, moments_adjoint_, false);
        if (angular_) spread(moments_tangent_, this->gradient, moments_adjoint_, true);
    }

    void accumulate(int begin, int end, std::span<T> table_gradient) const override {
        kernels().tangent_backward({moved(nullptr), moments_adjoint_.data(), moments_gradient_.data(), table_gradient.data()}, begin, end);
    }

private:
    [[nodiscard]] const kernels::EmbeddingKernels<T>& kernels() const { return this->setup_.kernels->embedding; }
    [[nodiscard]] std::size_t moments_size() const {
        return 4 * static_cast<std::size_t>(this->atoms()) * static_cast<std::size_t>(width_);
    }
    [[nodiscard]] kernels::EmbeddingEdges<T> view() const {
        return {this->seen_->first.data(),
                placed_->row.data(),
                placed_->basis.data(),
                placed_->slope.data(),
                placed_->q.data(),
                this->setup_.tables->table.data(),
                width_};
    }
    [[nodiscard]] kernels::EmbedTangent<T> moved(T* out) const { return {view(), q_tangent_.data(), number_tangent_.data(), out}; }

    /// Where the neighbours stand in the tables, and what they carry.
    struct Placement {
        std::vector<std::int32_t> row;
        Rows<T> basis, slope, q;
    };

    void place_edges() {
        const TableAxis& axis = this->setup_.tables->axis;
        placed_.set(
            this->share_,
            [&] {
                return fmt::format("{}, table {:x} {:x} {}", this->key_, std::bit_cast<std::uint64_t>(axis.start),
                                   std::bit_cast<std::uint64_t>(axis.per_unit), axis.intervals);
            },
            [&](Placement& out) { place(out); });
    }

    void place(Placement& out) const {
        const TableAxis& axis = this->setup_.tables->axis;
        const std::size_t count = this->seen_->edges.size();
        out.row.resize(count);
        out.basis.resize(4 * count);
        out.slope.resize(4 * count);
        out.q.resize(4 * count);
        for (std::size_t k = 0; k < count; ++k) {
            const SeenEdge& edge = this->seen_->edges[k];
            const TablePosition p = position(axis, edge.sight.x);
            out.row[k] = edge.embedding * axis.rows() + p.row;
            for (std::size_t m = 0; m < 4; ++m) {
                out.basis[4 * k + m] = static_cast<T>(p.basis[m]);
                out.slope[4 * k + m] = static_cast<T>(p.slope[m]);
            }
            const double share = share_of_edge_ * edge.count;
            const Vec3 a = angular_ ? Vec3(share * edge.sight.h * edge.vector) : Vec3(Vec3::Zero());
            out.q[4 * k] = static_cast<T>(angular_ ? share * edge.sight.x : share);
            for (std::size_t d = 0; d < 3; ++d) out.q[4 * k + 1 + d] = static_cast<T>(a[static_cast<int>(d)]);
        }
    }

    /// D from M, or its tangent from M (left) and the tangent of M (right).
    void describe(const T* left, const Rows<T>& right, Rows<T>& out) const {
        const int row = this->row();
        if (angular_)
            kernels().gram({this->atoms(), this->setup_.architecture->channels(), this->setup_.architecture->hyper.descriptor.axis_neuron,
                            width_, left, right.data(), out.data(), row});
        else
            for (long i = 0; i < this->atoms(); ++i) std::copy_n(right.data() + 4 * i * width_, width_, out.data() + i * row);
    }

    /// The transpose of describe() at `moments`.
    void spread(const Rows<T>& moments, const Rows<T>& rows, Rows<T>& out, bool accumulate) const {
        const int row = this->row();
        if (angular_) {
            kernels().gram_backward({this->atoms(), this->setup_.architecture->channels(),
                                     this->setup_.architecture->hyper.descriptor.axis_neuron, width_, moments.data(), rows.data(), row,
                                     out.data(), accumulate});
            return;
        }
        std::fill(out.begin(), out.end(), T(0));
        for (long i = 0; i < this->atoms(); ++i) std::copy_n(rows.data() + i * row, width_, out.data() + 4 * i * width_);
    }

    bool angular_ = false;
    int width_ = 0;
    double share_of_edge_ = 0;  ///< 1 / (sum of sel), times 0.2 in se_e2_r
    OwnOrShared<Placement> placed_;
    Rows<T> q_tangent_, number_tangent_, numbers_gradient_;
    Rows<T> moments_, moments_gradient_, moments_tangent_, moments_adjoint_;  ///< (atoms, 4, width)
};

}  // namespace

template <class T>
std::unique_ptr<DescriptorBlock<T>> make_embedding_block() {
    return std::make_unique<EmbeddingBlock<T>>();
}
template std::unique_ptr<DescriptorBlock<float>> make_embedding_block<float>();
template std::unique_ptr<DescriptorBlock<double>> make_embedding_block<double>();

}  // namespace alkali::models::deep_potential
