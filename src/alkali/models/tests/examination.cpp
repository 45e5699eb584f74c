#include "examination.hpp"

#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "alkali/models/common/model_file.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models::testing {
namespace {

double largest(const std::vector<Vec3>& vectors) {
    double most = 0;
    for (const Vec3& v : vectors) most = std::max(most, v.cwiseAbs().maxCoeff());
    return most;
}

bool is_free(const structure::Structure& s, const Vec3& candidate) {
    const auto& periodic = s.cell.periodic();
    for (int a = -periodic[0]; a <= periodic[0]; ++a)
        for (int b = -periodic[1]; b <= periodic[1]; ++b)
            for (int c = -periodic[2]; c <= periodic[2]; ++c) {
                const Vec3 image = a * s.cell.vector(0) + b * s.cell.vector(1) + c * s.cell.vector(2);
                for (const Vec3& position : s.positions)
                    if ((candidate - position + image).norm() < 1.9) return false;
            }
    return true;
}

}  // namespace

Tolerance tolerance_of(Precision precision) {
    if (precision == Precision::float64) return {1e-10, 1e-10, 1e-4, 1e-7};
    return {1e-5, 1e-4, 1e-2, 2e-3};
}

void Conformance::TearDown() { omp_set_num_threads(threads_before_); }

void Conformance::SetUp() {
    threads_before_ = omp_get_max_threads();
    omp_set_num_threads(1);
    model_ = GetParam().make();
    calculator_ = std::make_unique<ModelCalculator>(model_, GetParam().name);
    tolerance_ = tolerance_of(model_->precision());
    for (const auto& name : model_->type_names()) numbers_.push_back(units::atomic_number(name));
}

structure::Structure Conformance::random_structure(std::size_t atoms, double edge, std::array<bool, 3> periodic, std::uint64_t seed) const {
    base::Random random(seed);
    Mat3 vectors;
    vectors << edge, 0, 0, 0.2 * edge, 0.9 * edge, 0, -0.1 * edge, 0.15 * edge, 1.1 * edge;
    structure::Structure s{structure::Cell(vectors, periodic), {}, {}};
    while (s.size() < atoms) {
        const Vec3 candidate = s.cell.to_cartesian(Vec3(random.uniform(), random.uniform(), random.uniform()));
        if (is_free(s, candidate)) s.add(numbers_[s.size() % 3 % 2], candidate);
    }
    return s;
}

std::vector<structure::Structure> Conformance::structures() const {
    return {random_structure(3, 3.4, {true, true, true}, 1), random_structure(20, 7.5, {true, true, true}, 2),
            random_structure(6, 5.0, {true, true, false}, 3), cluster()};
}

structure::Structure Conformance::dense_crystal() const {
    base::Random random(8);
    auto s = structure::rattled(structure::repeated(structure::bcc("Li", 2.4), {5, 4, 3}), 0.05, random);
    for (std::size_t i = 0; i < s.size(); ++i) s.numbers[i] = numbers_[i % 3 % 2];
    return s;
}

void Conformance::expect_equal(const calculator::Result& got, const calculator::Result& expected, const std::string& what) const {
    SCOPED_TRACE(what);
    ASSERT_EQ(got.forces.size(), expected.forces.size());
    const double atoms = static_cast<double>(expected.forces.size()), force = tolerance_.force * (1 + largest(expected.forces));
    EXPECT_NEAR(got.energy / atoms, expected.energy / atoms, tolerance_.energy * (1 + std::abs(expected.energy) / atoms));
    double energy_error = 0, force_error = 0, virial_error = 0, virial_scale = 0;
    for (std::size_t i = 0; i < expected.forces.size(); ++i) {
        energy_error = std::max(energy_error, std::abs(got.energies[i] - expected.energies[i]) / (1 + std::abs(expected.energies[i])));
        force_error = std::max(force_error, (got.forces[i] - expected.forces[i]).cwiseAbs().maxCoeff());
        virial_error = std::max(virial_error, (got.virials[i] - expected.virials[i]).cwiseAbs().maxCoeff());
        virial_scale = std::max(virial_scale, expected.virials[i].cwiseAbs().maxCoeff());
    }
    EXPECT_LE(energy_error, tolerance_.energy);
    EXPECT_LE(force_error, force);
    EXPECT_LE(virial_error, tolerance_.force * (1 + virial_scale));
    EXPECT_LE((got.stress - expected.stress).cwiseAbs().maxCoeff(), tolerance_.force * (1 + expected.stress.cwiseAbs().maxCoeff()));
}

Loss Conformance::random_loss(const structure::Structure& structure, std::uint64_t seed) const {
    Loss loss{structure_graph(structure, model_->type_names(), model_->cutoff(), "test"), {}, {}};
    base::Random random(seed);
    for (std::size_t i = 0; i < structure.size(); ++i) loss.energies.push_back(random.normal());
    for (std::size_t e = 0; e < loss.graph.list.edges(); ++e) loss.edges.emplace_back(random.normal(), random.normal(), random.normal());
    return loss;
}

Output Conformance::evaluate(const Model& model, const Graph& graph) const {
    Output out{std::vector<double>(static_cast<std::size_t>(graph.num_local)), std::vector<Vec3>(graph.neighbour.size())};
    NoExchange exchange;
    model.evaluate(graph, exchange, {out.energies, out.edge_gradient});
    return out;
}

Output Conformance::evaluate(TrainingPass& pass, const Graph& graph) const {
    Output out{std::vector<double>(static_cast<std::size_t>(graph.num_local)), std::vector<Vec3>(graph.neighbour.size())};
    pass.evaluate(graph, {out.energies, out.edge_gradient});
    return out;
}

double Conformance::objective(const Model& model, const Loss& loss) const {
    const Output out = evaluate(model, loss.graph.view());
    double sum = 0;
    for (std::size_t i = 0; i < out.energies.size(); ++i) sum += loss.energies[i] * out.energies[i];
    for (std::size_t e = 0; e < out.edge_gradient.size(); ++e) sum += loss.edges[e].dot(out.edge_gradient[e]);
    return sum;
}

std::vector<double> Conformance::gradient(TrainingPass& pass, const Loss& loss) const {
    std::vector<double> result(model_->parameters().size(), 0.0);
    static_cast<void>(evaluate(pass, loss.graph.view()));
    pass.accumulate_gradient(loss.seeds(), result);
    return result;
}

std::shared_ptr<TrainableModel> Conformance::reloaded(const TrainableModel& model, std::optional<Precision> precision) const {
    const auto path =
        std::filesystem::temp_directory_path() / ("alkali_" + GetParam().name + "_" + std::to_string(::getpid()) + ".safetensors");
    const auto kinds = subject_kinds();
    save_model(path, model, kinds, {{"command", "test"}});
    const auto loaded = load_model(path, kinds, precision);
    std::filesystem::remove(path);
    return loaded.model;
}

std::vector<double> shift_parameters(const TrainableModel& model) {
    for (const auto& info : model.layout())
        if (info.name == "shifts") {
            const auto values = model.parameters().subspan(info.offset, info.size);
            return {values.begin(), values.end()};
        }
    ADD_FAILURE() << "no parameter array 'shifts'";
    return {0.0, 0.0};
}

}  // namespace alkali::models::testing
