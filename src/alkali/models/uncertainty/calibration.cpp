#include "alkali/models/uncertainty/calibration.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"

namespace alkali::models {
namespace {

/// Weight of the squares of the coefficients, per row: the columns have deviation 1.
constexpr double ridge = 1e-3;
/// Added to deviations before their logarithm is taken, eV/angstrom.
constexpr double least_deviation = 1e-4;

/// One frame as the model sees it.
struct Seen {
    std::vector<int> types;
    std::vector<double> features;
    std::vector<Vec3> forces, pulls;
    std::vector<Vec3> target;  ///< deviations to learn
    const std::vector<Vec3>* labels = nullptr;

    [[nodiscard]] Observation observation() const { return {types, features, pulls, forces}; }
    [[nodiscard]] double error(std::size_t atom, int d) const { return forces[atom][d] - (*labels)[atom][d]; }
};

using Frames = std::vector<const Seen*>;

template <class F>
void for_atoms(const ForceUncertainty& u, const Frames& frames, F f) {
    ForceUncertainty::Columns columns;
    for (const Seen* seen : frames) {
        for (std::size_t i = 0; i < seen->forces.size(); ++i) {
            u.observe(seen->observation(), i, columns);
            f(*seen, i, columns);
        }
    }
}

/// Principal components of the features, largest first, each of deviation 1.
void find_components(ForceUncertainty& u, const Frames& frames, std::size_t num_features) {
    const auto n = static_cast<Eigen::Index>(num_features);
    u.mean = Eigen::VectorXd::Zero(n);
    Eigen::MatrixXd second = Eigen::MatrixXd::Zero(n, n);
    double atoms = 0;
    for (const Seen* seen : frames)
        for (std::size_t i = 0; i < seen->forces.size(); ++i, ++atoms) {
            const Eigen::Map<const Eigen::VectorXd> row(seen->features.data() + i * num_features, n);
            u.mean += row;
            second.selfadjointView<Eigen::Lower>().rankUpdate(row);
        }
    u.mean /= atoms;
    second /= atoms;
    second.selfadjointView<Eigen::Lower>().rankUpdate(u.mean, -1.0);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(second);
    // Directions in which features hardly move are noise.
    const double least = n > 0 ? 1e-10 * std::max(solver.eigenvalues()[n - 1], 0.0) : 0;
    Eigen::Index kept = 0;
    while (kept < std::min<Eigen::Index>(n, ForceUncertainty::most_components) && solver.eigenvalues()[n - 1 - kept] > least) ++kept;
    u.components.resize(kept, n);
    for (Eigen::Index k = 0; k < kept; ++k)
        u.components.row(k) = solver.eigenvectors().col(n - 1 - k).transpose() / std::sqrt(solver.eigenvalues()[n - 1 - k]);
}

void find_scales(ForceUncertainty& u, const Frames& frames) {
    constexpr int extra = ForceUncertainty::atom_extra, per_component = ForceUncertainty::component_columns;
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(extra + per_component), squares = sum;
    double atoms = 0;
    u.reach = std::numeric_limits<double>::min();
    for_atoms(u, frames, [&](const Seen&, std::size_t, const ForceUncertainty::Columns& columns) {
        u.reach = std::max(u.reach, columns.atom.head(u.num_components()).squaredNorm());
        Eigen::VectorXd row(extra + per_component);
        for (int d = 0; d < 3; ++d) {
            row << columns.atom.tail<extra>(), columns.component.col(d);
            sum += row / 3;
            squares += row.cwiseAbs2() / 3;
        }
        ++atoms;
    });
    u.centre = sum / atoms;
    u.width = (squares / atoms - u.centre.cwiseAbs2()).cwiseMax(1e-12).cwiseSqrt();
}

/// 1, z, and products of z.
Eigen::VectorXd terms_of(const Eigen::VectorXd& z) {
    const Eigen::Index n = z.size();
    Eigen::VectorXd terms(1 + n + n * (n + 1) / 2);
    terms[0] = 1;
    terms.segment(1, n) = z;
    Eigen::Index at = 1 + n;
    for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = i; j < n; ++j) terms[at++] = z[i] * z[j];
    return terms;
}

/// Least squares of the logarithms of the targets.
void fit_polynomial(ForceUncertainty& u, const Frames& frames) {
    const Eigen::Index n = u.num_columns(), size = 1 + n + n * (n + 1) / 2;
    constexpr Eigen::Index batch = 512;
    Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(size, size), rows(size, batch);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(size), z(n);
    Eigen::Index filled = 0;
    double count = 0;
    const auto flush = [&] {
        normal.selfadjointView<Eigen::Lower>().rankUpdate(rows.leftCols(filled));
        filled = 0;
    };
    u.low = std::numeric_limits<double>::max();
    u.high = std::numeric_limits<double>::lowest();
    for_atoms(u, frames, [&](const Seen& seen, std::size_t i, ForceUncertainty::Columns& columns) {
        if (seen.target.empty()) return;
        u.standardise(columns);
        for (int d = 0; d < 3; ++d, ++count) {
            z << columns.atom, columns.component.col(d);
            rows.col(filled) = terms_of(z);
            right += std::log(seen.target[i][d] + least_deviation) * rows.col(filled);
            if (++filled == batch) flush();
        }
    });
    flush();
    normal.diagonal().tail(size - 1).array() += ridge * count;
    const Eigen::VectorXd solution = normal.selfadjointView<Eigen::Lower>().ldlt().solve(right);
    u.linear = solution.head(1 + n);
    u.quadratic.resize(n, n);
    Eigen::Index at = 1 + n;
    for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = i; j < n; ++j, ++at) u.quadratic(i, j) = u.quadratic(j, i) = i == j ? solution[at] : 0.5 * solution[at];
    // The range of what it says, unclamped.
    double low = u.low, high = u.high;
    u.low = std::numeric_limits<double>::lowest() / 2;
    u.high = std::numeric_limits<double>::max() / 2;
    for_atoms(u, frames, [&](const Seen& seen, std::size_t, ForceUncertainty::Columns& columns) {
        if (seen.target.empty()) return;
        u.standardise(columns);
        const Vec3 logs = u.log_deviation(columns);
        low = std::min(low, logs.minCoeff());
        high = std::max(high, logs.maxCoeff());
    });
    u.low = low;
    u.high = high;
}

