#include <algorithm>

#include "alkali/models/deep_potential/descriptor.hpp"

namespace alkali::models::deep_potential {
namespace {

/// se_e3: D = sum over pairs of neighbour types of sum_jk e_jk G(e_jk) / (sel_1 sel_2), e_jk = u_j . u_k, u = h r_vec.
template <class T>
class TripletBlock final : public DescriptorBlock<T> {
    using Base = DescriptorBlock<T>;
    using Points = Rows<T>[3];

public:
    void use(const DescriptorSetup<T>& setup) override {
        Base::use(setup);
        rows_ = setup.tables->axis.rows();
        line_row_ = kernels::padded(rows_);
        width_ = EmbeddingTables::width(*setup.architecture);
    }

    void forward() override {
        fill(points_, [](const SeenEdge& edge) { return Vec3(edge.sight.h * edge.vector); });
        reset(histogram_);
        for_type_pairs([&](int atom, const Pair& pair) {
            const kernels::TripletForward<T> sums{axis(), group(points_, atom, pair.first), group(points_, atom, pair.second),
                                                  pair.first == pair.second, histogram(histogram_, atom, pair.embedding)};
            kernels().forward(sums);
        });
        scale(histogram_);
        this->value.resize(this->rows_size());
        contract(histogram_, this->value);
    }

    void backward(std::span<Vec3> edge_gradient) override {
        lines();
        for (auto& row : points_gradient_) row.assign(points_[0].size(), T(0));
        for_type_pairs([&](int atom, const Pair& pair) {
            kernels::TripletBackward<T> sums{axis(),
                                             group(points_, atom, pair.first),
                                             group(points_, atom, pair.second),
                                             pair.first == pair.second,
                                             histogram(line_, atom, pair.embedding),
                                             {},
                                             {}};
            for (int d = 0; d < 3; ++d) {
                sums.first_gradient[d] = points_gradient_[d].data() + begin(atom, pair.first);
                sums.second_gradient[d] = points_gradient_[d].data() + begin(atom, pair.second);
            }
            kernels().backward(sums);
        });
        for (std::size_t k = 0; k < this->seen_->edges.size(); ++k)
            this->write_gradient(this->seen_->edges[k], 0,
                                 {static_cast<double>(points_gradient_[0][k]), static_cast<double>(points_gradient_[1][k]),
                                  static_cast<double>(points_gradient_[2][k])},
                                 edge_gradient);
        for (const std::int64_t e : this->seen_->unseen) edge_gradient[static_cast<std::size_t>(e)] = Vec3::Zero();
    }

    void move(std::span<const Vec3> direction) override {
        fill(points_tangent_, [&](const SeenEdge& edge) {
            const Vec3& v = direction[static_cast<std::size_t>(edge.edge)];
            return Vec3(edge.sight.h * v + (edge.sight.h_slope * v.dot(edge.vector) / edge.sight.r) * edge.vector);
        });
        reset(histogram_);
        reset(histogram_tangent_);
        for_type_pairs([&](int atom, const Pair& pair) {
            kernels().tangent({axis(), group(points_, atom, pair.first), group(points_, atom, pair.second),
                               group(points_tangent_, atom, pair.first), group(points_tangent_, atom, pair.second),
                               pair.first == pair.second, histogram(histogram_, atom, pair.embedding),
                               histogram(histogram_tangent_, atom, pair.embedding)});
        });
        scale(histogram_);
        scale(histogram_tangent_);
        this->tangent.resize(this->rows_size());
        contract(histogram_tangent_, this->tangent);
    }

    void accumulate(int begin, int end, std::span<T> table_gradient) const override {
        const int embeddings = this->embeddings();
        const long row = embeddings * line_row_;
        for (int k = 0; k < embeddings; ++k) {
            T* out = table_gradient.data() + static_cast<std::ptrdiff_t>(k) * rows_ * width_;
            for (const auto& [sums, rows] : {std::pair(&histogram_, &this->adjoint), std::pair(&histogram_tangent_, &this->gradient)})
                this->setup_.kernels->matrix_product({rows_, end - begin, width_, sums->data() + begin * row + k * line_row_, 1, row,
                                                      rows->data() + static_cast<std::ptrdiff_t>(begin) * this->row(), this->row(), out,
                                                      width_, true});
        }
    }

private:
    /// Two types of neighbours, the first not greater.
    struct Pair {
        int first = 0, second = 0, embedding = 0;
    };
    [[nodiscard]] const kernels::TripletKernels<T>& kernels() const { return this->setup_.kernels->triplet; }
    [[nodiscard]] kernels::TripletAxis axis() const { return this->setup_.tables->axis.triplet(); }
    [[nodiscard]] int types() const { return this->setup_.architecture->hyper.types(); }
    [[nodiscard]] int embeddings() const { return static_cast<int>(this->setup_.architecture->embeddings.size()); }

