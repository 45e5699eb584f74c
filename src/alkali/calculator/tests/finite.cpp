#include "alkali/calculator/finite.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::calculator::finite_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Result whole() {
    Result result;
    result.energy = -3;
    result.forces.assign(2, Vec3(1, 2, 3));
    result.stress = Mat3::Identity();
    result.energies = {-1, -2};
    result.virials.assign(2, Mat3::Identity());
    auto& expected = result.uncertainty.emplace();
    expected.energy = 0.1;
    expected.forces.assign(2, Vec3(1, 1, 1));
    expected.stress = Mat3::Zero();
    expected.energies = {0.1, 0.2};
    return result;
}

/// The message of a result with one number changed.
std::string message(const std::function<void(Result&, double)>& change, double value) {
    auto result = whole();
    change(result, value);
    try {
        require_finite(result, "kim:X");
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Finite, every_part_of_a_result_is_looked_at_and_named) {
    struct Case {
        const char* what;
        std::function<void(Result&, double)> change;
    };
    const std::vector<Case> cases{{"the energy is", [](Result& r, double x) { r.energy = x; }},
                                  {"force of atom 2", [](Result& r, double x) { r.forces[1][2] = x; }},
                                  {"stress", [](Result& r, double x) { r.stress(2, 0) = x; }},
                                  {"energy of atom 1", [](Result& r, double x) { r.energies[0] = x; }},
                                  {"virial of atom 2", [](Result& r, double x) { r.virials[1](0, 1) = x; }},
                                  {"expected error of the energy is", [](Result& r, double x) { r.uncertainty->energy = x; }},
                                  {"expected error of the force of atom 1", [](Result& r, double x) { r.uncertainty->forces[0][0] = x; }},
                                  {"expected error of the stress", [](Result& r, double x) { (*r.uncertainty->stress)(1, 1) = x; }},
                                  {"expected error of the energy of atom 2", [](Result& r, double x) { r.uncertainty->energies[1] = x; }}};
    const double infinity = std::numeric_limits<double>::infinity();
    for (const auto& each : cases)
        for (const double value : {std::nan(""), infinity, -infinity})
            EXPECT_THAT(message(each.change, value), AllOf(HasSubstr(each.what), HasSubstr("kim:X"), HasSubstr("no finite number")));
    EXPECT_EQ(message([](Result&, double) {}, 0), "accepted");
}

}  // namespace
}  // namespace alkali::calculator::finite_tests
