#include "alkali/models/common/force_uncertainty.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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
/// Least logarithm of a deviation, least deviation of a column and largest error within the range of calibration (eV/angstrom): what
/// calibrations give lies far from them.
constexpr double least_log = -30, least_width = 1e-8, largest_error = 1e6;
constexpr std::array names{"mean", "components", "centre", "width", "linear", "quadratic", "scale"};

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

namespace {

/// How hard the edges of an atom pull along each axis: sum of the squares of their gradients' components over the edges that begin or
/// end at it, (eV/angstrom)^2.
Vec3 pull_of(const Observation& seen, std::size_t i) {
    const Graph& graph = seen.graph;
    const IncomingEdges& incoming = graph.by_neighbour();
    Vec3 sum = Vec3::Zero();
    for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e)
        sum += seen.edge_gradient[e].cwiseAbs2();
    for (auto k = static_cast<std::size_t>(incoming.first[i]); k < static_cast<std::size_t>(incoming.first[i + 1]); ++k)
        sum += seen.edge_gradient[static_cast<std::size_t>(incoming.edge[k])].cwiseAbs2();
    return sum;
}

constexpr std::size_t atoms_per_task = 64;

}  // namespace

ForceUncertainty::Columns ForceUncertainty::observe(const Observation& seen) const {
    const Graph& graph = seen.graph;
    if (graph.num_ghost > 0) throw InternalError("expected errors were asked for on a part of a structure");
    const auto atoms = static_cast<std::size_t>(graph.num_local);
    const Eigen::Index parts = num_components(), near = num_neighbour_components();
    Columns columns;
    columns.atom.setZero(atom_columns(), graph.num_local);
    columns.component.setZero(component_columns(), 3 * static_cast<Eigen::Index>(graph.num_local));
    base::parallel_for_parts(atoms, atoms_per_task, [&](std::size_t begin, std::size_t end) {
        if (parts == 0) return;
        const auto count = static_cast<Eigen::Index>(end - begin);
        const Eigen::Map<const Eigen::MatrixXd> rows(seen.features.data() + begin * num_features(), mean.size(), count);
        columns.atom.block(0, static_cast<Eigen::Index>(begin), parts, count).noalias() = components * (rows.colwise() - mean);
    });
    base::parallel_for_parts(atoms, atoms_per_task, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto at = static_cast<Eigen::Index>(i);
            if (const int type = graph.types[i]; type > 0) columns.atom(parts + type - 1, at) = 1;
            const Vec3 pull = pull_of(seen, i), &force = seen.forces[i];
            columns.atom.col(at).tail<atom_extra>() << std::log(pull.sum() + least_pull * least_pull), std::log(force.norm() + least_force);
            auto own = columns.component.middleCols<3>(3 * at);
            for (int d = 0; d < 3; ++d) {
                own(0, d) = std::log(pull[d] + least_pull * least_pull);
                own(1, d) = std::log(std::abs(force[d]) + least_force);
            }
            if (near == 0) continue;
            // Mean over the neighbours, near ones before far ones, those along the axis only.
            double weights = 0;
            for (auto e = static_cast<std::size_t>(graph.first[i]); e < static_cast<std::size_t>(graph.first[i + 1]); ++e) {
                const double r2 = graph.vector[e].squaredNorm(), weight = 1 - r2 / (seen.cutoff * seen.cutoff);
                if (!(weight > 0)) continue;
                const auto neighbour = columns.atom.col(graph.neighbour[e]).head(near);
                weights += weight;
                for (int d = 0; d < 3; ++d) own.col(d).tail(near) += (weight * graph.vector[e][d] * graph.vector[e][d] / r2) * neighbour;
            }
            if (weights > 0) own.bottomRows(near) /= weights;
        }
    });
    return columns;
}

void ForceUncertainty::standardise(Columns& columns) const {
    const auto centred = [&](auto rows, Eigen::Index from) {
        const auto count = rows.rows();
        rows.array() = (rows.array().colwise() - centre.segment(from, count).array()).colwise() / width.segment(from, count).array();
    };
    centred(columns.atom.bottomRows(atom_extra), 0);
    centred(columns.component.topRows(component_columns()), atom_extra);
    columns.atom = columns.atom.cwiseMax(-farthest).cwiseMin(farthest);
    columns.component = columns.component.cwiseMax(-farthest).cwiseMin(farthest);
}