    [[nodiscard]] int count(int atom, int type) const { return this->seen_->counts[static_cast<std::size_t>(atom * types() + type)]; }
    /// Neighbours of an atom lie by type.
    [[nodiscard]] long begin(int atom, int type) const {
        long k = this->seen_->first[static_cast<std::size_t>(atom)];
        for (int t = 0; t < type; ++t) k += count(atom, t);
        return k;
    }
    [[nodiscard]] kernels::TripletGroup<T> group(const Points& points, int atom, int type) const {
        const long k = begin(atom, type);
        return {count(atom, type), {points[0].data() + k, points[1].data() + k, points[2].data() + k}};
    }
    [[nodiscard]] T* histogram(Rows<T>& rows, int atom, int embedding) const {
        return rows.data() + (static_cast<std::ptrdiff_t>(atom) * embeddings() + embedding) * line_row_;
    }
    void reset(Rows<T>& rows) const {
        rows.assign(static_cast<std::size_t>(this->atoms() * embeddings()) * static_cast<std::size_t>(line_row_), T(0));
    }

    template <class F>
    void fill(Points& points, F f) const {
        // Kernels read whole vectors.
        for (auto& row : points) row.assign(this->seen_->edges.size() + kernels::lane_padding, T(0));
        for (std::size_t k = 0; k < this->seen_->edges.size(); ++k) {
            const Vec3 u = f(this->seen_->edges[k]);
            for (int d = 0; d < 3; ++d) points[d][k] = static_cast<T>(u[d]);
        }
    }

    template <class F>
    void for_type_pairs(F f) const {
        for (int atom = 0; atom < this->atoms(); ++atom)
            for (int i = 0; i < types(); ++i)
                for (int j = i; j < types(); ++j)
                    if (count(atom, i) > 0 && count(atom, j) > 0) f(atom, Pair{i, j, this->setup_.architecture->embedding(i, j)});
    }

    /// Division by the numbers of neighbours.
    void scale(Rows<T>& rows) {
        const auto& sel = this->setup_.architecture->hyper.descriptor.sel;
        for_type_pairs([&](int atom, const Pair& pair) {
            const double share =
                1.0 / (static_cast<double>(sel[static_cast<std::size_t>(pair.first)]) * sel[static_cast<std::size_t>(pair.second)]);
            T* row = histogram(rows, atom, pair.embedding);
            for (int r = 0; r < rows_; ++r) row[r] *= static_cast<T>(share);
        });
    }

    /// out = sum over embeddings of histogram times table.
    void contract(const Rows<T>& sums, Rows<T>& out) const {
        const int embeddings = this->embeddings();
        for (int k = 0; k < embeddings; ++k)
            this->setup_.kernels->matrix_product({this->atoms(), rows_, width_, sums.data() + k * line_row_, embeddings * line_row_, 1,
                                                  this->setup_.tables->table.data() + static_cast<std::ptrdiff_t>(k) * rows_ * width_,
                                                  width_, out.data(), this->row(), k > 0});
    }

    /// dE/d(histogram).
    void lines() {
        const int embeddings = this->embeddings(), channels = this->setup_.architecture->channels();
        line_.resize(histogram_.size());
        for (int k = 0; k < embeddings; ++k)
            this->setup_.kernels->matrix_product(
                {this->atoms(), channels, static_cast<int>(line_row_), this->gradient.data(), this->row(), 1,
                 this->setup_.tables->transposed.data() + static_cast<std::ptrdiff_t>(k) * channels * line_row_, line_row_,
                 line_.data() + k * line_row_, embeddings * line_row_, false});
        scale(line_);
    }

    int rows_ = 0;
    long line_row_ = 0;
    int width_ = 0;
    Points points_, points_gradient_, points_tangent_;  ///< (neighbours of all atoms)
    Rows<T> histogram_, histogram_tangent_, line_;      ///< (atoms, embeddings, line_row)
};

}  // namespace

template <class T>
std::unique_ptr<DescriptorBlock<T>> make_triplet_block() {
    return std::make_unique<TripletBlock<T>>();
}
template std::unique_ptr<DescriptorBlock<float>> make_triplet_block<float>();
template std::unique_ptr<DescriptorBlock<double>> make_triplet_block<double>();

}  // namespace alkali::models::deep_potential