struct Errors {
    std::vector<double> error, s;
};

/// Errors of labelled components beside what the polynomial says of them.
Errors errors_of(const ForceUncertainty& u, const Frames& frames) {
    Errors all;
    for_atoms(u, frames, [&](const Seen& seen, std::size_t i, ForceUncertainty::Columns& columns) {
        if (!seen.labels) return;
        u.standardise(columns);
        const Vec3 logs = u.log_deviation(columns);
        for (int d = 0; d < 3; ++d) {
            all.error.push_back(seen.error(i, d));
            all.s.push_back(std::exp(logs[d]));
        }
    });
    return all;
}

/// spread and floor of greatest likelihood for normal errors, then the factor that makes intervals of 90 % hold 90 %.
void fit_scale(ForceUncertainty& u, const Frames& frames, double least_spread) {
    const Errors all = errors_of(u, frames);
    double mean_square = 0;
    for (const double error : all.error) mean_square += error * error / static_cast<double>(all.error.size());
    double best = std::numeric_limits<double>::max();
    for (double spread = least_spread; spread < 10; spread *= 1.15)
        for (int step = 0; step <= 30; ++step) {
            const double floor = 0.05 * step * std::sqrt(mean_square);
            double loss = 0;
            for (std::size_t k = 0; k < all.error.size(); ++k) {
                const double variance = spread * spread * all.s[k] * all.s[k] + floor * floor;
                loss += std::log(variance) + all.error[k] * all.error[k] / variance;
            }
            if (loss >= best) continue;
            best = loss;
            u.spread = spread;
            u.floor = floor;
        }
    u.factor = 1;
    std::vector<double> ratios;
    for (std::size_t k = 0; k < all.error.size(); ++k) ratios.push_back(std::abs(all.error[k]) / u.error(all.s[k]));
    const auto rank = ratios.begin() + static_cast<std::ptrdiff_t>(0.9 * static_cast<double>(ratios.size() - 1));
    std::nth_element(ratios.begin(), rank, ratios.end());
    u.factor = std::max(*rank, std::numeric_limits<double>::min()) / math::normal_half_width(0.9);
}