Vec3 ForceUncertainty::log_deviation(const Columns& columns, Eigen::Index atom) const {
    const Eigen::Index n = atom_columns(), m = component_columns();
    const auto z = columns.atom.col(atom);
    const double alone = linear[0] + linear.segment(1, n).dot(z) + z.dot(quadratic.topLeftCorner(n, n) * z);
    const Eigen::VectorXd slope = linear.tail(m) + 2 * (quadratic.bottomLeftCorner(m, n) * z);
    Vec3 result;
    for (int d = 0; d < 3; ++d) {
        const auto c = columns.component.col(3 * atom + d);
        result[d] = std::clamp(alone + slope.dot(c) + c.dot(quadratic.bottomRightCorner(m, m) * c), low - below, high + above);
    }
    return result;
}

double ForceUncertainty::error(double s) const { return factor * std::hypot(spread * s, floor); }

std::vector<Vec3> ForceUncertainty::expected(const Observation& seen) const {
    Columns columns = observe(seen);
    std::vector<Vec3> out(seen.forces.size());
    // Farther out than anything in calibration, less is known than the polynomial says.
    std::vector<double> distance(out.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        distance[i] = std::sqrt(std::max(1.0, squared_length(columns, static_cast<Eigen::Index>(i)) / reach));
    standardise(columns);
    base::parallel_for_parts(out.size(), atoms_per_task, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const Vec3 logs = log_deviation(columns, static_cast<Eigen::Index>(i));
            for (int d = 0; d < 3; ++d) out[i][d] = error(distance[i] * std::exp(logs[d]));
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

std::string ForceUncertainty::fault() const {
    for (const bool finite :
         {mean.allFinite(), components.allFinite(), centre.allFinite(), width.allFinite(), linear.allFinite(), quadratic.allFinite()})
        if (!finite) return "it holds values that are not finite";
    for (const double value : {low, high, reach, spread, floor, factor})
        if (!std::isfinite(value)) return "its scale is not finite";
    if (width.size() > 0 && width.minCoeff() < least_width) return "a column has no width";
    if (quadratic != quadratic.transpose()) return "its polynomial is not symmetric";
    if (low > high || low < least_log || reach <= 0) return "its range is none";
    if (spread <= 0 || floor < 0 || factor <= 0) return "its scale is not positive";
    const double most = error(std::exp(high + above)), least = error(std::exp(low - below));
    if (!(most <= largest_error)) return fmt::format("it expects errors of {:.1e} eV/angstrom", most);
    if (!(least > 0)) return "it expects no errors";
    return {};
}

std::optional<ForceUncertainty> ForceUncertainty::from(const io::TensorFile& file, std::size_t num_features, std::size_t types,
                                                       const std::string& where) {
    if (std::none_of(file.tensors.begin(), file.tensors.end(), [](const auto& entry) { return entry.first.starts_with(prefix); }))
        return {};
    for (const auto& [name, unused] : file.tensors)
        if (name.starts_with(prefix) && std::find(names.begin(), names.end(), name.substr(prefix.size())) == names.end())
            throw FileError("holds the tensor " + name + ", which no calibration has", where, "calibrate the model again");
    const Reader reader(file, where);
    ForceUncertainty u;
    u.types = static_cast<Eigen::Index>(types);
    const auto features = static_cast<Eigen::Index>(num_features);
    u.mean = reader.vector("mean", features);
    u.components = reader.matrix("components", reader.rows("components"), features);
    u.centre = reader.vector("centre", atom_extra + u.component_columns());
    u.width = reader.vector("width", atom_extra + u.component_columns());
    u.linear = reader.vector("linear", 1 + u.num_columns());
    u.quadratic = reader.matrix("quadratic", u.num_columns(), u.num_columns());
    const auto scale = reader.values("scale", {6});
    u.low = scale[0], u.high = scale[1], u.reach = scale[2], u.spread = scale[3], u.floor = scale[4], u.factor = scale[5];
    if (const auto fault = u.fault(); !fault.empty())
        throw FileError("its uncertainty tensors are not those of a calibration: " + fault, where, "calibrate the model again");
    return u;
}

}  // namespace alkali::models
