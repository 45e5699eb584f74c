#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <span>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::dataset::energy_zero_tests {
namespace {

namespace fs = std::filesystem;
using Formula = std::vector<std::pair<const char*, int>>;

// Energies of atoms as pseudopotential codes give them, eV.
const std::map<std::string, double> atoms_energies{{"H", -13.6},  {"Li", -203.0}, {"O", -432.0},  {"P", -180.0},
                                                   {"Fe", -3300}, {"Ni", -4670},  {"Al", -537.5}, {"Na", -1300}};

// A cell of so many formula units with its atoms in any order, whose energy is that of its atoms, the binding and noise (eV/atom).
Frame cell_of(const Formula& formula, int units, double binding, double noise, base::Random& random) {
    Frame frame;
    std::vector<int> numbers;
    double energy = 0;
    for (const auto& [symbol, count] : formula) {
        numbers.insert(numbers.end(), static_cast<std::size_t>(count * units), units::atomic_number(symbol));
        energy += count * units * atoms_energies.at(symbol);
    }
    random.shuffle(numbers);
    const double atoms = static_cast<double>(numbers.size()), edge = 2.5 * std::cbrt(atoms);
    frame.structure.cell = structure::Cell::cubic(edge);
    for (const int number : numbers) frame.structure.add(number, edge * Vec3(random.uniform(), random.uniform(), random.uniform()));
    frame.labels.energy = energy + atoms * (binding + noise * random.normal());
    frame.source = "set.extxyz";
    return frame;
}

std::vector<Frame> cells_of(const Formula& formula, int frames, int largest, double noise, base::Random& random) {
    std::vector<Frame> all;
    for (int k = 0; k < frames; ++k) {
        all.push_back(cell_of(formula, 1 + k % largest, -3.0, noise, random));
        all.back().index = static_cast<std::size_t>(k);
    }
    return all;
}

double per_atom(const Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); }

// Energies on a zero that is higher by so much, eV/atom.
void raise(std::span<Frame> frames, double by) {
    for (auto& frame : frames) *frame.labels.energy += by * static_cast<double>(frame.structure.size());
}

// Frames behind those that are there, as of another file.
void add_file(std::vector<Frame>& frames, const char* source, std::vector<Frame> others) {
    for (auto& frame : others) {
        frame.source = source;
        frames.push_back(std::move(frame));
    }
}

double mean_per_atom(const std::vector<Frame>& frames) {
    double sum = 0;
    for (const auto& frame : frames) sum += per_atom(frame);
    return sum / static_cast<double>(frames.size());
}

std::vector<const Frame*> pointers(const std::vector<Frame>& frames) {
    std::vector<const Frame*> all;
    for (const auto& frame : frames) all.push_back(&frame);
    return all;
}

const Formula water{{"H", 2}, {"O", 1}}, lithium_hydride{{"Li", 1}, {"H", 1}}, lithia{{"Li", 2}, {"O", 1}},
    phosphate{{"Li", 1}, {"Fe", 1}, {"P", 1}, {"O", 4}}, nickel_aluminide{{"Ni", 1}, {"Al", 1}}, lithium{{"Li", 1}};
const std::vector<Formula> compounds{water, lithium_hydride, lithia, phosphate, nickel_aluminide};

TEST(Shifts, of_one_stoichiometry_are_the_mean_whatever_the_size_of_its_cells) {
    base::Random random(1);
    for (const auto& formula : compounds)
        for (const int frames : {1, 20, 240, 1000})
            for (const int largest : {1, 7}) {
                const auto set = cells_of(formula, frames, largest, 0.02, random);
                const auto shifts = fit_shifts(set);
                const double mean = mean_per_atom(set);
                EXPECT_FALSE(shifts.told_apart);
                ASSERT_EQ(shifts.energies.size(), formula.size());
                for (const auto& [number, energy] : shifts.energies) EXPECT_NEAR(energy, mean, 1e-6) << units::symbol(number) << frames;
                EXPECT_LT(shifts.residual, 0.05);
            }
}

TEST(Shifts, stay_near_energies_of_atoms_known_beforehand) {
    base::Random random(2);
    for (const auto& formula : compounds) {
        AtomEnergies known;
        for (const auto& [symbol, count] : formula) known[units::atomic_number(symbol)] = atoms_energies.at(symbol);
        const auto shifts = fit_shifts(cells_of(formula, 100, 5, 0.02, random), known);
        for (const auto& [number, energy] : shifts.energies) EXPECT_NEAR(energy, known.at(number), 10) << units::symbol(number);
        EXPECT_LT(shifts.residual, 0.05);  // but they carry the binding
    }
}

