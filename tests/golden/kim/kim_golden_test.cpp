#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/dynamics/relax.hpp"
#include "alkali/models/kim/kim_calculator.hpp"
#include "alkali/models/kim/kim_library.hpp"
#include "alkali/properties/run.hpp"

namespace alkali::kim_golden_tests {
namespace {

using nlohmann::json;

const json& golden() {
    static const json values = json::parse(base::read_file(ALKALI_SOURCE_DIR "/tests/golden/kim/values.json"));
    return values;
}

double tolerance(const std::string& name) { return golden().at("tolerances").at(name).get<double>(); }

Mat3 matrix(const json& rows) {
    Mat3 m;
    for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t j = 0; j < 3; ++j) m(static_cast<int>(i), static_cast<int>(j)) = rows.at(i).at(j).get<double>();
    return m;
}

Vec3 vector(const json& v) { return {v.at(0).get<double>(), v.at(1).get<double>(), v.at(2).get<double>()}; }

structure::Structure structure_of(const json& frame) {
    structure::Structure s;
    s.cell = structure::Cell(matrix(frame.at("cell")),
                             frame.contains("pbc") ? frame.at("pbc").get<std::array<bool, 3>>() : std::array<bool, 3>{true, true, true});
    for (std::size_t i = 0; i < frame.at("positions").size(); ++i)
        s.add(frame.contains("numbers") ? frame.at("numbers").at(i).get<int>() : 3, vector(frame.at("positions").at(i)));
    return s;
}

/// Null where KIM or the model is not installed; any other trouble is a failure.
std::unique_ptr<calculator::Calculator> open_or_null(const std::string& model) {
    base::NullSink sink;
    try {
        if (models::kim::Library::load()->type_of(model) != "portableModel") return nullptr;
    } catch (const ExternalProgramError&) {
        return nullptr;
    }
    return models::kim::open_kim(model, sink);
}

TEST(GoldenKim, energies_forces_and_stress_equal_those_of_ase) {
    for (const auto& [model, frames] : golden().at("frames").items()) {
        const auto calculator = open_or_null(model);
        if (!calculator) GTEST_SKIP() << model << " is not installed";
        for (const auto& frame : frames) {
            const auto s = structure_of(frame);
            const auto result = calculator->compute(s);
            EXPECT_NEAR(result.energy, frame.at("energy").get<double>(), tolerance("frame_energy")) << model;
            for (std::size_t i = 0; i < s.size(); ++i)
                EXPECT_LT((result.forces[i] - vector(frame.at("forces").at(i))).norm(), tolerance("frame_force"))
                    << model << ", atom " << i;
            if (!frame.contains("stress")) continue;
            const Voigt stress = to_voigt(result.stress);
            for (std::size_t a = 0; a < 6; ++a)
                EXPECT_NEAR(stress[a], frame.at("stress").at(a).get<double>(), tolerance("frame_stress")) << model;
        }
    }
}

TEST(GoldenKim, relaxation_of_atoms_and_cell_ends_where_ase_ends) {
    for (const auto& [model, start] : golden().at("relaxed").items()) {
        const auto calculator = open_or_null(model);
        if (!calculator) GTEST_SKIP() << model << " is not installed";
        for (const auto method : {dynamics::Method::lbfgs, dynamics::Method::fire}) {
            dynamics::RelaxOptions options;
            options.method = method;
            options.freedom.cell = dynamics::CellFreedom::full;
            options.fmax = 1e-5;
            options.stress_tolerance = 1e-7;
            const auto relaxed = dynamics::relax_or_throw(*calculator, structure_of(start), options, model);
            EXPECT_NEAR(relaxed.result.energy, start.at("energy").get<double>(), tolerance("relaxed_energy"));
            EXPECT_NEAR(relaxed.structure.cell.volume(), start.at("volume").get<double>(), 0.02);
        }
    }
}

TEST(GoldenKim, lattice_elastic_constants_and_vacancy_equal_those_of_ase) {
    base::NullSink sink;
    base::NullProgress progress;
    for (const auto& [model, values] : golden().at("properties").items()) {
        const auto calculator = open_or_null(model);
        if (!calculator) GTEST_SKIP() << model << " is not installed";
        const auto outcome = properties::compute_properties(*calculator, properties::all_properties(), {}, sink, progress);
        EXPECT_TRUE(outcome.failures.empty());
        for (const auto& [name, value] : values.items())
            EXPECT_NEAR(outcome.records.number(name), value.get<double>(), tolerance(name)) << model << ": " << name;
    }
}

}  // namespace
}  // namespace alkali::kim_golden_tests
