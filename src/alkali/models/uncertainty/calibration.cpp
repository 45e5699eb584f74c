#include "alkali/models/uncertainty/calibration.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/thread_choice.hpp"
#include "alkali/calculator/frame.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"
#include "alkali/models/contract/limits.hpp"

namespace alkali::models {
namespace {

/// Weights of the squares of the coefficients that are tried, per row: the columns have deviation 1.
constexpr double ridges[] = {1e-4, 1e-3, 1e-2, 0.1, 1, 10};
/// Added to deviations before their logarithm is taken, eV/angstrom.
constexpr double least_deviation = 1e-4;
/// Errors and deviations of forces that are all below are those of rounding, eV/angstrom; those of any potential lie far above.
constexpr double rounding = 1e-6;
/// An error of a force that is none of a potential, eV/angstrom.
constexpr double beyond_belief = 1e6;

/// One frame as the model sees it.
struct Seen {
    StructureGraph graph;
    double cutoff = 0;
    std::vector<double> features;
    std::vector<Vec3> edge_gradient, forces;
    std::vector<Vec3> target;  ///< deviations to learn
    const std::vector<Vec3>* labels = nullptr;

    [[nodiscard]] double error(std::size_t atom, int d) const { return forces[atom][d] - (*labels)[atom][d]; }
};

using Frames = std::vector<const Seen*>;

/// f(Observation) -> what it gives.
template <class F>
decltype(auto) with_observation(const Seen& seen, F f) {
    const Graph graph = seen.graph.view();
    return f(Observation{graph, seen.cutoff, seen.features, seen.edge_gradient, seen.forces});
}

using Columns = ForceUncertainty::Columns;

/// A frame with its columns.
struct Observed {
    const Seen* seen = nullptr;
    Columns columns;
};

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

/// Sets centre, width and reach; the columns of all frames, standardised.
std::vector<Observed> observe(ForceUncertainty& u, const Frames& frames) {
    constexpr int extra = ForceUncertainty::atom_extra;
    const Eigen::Index size = extra + u.component_columns();
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(size), squares = sum, row(size);
    double count = 0;
    u.reach = std::numeric_limits<double>::min();
    std::vector<Observed> all;
    for (const Seen* seen : frames) {
        all.push_back({seen, with_observation(*seen, [&](const Observation& observation) { return u.observe(observation); })});
        const Columns& columns = all.back().columns;
        for (Eigen::Index i = 0; i < columns.atom.cols(); ++i) {
            u.reach = std::max(u.reach, u.squared_length(columns, i));
            for (int d = 0; d < 3; ++d, ++count) {
                row << columns.atom.col(i).tail<extra>(), columns.component.col(3 * i + d);
                sum += row;
                squares += row.cwiseAbs2();
            }
        }
    }
    u.centre = sum / count;
    u.width = (squares / count - u.centre.cwiseAbs2()).cwiseMax(1e-12).cwiseSqrt();
    for (auto& one : all) u.standardise(one.columns);
    return all;
}

/// Two halves; frames with labels go to either in turn, and so do the others. seen_of(T) -> const Seen&.
template <class T, class SeenOf>
std::array<std::vector<T>, 2> halves_of(const std::vector<T>& frames, SeenOf seen_of) {
    std::array<std::vector<T>, 2> halves;
    std::size_t count[2] = {};
    for (const T& frame : frames) halves[count[seen_of(frame).labels ? 1 : 0]++ % 2].push_back(frame);
    return halves;
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

/// Sums for the least squares of the logarithms of targets.
struct Normal {
    Eigen::MatrixXd matrix;  ///< lower half
    Eigen::VectorXd right;
    double square = 0, count = 0;
    double low = std::numeric_limits<double>::max(), high = std::numeric_limits<double>::lowest();

    [[nodiscard]] Normal operator+(const Normal& other) const {
        return {matrix + other.matrix, right + other.right,      square + other.square,
                count + other.count,   std::min(low, other.low), std::max(high, other.high)};
    }
    /// ridge: weight of the squares of the coefficients but the constant, per row.
    [[nodiscard]] Eigen::VectorXd solution(double ridge) const {
        Eigen::MatrixXd sum = matrix;
        sum.diagonal().tail(sum.rows() - 1).array() += ridge * count;
        return sum.selfadjointView<Eigen::Lower>().ldlt().solve(right);
    }
    /// Sum of squares that a solution leaves here.
    [[nodiscard]] double loss(const Eigen::VectorXd& w) const {
        return square - 2 * w.dot(right) + w.dot(matrix.selfadjointView<Eigen::Lower>() * w);
    }
};

Normal normal_equations(const ForceUncertainty& u, const std::vector<const Observed*>& frames) {
    const Eigen::Index n = u.num_columns(), size = 1 + n + n * (n + 1) / 2;
    constexpr Eigen::Index batch = 512;
    Normal sums{Eigen::MatrixXd::Zero(size, size), Eigen::VectorXd::Zero(size)};
    Eigen::MatrixXd rows(size, batch);
    Eigen::VectorXd z(n);
    Eigen::Index filled = 0;
    const auto flush = [&] {
        sums.matrix.selfadjointView<Eigen::Lower>().rankUpdate(rows.leftCols(filled));
        filled = 0;
    };
    for (const Observed* frame : frames)
        for (std::size_t i = 0; i < frame->seen->target.size(); ++i) {
            const auto at = static_cast<Eigen::Index>(i);
            for (int d = 0; d < 3; ++d, ++sums.count) {
                z << frame->columns.atom.col(at), frame->columns.component.col(3 * at + d);
                rows.col(filled) = terms_of(z);
                const double y = std::log(frame->seen->target[i][d] + least_deviation);
                sums.right += y * rows.col(filled);
                sums.square += y * y;
                sums.low = std::min(sums.low, y);
                sums.high = std::max(sums.high, y);
                if (++filled == batch) flush();
            }
        }
    flush();
    return sums;
}

void set_polynomial(ForceUncertainty& u, const Normal& normal, double ridge) {
    const Eigen::Index n = u.num_columns();
    const Eigen::VectorXd solution = normal.solution(ridge);
    u.linear = solution.head(1 + n);
    u.quadratic.resize(n, n);
    Eigen::Index at = 1 + n;
    for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = i; j < n; ++j, ++at) u.quadratic(i, j) = u.quadratic(j, i) = i == j ? solution[at] : 0.5 * solution[at];
    u.low = normal.low;
    u.high = normal.high;
}

struct Errors {
    std::vector<double> error, s;
};

/// Adds the errors of labelled components beside what the polynomial says of them.
void add_errors(const ForceUncertainty& u, const std::vector<const Observed*>& frames, Errors& all) {
    for (const Observed* frame : frames)
        for (std::size_t i = 0; frame->seen->labels && i < frame->seen->forces.size(); ++i) {
            const Vec3 logs = u.log_deviation(frame->columns, static_cast<Eigen::Index>(i));
            for (int d = 0; d < 3; ++d) {
                all.error.push_back(frame->seen->error(i, d));
                all.s.push_back(std::exp(logs[d]));
            }
        }
}

/// spread and floor of greatest likelihood for normal errors, then the factor that makes intervals of 90 % hold 90 %.
void fit_scale(ForceUncertainty& u, const Errors& all, double least_spread) {
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

/// Weight of the ridge and scale are found by fitting on either half and looking at the other: few frames get a stiff polynomial.
ForceUncertainty fit(const Frames& frames, const Model& model, bool committee) {
    ForceUncertainty u;
    u.types = static_cast<Eigen::Index>(model.type_names().size());
    find_components(u, frames, model.num_features());
    const auto observed = observe(u, frames);
    std::vector<const Observed*> all;
    for (const auto& one : observed) all.push_back(&one);
    const auto halves = halves_of(all, [](const Observed* one) -> const Seen& { return *one->seen; });
    const std::array<Normal, 2> normal{normal_equations(u, halves[0]), normal_equations(u, halves[1])};
    double best = std::numeric_limits<double>::max(), ridge = 0;
    for (const double weight : ridges) {
        const double loss = normal[1].loss(normal[0].solution(weight)) + normal[0].loss(normal[1].solution(weight));
        if (loss < best) {
            best = loss;
            ridge = weight;
        }
    }
    Errors errors;
    for (std::size_t k = 0; k < 2; ++k) {
        set_polynomial(u, normal[k], ridge);
        add_errors(u, halves[1 - k], errors);
    }
    set_polynomial(u, normal[0] + normal[1], ridge);
    // A committee knows of its seeds only: its members' errors are not smaller than its deviations.
    fit_scale(u, errors, committee ? 1.0 : 0.25);
    return u;
}

/// Errors: InputError naming the frame.
void require_finite(const Seen& seen, const std::string& where) {
    const auto refuse = [&](const std::string& what, std::size_t atom) {
        throw InputError("the " + what + " of atom " + std::to_string(atom + 1) + " is no finite number", where,
                         "is the frame sane (alkali data check), and the model?");
    };
    for (std::size_t i = 0; i < seen.forces.size(); ++i) {
        if (!seen.forces[i].allFinite()) refuse("force", i);
        for (int d = 0; seen.labels && d < 3; ++d)
            if (!(std::abs(seen.error(i, d)) <= beyond_belief))
                throw InputError(fmt::format("the force of the model on atom {} is {:.1e} eV/angstrom from its label", i + 1,
                                             std::abs(seen.error(i, d))),
                                 where, "is the label right (alkali data check), and the model trained?");
    }
    for (std::size_t i = 0; i < seen.target.size(); ++i)
        if (!seen.target[i].allFinite()) refuse("deviation of the force", i);
    for (const double feature : seen.features)
        if (!std::isfinite(feature)) throw InputError("what the model knows of the atoms is not finite", where, "is the model trained?");
}

/// Numbers from which something can be learned. what: "the errors of the forces". Errors: InputError saying why there is nothing.
class Worth {
public:
    explicit Worth(std::string what) : what_(std::move(what)) {}
    void add(double value) {
        least_ = std::min(least_, std::abs(value));
        most_ = std::max(most_, std::abs(value));
    }
    void require(const std::string& where, const std::string& hint) const {
        if (most_ < rounding)
            throw InputError(
                fmt::format("{} are all below {:.0e} eV/angstrom, which is rounding: there is nothing to learn", what_, rounding), where,
                hint);
        if (most_ - least_ <= rounding * most_) throw InputError(what_ + " are all alike: there is nothing to learn", where, hint);
    }

private:
    std::string what_;
    double least_ = std::numeric_limits<double>::infinity(), most_ = 0;
};

/// Errors: InputError where errors or deviations are such that no calibration can come of them.
void require_worth(const std::vector<Seen>& seen, const calculator::Calculator* committee, const std::string& source) {
    Worth errors("the errors of the forces"), deviations("the deviations of the committee's forces");
    for (const Seen& one : seen)
        for (std::size_t i = 0; i < one.forces.size(); ++i)
            for (int d = 0; d < 3; ++d) {
                if (one.labels) errors.add(one.error(i, d));
                if (committee) deviations.add(one.target[i][d]);
            }
    errors.require(source, "give labels of another origin than this model, of structures without the symmetry that makes forces vanish");
    if (committee) deviations.require(committee->name(), "name models that were trained from different seeds");
}

void require_sane(const ForceUncertainty& uncertainty, const std::string& source) {
    if (const auto fault = uncertainty.fault(); !fault.empty())
        throw InputError("nothing can be learned from these frames: " + fault, source, "look at them with alkali data check");
}

std::vector<Seen> look(const Model& model, calculator::Calculator* committee, std::span<const structure::Frame> frames,
                       base::ProgressSink& progress) {
    std::vector<Seen> all(frames.size());
    NoExchange exchange;
    base::ThreadChoice threads(omp_get_max_threads());
    for (std::size_t f = 0; f < frames.size(); ++f) {
        const auto& frame = frames[f];
        Seen& seen = all[f];
        seen.graph = structure_graph(frame.structure, model.type_names(), model.cutoff(), frame.where());
        seen.cutoff = model.cutoff();
        const Graph graph = seen.graph.view();
        models::require_within_limits(model, graph, frame.where());
        const std::size_t atoms = frame.structure.size();
        std::vector<double> energies(atoms);
        seen.features.resize(atoms * model.num_features());
        seen.edge_gradient.resize(static_cast<std::size_t>(graph.num_edges()));
        seen.forces.resize(atoms);
        {
            const base::ThreadTurn turn(&threads, static_cast<double>(atoms));
            model.evaluate(graph, exchange, {energies, seen.edge_gradient, nullptr, seen.features});
        }
        Assembly assembly{seen.forces, {}};
        assemble(graph, seen.edge_gradient, assembly);
        if (frame.labels.forces) seen.labels = &*frame.labels.forces;
        if (committee) {
            auto result = calculator::compute(*committee, frame);
            if (!result.uncertainty)
                throw InputError("gives no uncertainties", committee->name(),
                                 "name several models: with commas between, or the option once for each");
            seen.target = std::move(result.uncertainty->forces);
        } else if (seen.labels) {
            for (std::size_t i = 0; i < atoms; ++i) seen.target.push_back((seen.forces[i] - (*seen.labels)[i]).cwiseAbs());
        }
        require_finite(seen, frame.where());
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
    const std::string& source = frames[0].source;
    require_worth(seen, committee, source);
    Frames all;
    for (const Seen& one : seen) all.push_back(&one);
    const auto halves = halves_of(all, [](const Seen* one) -> const Seen& { return *one; });
    Calibration out;
    std::vector<double> expected, found;
    double inside = 0;
    const double half_width = math::normal_half_width(0.9);
    for (std::size_t k = 0; k < 2; ++k) {
        const ForceUncertainty u = fit(halves[k], model, committee != nullptr);
        require_sane(u, source);
        for (const Seen* one : halves[1 - k]) {
            if (!one->labels) continue;
            const auto errors = with_observation(*one, [&](const Observation& observation) { return u.expected(observation); });
            for (std::size_t i = 0; i < errors.size(); ++i)
                for (int d = 0; d < 3; ++d) {
                    expected.push_back(errors[i][d]);
                    found.push_back(one->target[i][d]);
                    inside += std::abs(one->error(i, d)) <= half_width * errors[i][d] ? 1 : 0;
                }
        }
    }
    out.check = {expected.size(), math::spearman(expected, found), inside / static_cast<double>(expected.size())};
    if (!std::isfinite(out.check.rank_correlation) || expected.empty())
        throw InputError("the expected errors are the same for all forces: the calibration tells nothing", source,
                         "give more frames, of different structures");
    out.uncertainty = fit(all, model, committee != nullptr);
    require_sane(out.uncertainty, source);
    return out;
}

}  // namespace alkali::models