TEST(Shifts, of_mixed_compositions_are_those_of_the_atoms) {
    base::Random random(3);
    std::vector<Frame> set;
    for (const Formula& formula : {Formula{{"Li", 1}}, Formula{{"O", 1}}, Formula{{"Fe", 1}}, Formula{{"P", 1}}, lithia, phosphate,
                                   Formula{{"Fe", 2}, {"O", 3}}, Formula{{"Li", 3}, {"P", 1}, {"O", 4}}})
        for (const auto& frame : cells_of(formula, 10, 3, 0.1, random)) set.push_back(frame);
    const auto shifts = fit_shifts(set);
    EXPECT_TRUE(shifts.told_apart);
    for (const auto& [number, energy] : shifts.energies)
        EXPECT_NEAR(energy, atoms_energies.at(std::string(units::symbol(number))) - 3.0, 1.0) << units::symbol(number);
}

// Lithium hydride, some of it with a hundredth of the atoms exchanged.
std::vector<Frame> hardly_different_cells(base::Random& random) {
    std::vector<Frame> set = cells_of({{"Li", 40}, {"H", 40}}, 200, 1, 0.02, random);
    add_file(set, "set.extxyz", cells_of({{"Li", 41}, {"H", 39}}, 20, 1, 0.02, random));
    return set;
}

TEST(Shifts, do_not_follow_the_noise_of_compositions_that_hardly_differ) {
    base::Random random(4);
    // Alike atoms: what the exchanged atoms seem to say is noise, here 0.1 eV/atom between the compositions.
    auto set = hardly_different_cells(random);
    for (auto& frame : set) {
        const bool exchanged = composition_of(frame.structure).at(3) != 1;
        *frame.labels.energy = static_cast<double>(frame.structure.size()) * (-50 + 0.01 * random.normal() + (exchanged ? 0.1 : 0.0));
    }
    for (const auto& [number, energy] : fit_shifts(set).energies) EXPECT_NEAR(energy, -50, 10) << units::symbol(number);
}

TEST(Shifts, follow_compositions_that_hardly_differ_where_they_say_it_clearly) {
    base::Random random(5);
    const auto shifts = fit_shifts(hardly_different_cells(random));  // 2.4 eV/atom between the compositions
    EXPECT_TRUE(shifts.told_apart);
    EXPECT_NEAR(shifts.energies.at(3), -206, 5);
    EXPECT_NEAR(shifts.energies.at(1), -16.6, 5);
}

TEST(Shifts, scatter_is_not_taken_for_compositions_that_tell_nothing) {
    base::Random random(5);
    const auto one = fit_shifts(cells_of(lithium, 5, 3, 40.0, random));
    EXPECT_TRUE(one.told_apart && one.accurate);
    EXPECT_NEAR(one.energies.at(3), one.mean, 1e-9);
    std::vector<Frame> two;
    for (const Formula& formula : {Formula{{"Li", 8}}, Formula{{"Li", 7}, {"H", 1}}})
        for (auto& frame : cells_of(formula, 20, 1, 0.02, random)) {
            *frame.labels.energy = static_cast<double>(frame.structure.size()) * (-50 + 5.0 * random.normal());
            two.push_back(frame);
        }
    const auto scattered = fit_shifts(two);
    EXPECT_TRUE(scattered.told_apart);
    EXPECT_FALSE(scattered.accurate);
    EXPECT_GT(scattered.scatter, 3.0);
}

// Cells of 54 atoms or so with a few of another element, energies as a plane-wave code with a zero at free atoms gives them.
std::vector<Frame> dilute_cells(int atoms, const std::map<int, std::size_t>& frames_of, double other, double noise, base::Random& random) {
    std::vector<Frame> frames;
    for (const auto& [count, number] : frames_of)
        for (std::size_t k = 0; k < number; ++k) {
            auto& frame = frames.emplace_back();
            frame.structure.cell = structure::Cell::cubic(std::cbrt(20.0 * atoms * random.uniform(0.98, 1.02)));
            std::vector<Vec3> forces;
            for (int i = 0; i < atoms; ++i) {
                frame.structure.add(i < count ? 74 : 3, Vec3::Constant(0.1 * i));
                forces.push_back(0.3 * Vec3(random.normal(), random.normal(), random.normal()));
            }
            frame.labels.forces = forces;
            frame.labels.energy = (atoms - count) * -1.9 + count * other + atoms * noise * random.normal();
            frame.source = "set.extxyz";
            frame.index = k;
        }
    return frames;
}