ForceUncertainty fit(const Frames& frames, const Model& model, bool committee) {
    ForceUncertainty u;
    u.types = static_cast<Eigen::Index>(model.type_names().size());
    find_components(u, frames, model.num_features());
    find_scales(u, frames);
    fit_polynomial(u, frames);
    // A committee knows of its seeds only: its members' errors are not smaller than its deviations.
    fit_scale(u, frames, committee ? 1.0 : 0.25);
    return u;
}

std::vector<Seen> look(const Model& model, calculator::Calculator* committee, std::span<const structure::Frame> frames,
                       base::ProgressSink& progress) {
    std::vector<Seen> all(frames.size());
    NoExchange exchange;
    for (std::size_t f = 0; f < frames.size(); ++f) {
        const auto& frame = frames[f];
        Seen& seen = all[f];
        const auto data = structure_graph(frame.structure, model.type_names(), model.cutoff(), frame.where());
        seen.types = data.types;
        const Graph graph = data.view();
        const std::size_t atoms = frame.structure.size();
        std::vector<double> energies(atoms);
        std::vector<Vec3> edge_gradient(static_cast<std::size_t>(graph.num_edges()));
        seen.features.resize(atoms * model.num_features());
        seen.forces.resize(atoms);
        model.evaluate(graph, exchange, {energies, edge_gradient, nullptr, seen.features});
        Assembly assembly{seen.forces, {}};
        assemble(graph, edge_gradient, assembly);
        seen.pulls = edge_pulls(graph, edge_gradient);
        if (frame.labels.forces) seen.labels = &*frame.labels.forces;
        if (committee) {
            auto result = committee->compute(frame.structure);
            if (!result.uncertainty)
                throw InputError("gives no uncertainties", committee->name(), "name several models with commas between");
            seen.target = std::move(result.uncertainty->forces);
        } else if (seen.labels) {
            for (std::size_t i = 0; i < atoms; ++i) seen.target.push_back((seen.forces[i] - (*seen.labels)[i]).cwiseAbs());
        }
        progress.update({"calibrate", static_cast<double>(f + 1), static_cast<double>(frames.size()), {}});
    }
    return all;
}

}  // namespace

Calibration calibrate_forces(const Model& model, calculator::Calculator* committee, std::span<const structure::Frame> frames,
                             base::ProgressSink& progress) {
    const auto labelled = std::count_if(frames.begin(), frames.end(), [](const auto& frame) { return frame.labels.forces.has_value(); });
    if (labelled < 4)
        throw InputError("a calibration needs at least four frames with forces", frames.empty() ? "" : frames[0].source,
                         "give labelled frames that the model was not trained on");
    const auto seen = look(model, committee, frames, progress);
    Frames all, halves[2];
    std::size_t with_labels = 0;
    for (const Seen& one : seen) {
        all.push_back(&one);
        halves[one.labels ? with_labels++ % 2 : all.size() % 2].push_back(&one);
    }
    Calibration out;
    std::vector<double> expected, found;
    double inside = 0;
    const double half_width = math::normal_half_width(0.9);
    for (int k = 0; k < 2; ++k) {
        const ForceUncertainty u = fit(halves[k], model, committee != nullptr);
        for (const Seen* one : halves[1 - k]) {
            if (!one->labels) continue;
            const auto errors = u.expected(one->observation());
            for (std::size_t i = 0; i < errors.size(); ++i)
                for (int d = 0; d < 3; ++d) {
                    expected.push_back(errors[i][d]);
                    found.push_back(one->target[i][d]);
                    inside += std::abs(one->error(i, d)) <= half_width * errors[i][d] ? 1 : 0;
                }
        }
    }
    out.check = {expected.size(), math::spearman(expected, found), inside / static_cast<double>(expected.size())};
    out.uncertainty = fit(all, model, committee != nullptr);
    return out;
}

}  // namespace alkali::models
