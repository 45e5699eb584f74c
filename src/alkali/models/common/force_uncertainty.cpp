#include "alkali/models/common/force_uncertainty.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/threads.hpp"

namespace alkali::models {
namespace {

// Where logarithms level off: gradients and forces that are nothing, in eV/angstrom.
constexpr double least_pull = 1e-3, least_force = 0.02;
/// Centred columns are held within so many deviations: a polynomial knows nothing of what is farther out.
constexpr double farthest = 6;
/// How far log s may leave the range of calibration.
constexpr double below = 0.5, above = 1.5;

io::Tensor tensor_of(const Eigen::MatrixXd& matrix) {
    io::Tensor tensor{{static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())}, {}};
    for (Eigen::Index i = 0; i < matrix.rows(); ++i)
        for (Eigen::Index j = 0; j < matrix.cols(); ++j) tensor.values.push_back(matrix(i, j));
    return tensor;
}

io::Tensor tensor_of(const Eigen::VectorXd& vector) {
    return {{static_cast<std::size_t>(vector.size())}, {vector.data(), vector.data() + vector.size()}};
}

/// Reads the tensors of one file; complains of the first that does not fit.
class Reader {
public:
    Reader(const io::TensorFile& file, const std::string& where) : file_(file), where_(where) {}

    [[nodiscard]] std::vector<double> values(const std::string& name, std::vector<std::size_t> shape) const {
        const std::string full = std::string(ForceUncertainty::prefix) + name;
        const auto found = file_.tensors.find(full);
        if (found == file_.tensors.end()) throw FileError("lacks the tensor " + full, where_, "calibrate the model again");
        if (found->second.shape != shape)
            throw FileError("the tensor " + full + " does not fit the model", where_, "calibrate the model again");
        for (const double value : found->second.values)
            if (!std::isfinite(value)) throw FileError("the tensor " + full + " holds values that are not finite", where_);
        return found->second.values;
    }
    [[nodiscard]] Eigen::VectorXd vector(const std::string& name, Eigen::Index size) const {
        const auto from = values(name, {static_cast<std::size_t>(size)});
        return Eigen::Map<const Eigen::VectorXd>(from.data(), size);
    }
    [[nodiscard]] Eigen::MatrixXd matrix(const std::string& name, Eigen::Index rows, Eigen::Index columns) const {
        const auto from = values(name, {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
        return Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(from.data(), rows, columns);
    }
    /// Rows of a matrix whose number only the file knows.
    [[nodiscard]] Eigen::Index rows(const std::string& name) const {
        const auto found = file_.tensors.find(std::string(ForceUncertainty::prefix) + name);
        if (found == file_.tensors.end() || found->second.shape.empty()) return 0;
        return static_cast<Eigen::Index>(std::min<std::size_t>(found->second.shape[0], ForceUncertainty::most_components));
    }

private:
    const io::TensorFile& file_;
    const std::string& where_;
};

}  // namespace

std::vector<Vec3> edge_pulls(const Graph& graph, std::span<const Vec3> edge_gradient) {
    const auto atoms = static_cast<std::size_t>(graph.num_local);
    const IncomingEdges& incoming = graph.by_neighbour();
    std::vector<Vec3> pull(atoms);
    base::parallel_for(atoms, [&](std::size_t i) {
        Vec3 sum = Vec3::Zero();
        for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e)
            sum += edge_gradient[e].cwiseAbs2();
        for (auto k = static_cast<std::size_t>(incoming.first[i]); k < static_cast<std::size_t>(incoming.first[i + 1]); ++k)
            sum += edge_gradient[static_cast<std::size_t>(incoming.edge[k])].cwiseAbs2();
        pull[i] = sum;
    });
    return pull;
}

void ForceUncertainty::observe(const Observation& seen, std::size_t atom, Columns& columns) const {
    const Eigen::Index parts = num_components();
    columns.atom.setZero(parts + types - 1 + atom_extra);
    if (parts > 0) {
        const Eigen::Map<const Eigen::VectorXd> features(seen.features.data() + atom * num_features(), mean.size());
        columns.atom.head(parts).noalias() = components * (features - mean);
    }
    if (const int type = seen.types[atom]; type > 0) columns.atom[parts + type - 1] = 1;
    const Vec3 &force = seen.forces[atom], &pull = seen.pulls[atom];
    columns.atom.tail<atom_extra>() << std::log(pull.sum() + least_pull * least_pull), std::log(force.norm() + least_force);
    for (int d = 0; d < 3; ++d) {
        columns.component(0, d) = std::log(pull[d] + least_pull * least_pull);
        columns.component(1, d) = std::log(std::abs(force[d]) + least_force);
    }
}

void ForceUncertainty::standardise(Columns& columns) const {
    columns.atom.tail(atom_extra) = (columns.atom.tail(atom_extra) - centre.head(atom_extra)).cwiseQuotient(width.head(atom_extra));
    columns.atom = columns.atom.cwiseMax(-farthest).cwiseMin(farthest);
    for (int d = 0; d < 3; ++d)
        columns.component.col(d) = (columns.component.col(d) - centre.tail(component_columns))
                                       .cwiseQuotient(width.tail(component_columns))
                                       .cwiseMax(-farthest)
                                       .cwiseMin(farthest);
}

Vec3 ForceUncertainty::log_deviation(const Columns& columns) const {
    const Eigen::Index n = columns.atom.size();
    const auto& z = columns.atom;
    const double alone = linear[0] + linear.segment(1, n).dot(z) + z.dot(quadratic.topLeftCorner(n, n) * z);
    const Eigen::Vector2d slope = linear.tail<component_columns>() + 2 * (quadratic.bottomLeftCorner(component_columns, n) * z);
    const Eigen::Matrix2d bend = quadratic.bottomRightCorner<component_columns, component_columns>();
    Vec3 result;
    for (int d = 0; d < 3; ++d) {
        const Eigen::Vector2d c = columns.component.col(d);
        result[d] = std::clamp(alone + slope.dot(c) + c.dot(bend * c), low - below, high + above);
    }
    return result;
}

double ForceUncertainty::error(double s) const { return factor * std::hypot(spread * s, floor); }

std::vector<Vec3> ForceUncertainty::expected(const Observation& seen) const {
    std::vector<Vec3> out(seen.forces.size());
    constexpr std::size_t atoms_per_task = 64;
    base::parallel_for((out.size() + atoms_per_task - 1) / atoms_per_task, [&](std::size_t task) {
        Columns columns;
        for (std::size_t i = task * atoms_per_task; i < std::min((task + 1) * atoms_per_task, out.size()); ++i) {
            observe(seen, i, columns);
            // Farther out than anything in calibration, less is known than the polynomial says.
            const double distance = std::sqrt(std::max(1.0, columns.atom.head(num_components()).squaredNorm() / reach));
            standardise(columns);
            const Vec3 logs = log_deviation(columns);
            for (int d = 0; d < 3; ++d) out[i][d] = error(distance * std::exp(logs[d]));
        }
    });
    return out;
}

void ForceUncertainty::store(io::TensorFile& file) const {
    const auto put = [&](const std::string& name, io::Tensor tensor) { file.tensors[std::string(prefix) + name] = std::move(tensor); };
    put("mean", tensor_of(mean));
    put("components", tensor_of(components));
    put("centre", tensor_of(centre));
    put("width", tensor_of(width));
    put("linear", tensor_of(linear));
    put("quadratic", tensor_of(quadratic));
    put("scale", {{6}, {low, high, reach, spread, floor, factor}});
}

std::optional<ForceUncertainty> ForceUncertainty::from(const io::TensorFile& file, std::size_t num_features, std::size_t types,
                                                       const std::string& where) {
    if (std::none_of(file.tensors.begin(), file.tensors.end(), [](const auto& entry) { return entry.first.starts_with(prefix); }))
        return {};
    const Reader reader(file, where);
    ForceUncertainty u;
    u.types = static_cast<Eigen::Index>(types);
    const auto features = static_cast<Eigen::Index>(num_features);
    u.mean = reader.vector("mean", features);
    u.components = reader.matrix("components", reader.rows("components"), features);
    u.centre = reader.vector("centre", atom_extra + component_columns);
    u.width = reader.vector("width", atom_extra + component_columns);
    u.linear = reader.vector("linear", 1 + u.num_columns());
    u.quadratic = reader.matrix("quadratic", u.num_columns(), u.num_columns());
    const auto scale = reader.values("scale", {6});
    u.low = scale[0], u.high = scale[1], u.reach = scale[2], u.spread = scale[3], u.floor = scale[4], u.factor = scale[5];
    if (u.width.minCoeff() <= 0 || u.reach <= 0 || u.factor < 0 || u.low > u.high)
        throw FileError("its uncertainty tensors are not those of a calibration", where, "calibrate the model again");
    return u;
}

}  // namespace alkali::models