TEST(Shifts, of_dilute_species_are_their_own) {
    base::Random random(20);
    for (const int atoms : {16, 54, 128, 500})
        for (const double noise : {0.002, 0.014, 0.1})
            for (const double other : {-13.0, -6.0, -150.0}) {
                const auto shifts = fit_shifts(dilute_cells(atoms, {{0, 20}, {1, 20}}, other, noise, random));
                EXPECT_NEAR(shifts.energies.at(3), -1.9, 0.12) << atoms << " " << noise;
                // What the scatter leaves open, by four errors; what is drawn to the mean by less than a tenth of a compound's scatter.
                EXPECT_NEAR(shifts.energies.at(74), other, 4 * noise * std::sqrt(0.1) * atoms + 4.5) << atoms << " " << noise;
                EXPECT_LT(shifts.residual, noise * 1.2 + 0.006) << atoms << " " << noise << " " << other;
                EXPECT_TRUE(shifts.accurate || noise * atoms > 5) << atoms << " " << noise;
            }
    const auto three = fit_shifts(dilute_cells(128, {{0, 50}, {1, 50}, {2, 20}}, -13.0, 0.014, random));
    EXPECT_NEAR(three.energies.at(74), -13.0, 2.0);
    EXPECT_TRUE(three.accurate);
}

TEST(Shifts, another_zero_of_a_dilute_species_is_its_own) {
    base::Random random(21);
    for (const int atoms : {54, 128})
        for (const double change : {30.0, 12.0}) {
            FrameSet set;
            append(set, dilute_cells(atoms, {{0, 20}, {1, 20}}, -13.0, 0.01, random), "first", {{}, Missing::mask, {}});
            append(set, dilute_cells(atoms, {{0, 5}, {1, 20}}, -13.0 + change, 0.01, random), "second", {{}, Missing::mask, {}});
            const auto subtracted = align_sources(set);
            EXPECT_NEAR(subtracted[1].at(3), 0, 0.02) << atoms << " " << change;
            EXPECT_NEAR(subtracted[1].at(74), change, 0.06 * atoms) << atoms << " " << change;
        }
}

TEST(Shifts, sets_of_one_zero_are_not_moved_by_their_noise) {
    base::Random random(22);
    FrameSet set;
    append(set, dilute_cells(54, {{0, 20}, {1, 20}}, -13.0, 0.02, random), "first", {{}, Missing::mask, {}});
    append(set, dilute_cells(54, {{0, 20}, {1, 4}}, -13.0, 0.02, random), "second", {{}, Missing::mask, {}});
    const auto subtracted = align_sources(set);
    for (const auto& [number, energy] : subtracted[1]) EXPECT_NEAR(energy, 0, 0.03) << units::symbol(number);
}

TEST(Shifts, formation_energies_are_no_change_of_the_zero) {
    base::Random random(23);
    // Lithium, its hydride and hydrogen, bound by 1 eV/atom beyond the sum, in other shares; one composition is in one set alone.
    const auto set_of = [&](int metal, int hydride, const Formula& alone) {
        auto frames = cells_of(lithium, metal, 3, 0.01, random);
        auto compound = cells_of(lithium_hydride, hydride, 3, 0.01, random);
        raise(compound, -1.0);
        frames.insert(frames.end(), compound.begin(), compound.end());
        auto others = cells_of(alone, 5, 2, 0.01, random);
        raise(others, -0.3);
        frames.insert(frames.end(), others.begin(), others.end());
        return frames;
    };
    const auto a = set_of(40, 5, {{"H", 2}}), b = set_of(5, 40, {{"Li", 2}, {"H", 1}});
    for (const auto& [number, energy] : zero_difference(pointers(a), pointers(b))) EXPECT_NEAR(energy, 0, 0.1) << units::symbol(number);
}

TEST(Shifts, leave_out_energies_that_are_no_numbers) {
    base::Random random(6);
    auto set = cells_of(lithia, 10, 1, 0.02, random);
    *set[3].labels.energy = std::nan("");
    const auto shifts = fit_shifts(set);
    EXPECT_EQ(shifts.frames, 9u);
    for (const auto& [number, energy] : shifts.energies) EXPECT_TRUE(std::isfinite(energy));
    EXPECT_TRUE(fit_shifts(std::vector<Frame>(3)).energies.empty());
}

