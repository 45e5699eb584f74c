#include "alkali/models/committee/committee.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::models::committee_tests {
namespace {

/// Gives the same numbers for everything.
class Constant final : public calculator::Calculator {
public:
    explicit Constant(double value, int number = 3) : value_(value), number_(number) {}
    calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override {
        calculator::Result result;
        result.energy = value_;
        result.forces.assign(structure.size(), Vec3(value_, 0, 2 * value_));
        result.stress = Mat3::Identity() * value_;
        if (request.per_atom) result.energies.assign(structure.size(), value_);
        return result;
    }
    std::string name() const override { return std::to_string(static_cast<int>(value_)); }
    std::vector<int> species() const override { return {number_}; }
    double cutoff() const override { return value_; }
    void fix_sampling(const structure::Structure& reference) override { held = reference.size(); }
    bool noisy() const override { return value_ > 5; }
    std::size_t held = 0;

private:
    double value_;
    int number_;
};

std::vector<std::unique_ptr<calculator::Calculator>> members(std::initializer_list<double> values) {
    std::vector<std::unique_ptr<calculator::Calculator>> all;
    for (const double value : values) all.push_back(std::make_unique<Constant>(value));
    return all;
}

TEST(Committee, gives_mean_and_sample_standard_deviation) {
    Committee committee(members({1, 2, 6}));
    structure::Structure atom;
    atom.add(3, Vec3::Zero());
    const auto result = committee.compute(atom, {true});
    const double deviation = std::sqrt(7.0);  // ((1-3)^2 + (2-3)^2 + (6-3)^2) / 2
    EXPECT_NEAR(result.energy, 3, 1e-14);
    EXPECT_NEAR(result.forces[0][2], 6, 1e-14);
    EXPECT_NEAR(result.stress(1, 1), 3, 1e-14);
    EXPECT_NEAR(result.energies[0], 3, 1e-14);
    const auto& uncertainty = *result.uncertainty;
    EXPECT_NEAR(*uncertainty.energy, deviation, 1e-14);
    EXPECT_LT((uncertainty.forces[0] - Vec3(deviation, 0, 2 * deviation)).norm(), 1e-13);
    EXPECT_NEAR((*uncertainty.stress)(2, 2), deviation, 1e-14);
    EXPECT_NEAR(uncertainty.energies[0], deviation, 1e-14);
    EXPECT_TRUE(result.virials.empty());
}

TEST(Committee, deviation_divides_by_the_number_of_members) {
    Committee committee(members({1, 2, 6}));
    structure::Structure atoms{structure::Cell::cubic(2), {}, {}};
    atoms.add(3, Vec3::Zero());
    atoms.add(3, Vec3::Constant(1));
    static_cast<void>(committee.compute(atoms));
    const auto& deviation = committee.deviation();
    const double population = std::sqrt(14.0 / 3);  // ((1-3)^2 + (2-3)^2 + (6-3)^2) / 3
    EXPECT_NEAR(deviation.energy, population / 2, 1e-14);
    EXPECT_NEAR(deviation.by_atom[1], population * std::sqrt(5.0), 1e-13);
    EXPECT_NEAR(deviation.forces.average, population * std::sqrt(5.0), 1e-13);
    // W = -8 x stress: the diagonal deviates by 8 x population, per atom 4 x; the other six components not at all.
    EXPECT_NEAR(deviation.virial->largest, 4 * population, 1e-13);
    EXPECT_EQ(deviation.virial->smallest, 0);
    EXPECT_NEAR(deviation.virial->average, 4 * population / std::sqrt(3.0), 1e-13);
}

TEST(Committee, deviation_of_an_open_structure_has_a_virial_only_by_atom) {
    Committee committee(members({1, 2}));
    structure::Structure atom;
    atom.add(3, Vec3::Zero());
    static_cast<void>(committee.compute(atom));
    EXPECT_FALSE(committee.deviation().virial.has_value());
}

TEST(Committee, shows_its_members) {
    Committee committee(members({1, 2}));
    EXPECT_EQ(committee.members().size(), 2U);
    EXPECT_EQ(committee.name(), "1,2");
    EXPECT_EQ(committee.cutoff(), 2.0);
}

TEST(Committee, holds_the_sampling_of_every_member_and_is_as_noisy_as_the_noisiest) {
    Committee committee(members({1, 6}));
    structure::Structure atom;
    atom.add(3, Vec3::Zero());
    committee.fix_sampling(atom);
    for (auto* member : committee.members()) EXPECT_EQ(dynamic_cast<Constant&>(*member).held, 1U);
    EXPECT_TRUE(committee.noisy());
    EXPECT_FALSE(Committee(members({1, 2})).noisy());
}

TEST(Committee, refuses_one_member_and_members_of_different_species) {
    EXPECT_THROW(Committee(members({1})), InputError);
    auto mixed = members({1});
    mixed.push_back(std::make_unique<Constant>(2, 11));
    EXPECT_THROW(Committee(std::move(mixed)), InputError);
}

}  // namespace
}  // namespace alkali::models::committee_tests