TEST(Shifts, sets_of_one_zero_agree_whatever_their_compositions) {
    base::Random random(7);
    const auto compound = cells_of(lithium_hydride, 30, 3, 0.02, random), metal = cells_of(lithium, 30, 5, 0.02, random);
    auto both = cells_of({{"H", 2}}, 10, 3, 0.02, random);
    both.insert(both.end(), metal.begin(), metal.end());
    const std::vector<const std::vector<Frame>*> sets{&compound, &metal, &both};
    for (const auto* a : sets)
        for (const auto* b : sets)
            for (const auto& [number, energy] : zero_difference(pointers(*a), pointers(*b)))
                EXPECT_NEAR(energy, 0, 0.5) << units::symbol(number);
}

TEST(Shifts, sets_of_compounds_are_moved_to_the_zero_of_the_first) {
    base::Random random(8);
    FrameSet set;
    append(set, cells_of(phosphate, 20, 2, 0.02, random), "first", {{}, Missing::mask, {}});
    auto other = cells_of(phosphate, 20, 2, 0.02, random);
    raise(other, 55.0);
    append(set, other, "second", {{}, Missing::mask, {}});
    static_cast<void>(align_sources(set));
    const double mean = mean_per_atom({set.frames.begin(), set.frames.begin() + 20});
    for (const auto& frame : set.frames) EXPECT_NEAR(per_atom(frame), mean, 0.2);
}

std::vector<Finding> zeros_of(const std::vector<Frame>& frames) {
    std::vector<Finding> findings;
    check_energy_zeros(pointers(frames), {}, findings);
    return findings;
}

TEST(EnergyZeros, of_compounds_are_named_by_file) {
    base::Random random(9);
    for (const auto& formula : compounds) {
        auto frames = cells_of(formula, 30, 3, 0.02, random);
        add_file(frames, "other.extxyz", cells_of(formula, 20, 4, 0.02, random));
        EXPECT_TRUE(zeros_of(frames).empty());
        raise(std::span(frames).subspan(30), 8.0);
        const auto findings = zeros_of(frames);
        ASSERT_EQ(findings.size(), 1u);
        EXPECT_EQ(findings[0].where, "other.extxyz");
        EXPECT_NE(findings[0].text.find("eV per " + std::string(formula[0].first) + " atom"), std::string::npos) << findings[0].text;
        const auto all = pointers(frames);
        const auto difference = zero_difference(std::span(all).first(30), std::span(all).subspan(30));
        for (const auto& [number, energy] : difference) EXPECT_NEAR(energy, 8.0, 0.1);
    }
}

TEST(EnergyZeros, of_elements_and_their_compounds_are_the_same) {
    base::Random random(10);
    auto frames = cells_of(lithium, 30, 3, 0.02, random);
    add_file(frames, "oxide.extxyz", cells_of(lithia, 20, 3, 0.02, random));
    raise(std::span(frames).subspan(30), -2.0);  // of formation
    EXPECT_TRUE(zeros_of(frames).empty());
}

TEST(EnergyZeros, of_a_few_frames_under_pressure_are_the_same) {
    base::Random random(16);
    auto frames = cells_of(lithium, 30, 3, 0.02, random);
    add_file(frames, "compressed/OUTCAR", cells_of(lithium, 2, 1, 0.02, random));
    const auto compressed = std::span(frames).subspan(30);
    raise(compressed, 2.0);
    EXPECT_TRUE(zeros_of(frames).empty());
    raise(compressed, 50.0);
    EXPECT_EQ(zeros_of(frames).size(), 1u);
}

TEST(EnergyZeros, two_in_one_file_are_named_with_the_first_frame_of_the_fewer) {
    base::Random random(11);
    auto frames = cells_of(lithium_hydride, 40, 3, 0.02, random);
    EXPECT_TRUE(zeros_of(frames).empty());
    raise(std::span(frames).subspan(28), -8.0);
    const auto findings = zeros_of(frames);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].where, "set.extxyz, frame 28");
    EXPECT_NE(findings[0].text.find("12 frames"), std::string::npos) << findings[0].text;
}

// Lithium near its volume, of some temperature (eV): thermal energies and forces, and those of compression.
std::vector<Frame> thermal_frames(const std::string& source, std::size_t count, double temperature, double volume, double offset,
                                  base::Random& random) {
    std::vector<Frame> frames;
    for (std::size_t k = 0; k < count; ++k) {
        auto& frame = frames.emplace_back();
        const double change = volume * random.uniform(0.97, 1.03);
        frame.structure.cell = structure::Cell::cubic(std::cbrt(54 * 20.0 * change));
        std::vector<Vec3> forces;
        for (int i = 0; i < 54; ++i) {
            frame.structure.add(3, Vec3::Constant(0.1 * i));
            forces.push_back(0.6 * std::sqrt(temperature / 0.026) * 0.3 * Vec3(random.normal(), random.normal(), random.normal()));
        }
        frame.labels.forces = forces;
        frame.labels.energy = 54 * (-203 + 1.5 * temperature * (1 + 0.1 * random.normal()) + 0.9 * std::pow(change - 1, 2) + offset);
        frame.source = source;
        frame.index = k;
    }
    return frames;
}

// What is found in lithium at 300 K beside lithium of another temperature (eV), volume and zero of energy (eV/atom).
std::vector<Finding> zeros_beside(const char* source, double temperature, double volume, double offset, base::Random& random) {
    auto frames = thermal_frames("a.extxyz", 40, 0.026, 1.0, 0, random);
    add_file(frames, source, thermal_frames(source, 12, temperature, volume, offset, random));
    return zeros_of(frames);
}

TEST(EnergyZeros, a_few_tenths_apart_are_named_where_frames_are_alike) {
    base::Random random(16);
    for (const double offset : {0.15, -0.466, 0.9}) {
        const auto findings = zeros_beside("b.extxyz", 0.026, 1.0, offset, random);
        ASSERT_EQ(findings.size(), 1u) << offset;
        EXPECT_EQ(findings[0].where, "b.extxyz");
        EXPECT_NE(findings[0].text.find("another zero of energy"), std::string::npos) << findings[0].text;
    }
    EXPECT_TRUE(zeros_beside("b.extxyz", 0.026, 1.0, 0, random).empty());
    EXPECT_TRUE(zeros_beside("b.extxyz", 0.17, 1.0, 0, random).empty());    // 2000 K
    EXPECT_TRUE(zeros_beside("b.extxyz", 0.026, 0.65, 0, random).empty());  // under pressure
    EXPECT_TRUE(zeros_beside("b.extxyz", 0.17, 0.7, 0, random).empty());
}

TEST(EnergyZeros, a_few_tenths_apart_in_one_file_are_named) {
    base::Random random(17);
    EXPECT_EQ(zeros_beside("a.extxyz", 0.026, 1.0, 0.466, random).size(), 1u);
    EXPECT_TRUE(zeros_beside("a.extxyz", 0.26, 1.0, 0, random).empty());  // a melt of 3000 K
}

TEST(EnergyZeros, of_a_dilute_species_are_named_with_the_composition) {
    base::Random random(24);
    auto frames = dilute_cells(54, {{0, 20}, {1, 20}}, -13.0, 0.01, random);
    add_file(frames, "other.extxyz", dilute_cells(54, {{0, 10}, {1, 25}}, -13.0, 0.01, random));
    EXPECT_TRUE(zeros_of(frames).empty());
    for (auto& frame : std::span(frames).subspan(50)) *frame.labels.energy += 30;
    const auto findings = zeros_of(frames);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].where, "other.extxyz");
    EXPECT_NE(findings[0].text.find("eV/atom (Li53W)"), std::string::npos) << findings[0].text;
    for (auto& frame : std::span(frames).subspan(50)) *frame.labels.energy += 40, frame.labels.forces.reset();
    EXPECT_EQ(zeros_of(frames).size(), 1u);  // 1.3 eV/atom in most frames, none in the others
}

// Energies of a stiff crystal far from equilibrium, on two zeros in one file.
std::vector<Finding> zeros_in_one_file(double distance, double range, double noise, bool forces, base::Random& random) {
    std::vector<Frame> frames;
    for (std::size_t k = 0; k < 80; ++k) {
        auto& frame = frames.emplace_back(thermal_frames("a.extxyz", 1, 0.026, 1.0, 0, random)[0]);
        frame.index = k;
        const double stretch = random.uniform(-0.1, 0.1), heat = random.uniform();
        frame.structure.cell = structure::Cell::cubic(std::cbrt(54 * 20.0 * (1 + stretch)));
        for (auto& force : *frame.labels.forces) force *= 0.5 + heat;
        if (!forces) frame.labels.forces.reset();
        frame.labels.energy = 54 * (-2 + range * (0.5 * std::pow(stretch / 0.1, 2) + 0.5 * heat * heat) + noise * random.normal() +
                                    (k % 3 == 0 ? distance : 0.0));
    }
    return zeros_of(frames);
}

TEST(EnergyZeros, in_one_file_are_named_however_wide_the_energies_of_each) {
    base::Random random(25);
    for (const bool forces : {true, false}) {
        EXPECT_EQ(zeros_in_one_file(1.3, 0.4, 0.01, forces, random).size(), 1u);
        EXPECT_EQ(zeros_in_one_file(-1.2, 0.4, 0.01, forces, random).size(), 1u);
        EXPECT_TRUE(zeros_in_one_file(0, 0.4, 0.01, forces, random).empty());
        EXPECT_TRUE(zeros_in_one_file(0, 2.0, 0.1, forces, random).empty());
    }
    EXPECT_EQ(zeros_in_one_file(0.25, 0.05, 0.005, true, random).size(), 1u);
    EXPECT_EQ(zeros_in_one_file(0.3, 0.2, 0.005, true, random).size(), 1u);  // no gap between the energies
}

TEST(EnergyZeros, of_lithium_trained_on_and_of_its_seeds_are_one) {
    const auto folder = fs::path(ALKALI_SOURCE_DIR) / "data/li-qe";
    for (const auto& finding :
         check(std::vector{folder / "train.extxyz", folder / "seeds.extxyz", folder / "high_index.extxyz"}, {}).findings)
        EXPECT_NE(finding.check, "energy-zero") << finding.where << ": " << finding.text;
}

TEST(EnergyZeros, isolated_atoms_are_not_taken_for_another_zero) {
    base::Random random(12);
    auto frames = cells_of(lithium, 40, 3, 0.02, random);
    for (int k = 0; k < 5; ++k) {
        Frame atom;
        atom.structure.cell = structure::Cell::cubic(20);
        atom.structure.add(3, Vec3::Zero());
        atom.labels.energy = -203.0 + 0.01 * k;
        atom.source = "set.extxyz";
        frames.push_back(atom);
    }
    EXPECT_TRUE(zeros_of(frames).empty());
}

TEST(Split, isolated_atoms_and_the_only_frame_of_a_species_stay_in_training) {
    base::Random random(13);
    auto frames = cells_of(lithium, 12, 3, 0.02, random);
    Frame atom;
    atom.structure.add(3, Vec3::Zero());
    frames.insert(frames.begin() + 5, atom);
    frames.insert(frames.begin() + 9, cell_of({{"Na", 1}, {"Li", 3}}, 1, 0, 0, random));
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (const auto grouping : {Grouping::none, Grouping::stratified}) {
            const auto parts = split(frames, {0.5, seed, grouping, {}});
            EXPECT_EQ(parts.held.size(), 6u);
            for (const auto i : parts.held) EXPECT_TRUE(i != 5 && i != 9) << i;
        }
}

TEST(Split, a_group_of_isolated_atoms_is_held_out_only_by_name) {
    base::Random random(14);
    auto frames = cells_of(lithium, 12, 1, 0.02, random);
    for (std::size_t k = 0; k < frames.size(); ++k) frames[k].info["config_type"] = k < 6 ? "bulk" : "slab";
    Frame atom;
    atom.structure.add(3, Vec3::Zero());
    atom.info["config_type"] = "atom";
    frames.push_back(atom);
    for (std::uint64_t seed = 0; seed < 10; ++seed) EXPECT_EQ(split(frames, {0.3, seed, Grouping::whole, {}}).held.size(), 6u);
    EXPECT_EQ(split(frames, {0.3, 1, Grouping::whole, {"atom"}}).held, (std::vector<std::size_t>{12}));
}

TEST(Split, structures_in_both_parts_are_found) {
    base::Random random(15);
    auto frames = cells_of(lithium, 6, 3, 0.02, random);
    frames.push_back(frames[2]);
    const auto shared = shared_structures(frames, {{0, 1, 2}, {3, 4, 6}});
    ASSERT_EQ(shared.size(), 1u);
    EXPECT_EQ(shared[0], std::make_pair(std::size_t{2}, std::size_t{6}));
    EXPECT_TRUE(shared_structures(frames, {{0, 1, 2, 6}, {3, 4}}).empty());
}

}  // namespace
}  // namespace alkali::dataset::energy_zero_tests
