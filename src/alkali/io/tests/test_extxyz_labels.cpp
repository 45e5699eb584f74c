#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/label_units.hpp"
#include "alkali/io/losses.hpp"
#include "alkali/units/constants.hpp"

// Extended XYZ as it is found in the wild: tests/golden/cases/extxyz holds one file for each kind of trouble.
namespace alkali::io::extxyz_labels_tests {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace fs = std::filesystem;
const fs::path cases = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/extxyz";

struct Read {
    Frame frame;
    FrameNotes notes;
    [[nodiscard]] std::string warnings() const {
        std::string text;
        for (const auto& warning : notes.warnings) text += warning + "\n";
        return text;
    }
};

Read read_text(const std::string& text, ReadOptions options = {}) {
    options.format = "extxyz";
    const auto reader = open_reader(std::make_unique<std::istringstream>(text), "x.extxyz", options);
    Read read;
    EXPECT_TRUE(reader->next(read.frame));
    read.notes = reader->notes();
    return read;
}

Read read_case(const std::string& name, const ReadOptions& options = {}) { return read_text(base::read_file(cases / name), options); }

std::string fault(const std::string& text) {
    try {
        static_cast<void>(read_text(text));
    } catch (const FileError& error) {
        return error.what();
    }
    return "no error";
}

// One lithium atom in a cube of 40 angstrom^3 or so, with these pairs in its header.
std::string with_header(const std::string& pairs) {
    return "1\nLattice=\"3.44 0 0 0 3.44 0 0 0 3.44\" Properties=species:S:1:pos:R:3:forces:R:3 " + pairs + "\nLi 0 0 0 0.1 0.2 -0.3\n";
}
const double volume = std::pow(3.44, 3);

std::string round_trip(const std::string& text, const ReadOptions& options = {}) {
    const auto file = fs::path(::testing::TempDir()) / fmt::format("alkali_extxyz_labels_{}", ::getpid()) / "a.extxyz";
    write_frames(file, std::vector<Frame>{read_text(text, options).frame});
    const auto written = base::read_file(file);
    fs::remove_all(file.parent_path());
    return written;
}

bool unlabelled(const Frame& frame) { return !frame.labels.energy && !frame.labels.forces && !frame.labels.stress; }

// --- names

TEST(ExtxyzLabels, are_known_by_any_prefix_letter_case_and_number) {
    for (const char* name :
         {"energy", "Energy", "ENERGY", "REF_energy", "dft_energy", "DFT_Energy", "qm_energy", "vasp-energy", "gap_energy", "mace_energy",
          "bulk_energy", "config_energy", "total_energy", "REF_free_energy", "freeEnergy", "energy_dft"}) {
        const auto label = label_name(name);
        ASSERT_TRUE(label.has_value()) << name;
        EXPECT_EQ(label->quantity, Quantity::energy) << name;
    }
    for (const char* name : {"force", "Forces", "FORCES", "dft_force", "DFT_forces", "qm_Force", "forces_ref"})
        EXPECT_EQ(label_name(name).value().quantity, Quantity::forces) << name;
    for (const char* name : {"virial", "virials", "VIRIAL", "gap_virials", "dft_virial"})
        EXPECT_EQ(label_name(name).value().quantity, Quantity::virial) << name;
    EXPECT_TRUE(label_name("qm_free_energy").value().free_energy);
    EXPECT_EQ(label_name("qm_free_energy").value().prefix, "qm");
}

TEST(ExtxyzLabels, are_not_other_energies_and_numbers_about_labels) {
    for (const char* name : {"kinetic_energy", "formation_energy", "binding_energy", "energy_weight", "energy_std", "stress_std",
                             "max_force", "energy_per_atom", "energy-unit", "dispersion_energy", "energy_above_hull", "force_std",
                             "von_mises_stress", "energy_extrapolated", "local_energy", "forced", "energies"})
        EXPECT_FALSE(label_name(name).has_value()) << name;
}

TEST(ExtxyzLabels, are_not_other_energies_and_forces_of_physics) {
    for (const char* name : {"lattice_energy", "elastic_energy", "solvation_energy", "deformation_energy", "migration_energy",
                             "hubbard_energy", "embedding_energy", "friction_forces", "stacking_fault_energy", "polarization_energy",
                             "random_forces", "restraint_energy", "segregation_energy", "gibbs_energy", "energy_ionic"}) {
        EXPECT_FALSE(label_name(name).has_value()) << name;
        EXPECT_EQ(read_text(with_header(std::string(name) + "=-1")).frame.labels.energy, std::nullopt) << name;
    }
}

TEST(ExtxyzLabels, with_a_prefix_that_nobody_is_known_to_use_are_named_and_those_of_programs_are_not) {
    const auto read = read_text(with_header("wobble_energy=-1"));
    EXPECT_EQ(read.frame.labels.energy, -1.0);
    EXPECT_THAT(read.notes.warnings, ElementsAre(AllOf(HasSubstr("wobble_energy= is taken for the energy"), HasSubstr("--energy-key"))));
    ReadOptions options;
    options.energy_key = "wobble_energy";
    EXPECT_THAT(read_text(with_header("wobble_energy=-1"), options).notes.warnings, IsEmpty());
    for (const char* key : {"REF_energy", "dft_energy", "qm_energy", "mace_energy", "vasp_energy", "gap_energy", "pbe_energy",
                            "r2scan_energy", "energy_xtb", "target_energy"}) {
        const auto usual = read_text(with_header(std::string(key) + "=-1"));
        EXPECT_EQ(usual.frame.labels.energy, -1.0) << key;
        EXPECT_THAT(usual.notes.warnings, IsEmpty()) << key;
    }
}

TEST(ExtxyzLabels, of_quip_under_dft_force_are_read) {
    const auto [frame, notes] = read_case("dft_force.xyz");
    EXPECT_EQ(frame.labels.energy, -3.8);
    EXPECT_EQ((*frame.labels.forces)[1], Vec3(-0.1, -0.2, 0.3));
    EXPECT_NEAR((*frame.labels.stress)(0, 0), -0.1 / volume, 1e-15);
    EXPECT_EQ(notes.forces_from, "dft_force");
    EXPECT_THAT(notes.warnings, IsEmpty());
}

TEST(ExtxyzLabels, of_gpumd_in_other_letter_cases_are_read_with_their_cell) {
    for (const char* name : {"gpumd_upper.xyz", "gpumd_caps.xyz", "lattice_lower2.xyz"}) {
        const auto [frame, notes] = read_case(name);
        EXPECT_TRUE(frame.structure.cell.fully_periodic()) << name;
        EXPECT_TRUE(frame.labels.energy.has_value()) << name;
        EXPECT_TRUE(frame.labels.forces.has_value()) << name;
        EXPECT_THAT(notes.warnings, IsEmpty()) << name;
    }
    EXPECT_EQ(read_case("gpumd_caps.xyz").frame.info.at("config_type"), "x");
    EXPECT_TRUE(read_case("gpumd_upper.xyz").frame.labels.stress.has_value());
}

TEST(ExtxyzLabels, of_a_free_energy_come_first_under_any_prefix) {
    const auto [frame, notes] = read_case("ref_free_energy.xyz");
    EXPECT_EQ(frame.labels.energy, -3.80);
    EXPECT_EQ(notes.energy_from, "REF_free_energy");
    EXPECT_EQ(frame.info.at("energy_extrapolated"), "-3.70");
    EXPECT_THAT(notes.warnings, IsEmpty());
    EXPECT_EQ(read_text(with_header("vasp_energy=-1 vasp_free_energy=-2")).frame.labels.energy, -2.0);
    // A copy of the extrapolated energy says nothing new.
    const auto copy = read_text(with_header("energy=-1 free_energy=-1.5 REF_energy=-1"));
    EXPECT_EQ(copy.frame.labels.energy, -1.5);
    EXPECT_THAT(copy.notes.warnings, IsEmpty());
}

TEST(ExtxyzLabels, that_differ_between_two_sets_are_named_and_not_taken) {
    const auto [frame, notes] = read_case("two_labels.xyz");
    EXPECT_FALSE(frame.labels.energy.has_value());
    EXPECT_FALSE(frame.labels.forces.has_value());
    EXPECT_THAT(notes.warnings, ElementsAre(AllOf(HasSubstr("energy="), HasSubstr("REF_energy="), HasSubstr("--energy-key")),
                                            AllOf(HasSubstr("column forces"), HasSubstr("REF_forces"), HasSubstr("--forces-key"))));
    ReadOptions options;
    options.energy_key = "REF_energy";
    options.forces_key = "REF_forces";
    const auto chosen = read_case("two_labels.xyz", options);
    EXPECT_EQ(chosen.frame.labels.energy, -3.8);
    EXPECT_EQ((*chosen.frame.labels.forces)[0], Vec3(0.1, 0.2, -0.3));
    EXPECT_THAT(chosen.notes.warnings, IsEmpty());
}

TEST(ExtxyzLabels, of_a_set_that_was_not_chosen_are_not_mixed_in) {
    const std::string text =
        "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3 energy=-3.1 "
        "stress=\"0.1 0.1 0.1 0 0 0\" REF_energy=-3.8\nLi 0 0 0 1 2 3 4 5 6\n";
    const auto both = read_text(text);
    EXPECT_TRUE(unlabelled(both.frame));
    EXPECT_THAT(both.warnings(), HasSubstr("stress= belongs to energy="));
    EXPECT_TRUE(unlabelled(read_text(round_trip(text)).frame));
    ReadOptions options;
    options.energy_key = "REF_energy";
    options.forces_key = "REF_forces";
    const auto chosen = read_text(text, options);
    EXPECT_EQ(chosen.frame.labels.energy, -3.8);
    EXPECT_EQ((*chosen.frame.labels.forces)[0], Vec3(4, 5, 6));
    EXPECT_FALSE(chosen.frame.labels.stress.has_value());
    EXPECT_THAT(chosen.warnings(), AllOf(HasSubstr("stress= belongs to energy="), HasSubstr("--stress-key")));
    EXPECT_FALSE(read_text(round_trip(text, options)).frame.labels.stress.has_value());
    options.stress_key = "stress";
    EXPECT_TRUE(read_text(text, options).frame.labels.stress.has_value());
    // The energy of the set whose forces were not chosen.
    options = {};
    options.forces_key = "REF_forces";
    const auto forces =
        read_text("1\nProperties=species:S:1:pos:R:3:forces:R:3:REF_forces:R:3 energy=-3.1\nLi 0 0 0 1 2 3 4 5 6\n", options);
    EXPECT_FALSE(forces.frame.labels.energy.has_value());
    EXPECT_THAT(forces.warnings(), HasSubstr("energy= belongs to column forces"));
    // A set that holds nothing else, or the same, is none.
    options = {};
    options.energy_key = "REF_energy";
    EXPECT_TRUE(read_text(with_header("REF_energy=-1 stress=\"0.1 0.1 0.1 0 0 0\""), options).frame.labels.stress.has_value());
    EXPECT_TRUE(read_text(with_header("REF_energy=-1 energy=-1 stress=\"0.1 0.1 0.1 0 0 0\""), options).frame.labels.stress.has_value());
}

TEST(ExtxyzLabels, that_are_not_taken_stay_in_the_file_that_is_written) {
    const auto written = round_trip(base::read_file(cases / "two_labels.xyz"));
    EXPECT_THAT(written, AllOf(HasSubstr("energy=-3.1"), HasSubstr("REF_energy=-3.8"), HasSubstr(":forces:R:3:REF_forces:R:3"),
                               HasSubstr(" 9 9 9 0.1 0.2 -0.3")));
    EXPECT_EQ(read_text(written).notes.warnings.size(), 2u);
}

TEST(ExtxyzLabels, that_are_not_taken_are_not_taken_from_the_file_that_is_written_either) {
    const auto text = with_header("energy=-3.8 energy=-3.9");
    EXPECT_THAT(round_trip(text), AllOf(HasSubstr(" untaken_energy=-3.8"), HasSubstr(" untaken_energy_2=-3.9")));
    EXPECT_EQ(read_text(round_trip(text)).frame.labels.energy, std::nullopt);

    const auto si = read_text(round_trip(with_header("energy=-3.8 units=si stress=\"1 1 1 0 0 0\""))).frame;
    EXPECT_TRUE(unlabelled(si));
    EXPECT_EQ(si.info.at("untaken_energy"), "-3.8");
    EXPECT_EQ(si.info.at("untaken_units"), "si");
    ASSERT_EQ(si.columns.size(), 1u);
    EXPECT_EQ(si.columns[0].name, "untaken_forces");

    const auto partly = read_text(round_trip(with_header("energy=-0.14 energy_unit=Hartree stress=\"0.1 0.1 0.1 0 0 0\"")));
    EXPECT_NEAR(partly.frame.labels.energy.value(), -0.14 * units::hartree, 1e-12);
    EXPECT_FALSE(partly.frame.labels.stress.has_value());
    EXPECT_FALSE(partly.frame.labels.forces.has_value());
    EXPECT_EQ(partly.frame.info.at("untaken_stress"), "0.1 0.1 0.1 0 0 0");
    EXPECT_THAT(partly.notes.warnings, IsEmpty());
    // The unit of what is left says nothing of what was taken.
    const auto unknown = read_text(round_trip(with_header("energy=-0.14 energy_unit=eV force_unit=furlong")));
    EXPECT_EQ(unknown.frame.labels.energy, -0.14);
    EXPECT_EQ(unknown.frame.info.at("untaken_forces-unit"), "furlong");
}

TEST(ExtxyzLabels, that_are_asked_for_and_absent_are_named_and_no_other_is_taken_later) {
    ReadOptions options;
    options.energy_key = "REF_energy";
    options.forces_key = "REF_forces";
    options.stress_key = "REF_stress";
    const auto read = read_text(with_header("energy=-3.8 stress=\"0.1 0.1 0.1 0 0 0\""), options);
    EXPECT_THAT(
        read.notes.warnings,
        ElementsAre(AllOf(HasSubstr("no REF_energy="), HasSubstr("--energy-key"), HasSubstr("energy= is not taken")),
                    AllOf(HasSubstr("no column REF_forces"), HasSubstr("column forces is not taken")), HasSubstr("no REF_stress=")));
    const auto again = read_text(round_trip(with_header("energy=-3.8 stress=\"0.1 0.1 0.1 0 0 0\""), options));
    EXPECT_TRUE(unlabelled(again.frame));
    EXPECT_EQ(again.frame.info.at("untaken_energy"), "-3.8");
    EXPECT_THAT(likely_names(again.frame, Quantity::energy), ElementsAre("untaken_energy"));
}

TEST(ExtxyzLabels, that_are_there_twice_with_the_same_numbers_are_fine) {
    for (const char* pairs : {"energy=-3.8 REF_energy=-3.8", "DFT_energy=-3.8 qm_energy=-3.800001", "Energy=-3.8 energy=-3.8"}) {
        const auto [frame, notes] = read_text(with_header(pairs));
        EXPECT_NEAR(frame.labels.energy.value(), -3.8, 1e-5) << pairs;
        EXPECT_THAT(notes.warnings, IsEmpty()) << pairs;
    }
    for (const char* pairs : {"DFT_energy=-3.8 mace_energy=-3.7", "energy=-3.8 energy=-3.7", "Energy=-3.8 energy=-3.1",
                              "stress=\"1 1 1 0 0 0\" REF_stress=\"2 2 2 0 0 0\" energy=1 REF_energy=1"}) {
        const auto [frame, notes] = read_text(with_header(pairs));
        EXPECT_EQ(notes.warnings.size(), 1u) << pairs;
    }
}

TEST(ExtxyzLabels, near_a_known_name_and_of_its_shape_are_suggested) {
    const auto frame = read_text(
                           "1\nLattice=\"4 0 0 0 4 0 0 0 4\" enrgy=-1 enery_x=high strss=\"1 2 3 4 5 6\" stres=1 "
                           "Properties=species:S:1:pos:R:3:forcs:R:3:forc:R:1\nLi 0 0 0 1 2 3 4\n")
                           .frame;
    EXPECT_THAT(likely_names(frame, Quantity::energy), ElementsAre("enrgy"));
    EXPECT_THAT(likely_names(frame, Quantity::forces), ElementsAre("forcs"));
    EXPECT_THAT(likely_names(frame, Quantity::stress), ElementsAre("strss"));
}

TEST(ExtxyzLabels, are_no_words_of_a_remark) {
    for (const char* remark : {"structure from DFT energy minimisation", "stress free", "free energy of energy", "weight loss stress",
                               "note=a forces virial energy", "Lattice constant scan"}) {
        const auto read = read_text(std::string("1\n") + remark + "\nLi 0 0 0\n");
        EXPECT_TRUE(unlabelled(read.frame)) << remark;
        EXPECT_THAT(read.notes.warnings, IsEmpty()) << remark;
        EXPECT_EQ(read.frame.weight, 1.0);
        EXPECT_TRUE(unlabelled(read_text(round_trip(std::string("1\n") + remark + "\nLi 0 0 0\n")).frame)) << remark;
    }
    for (const char* remark : {"energy: -5.07", "Energy (eV) = -3.8", "energy -3.8", "energy:-5.07", "REF_energy: -1"})
        EXPECT_THAT(read_text(std::string("1\n") + remark + "\nLi 0 0 0\n").notes.warnings,
                    ElementsAre(AllOf(HasSubstr("no ="), ::testing::ContainsRegex("energy=|Energy="))))
            << remark;
    EXPECT_EQ(read_text(with_header("energy energy = -3.8 stress free")).frame.labels.energy, -3.8);
}

// --- header

TEST(ExtxyzHeaders, with_an_apostrophe_or_an_open_quote_are_refused_by_name) {
    EXPECT_THAT(fault(base::read_file(cases / "apostrophe.xyz")),
                AllOf(HasSubstr("x.extxyz, frame 0"), HasSubstr("today's"), HasSubstr("not closed")));
    EXPECT_THAT(fault(with_header("note=\"open energy=-1")), HasSubstr("not closed"));
    EXPECT_THAT(fault(with_header("note=[1, 2 energy=-1")), HasSubstr("not closed"));
    EXPECT_THAT(fault("1\nnote=it's Lattice=\"4 0 0 0 4 0 0 0 4\" by=Li's\nLi 0 0 0\n"), HasSubstr("it's"));
    // Escaped, inside other quotes, or in a remark without keys they are fine.
    EXPECT_EQ(read_text(with_header("note=\"it's\" energy=-1")).frame.info.at("note"), "it's");
    EXPECT_EQ(read_text(with_header("note=it\\'s energy=-1")).frame.info.at("note"), "it's");
    EXPECT_EQ(read_text("1\ntoday's structure\nLi 0 0 0\n").frame.structure.size(), 1u);
}

TEST(ExtxyzHeaders, give_pbc_in_many_spellings) {
    const std::array<bool, 3> all{true, true, true}, none{false, false, false}, slab{true, true, false};
    for (const auto& [text, expected] :
         std::vector<std::pair<std::string, std::array<bool, 3>>>{{"pbc=T", all},
                                                                  {"PBC=\"T T T\"", all},
                                                                  {"pbc=TTF", slab},
                                                                  {"pbc=\"true, True, FALSE\"", slab},
                                                                  {"pbc=[1, 1, 0]", slab},
                                                                  {"pbc=\"_JSON [true, true, false]\"", slab},
                                                                  {"pbc=\".true. .TRUE. .false.\"", slab},
                                                                  {"pbc=no", none},
                                                                  {"Pbc=F", none}})
        EXPECT_EQ(read_text(with_header(text)).frame.structure.cell.periodic(), expected) << text;
    EXPECT_THAT(fault(with_header("pbc=\"T T\"")), HasSubstr("pbc"));
    EXPECT_THAT(fault(with_header("pbc=perhaps")), HasSubstr("pbc"));
}

TEST(ExtxyzHeaders, give_boundaries_under_the_names_of_other_programs) {
    const std::array<bool, 3> all{true, true, true}, slab{true, true, false}, none{false, false, false};
    for (const auto& [text, expected] : std::vector<std::pair<std::string, std::array<bool, 3>>>{{"periodic=\"T T F\"", slab},
                                                                                                 {"boundary=\"p p f\"", slab},
                                                                                                 {"boundary=\"pp pp ff\"", slab},
                                                                                                 {"Boundary=ppf", slab},
                                                                                                 {"boundary_conditions=[1,1,0]", slab},
                                                                                                 {"periodic=false", none},
                                                                                                 {"periodic=T", all},
                                                                                                 {"boundary=grain", all},
                                                                                                 {"pbc=\"T T F\" periodic=T", slab}})
        EXPECT_EQ(read_text(with_header(text)).frame.structure.cell.periodic(), expected) << text;
    EXPECT_THAT(fault(with_header("periodic=\"T T x\"")), HasSubstr("three of T and F"));
    EXPECT_EQ(read_text(with_header("boundary=grain")).frame.info.at("boundary"), "grain");
}

TEST(ExtxyzHeaders, whose_cell_has_another_name_are_refused_rather_than_read_without_it) {
    for (const char* pair :
         {"latice=\"4 0 0 0 4 0 0 0 4\"", "cell=\"4 0 0 0 4 0 0 0 4\"", "Box=\"4 4 4\"", "lattice_vectors=\"4 0 0 0 4 0 0 0 4\"",
          "box_vectors=\"4 0 0 0 4 0 0 0 4\"", "lattice_matrix=\"4 0 0 0 4 0 0 0 4\"", "simulation_cell=\"4 0 0 0 4 0 0 0 4\"",
          "boxmatrix=\"4 0 0 0 4 0 0 0 4\"", "unit_cell=\"4 0 0 0 4 0 0 0 4\"", "unitcell=\"4 0 0 0 4 0 0 0 4\"",
          "UnitCell=[[4,0,0],[0,4,0],[0,0,4]]", "box_size=\"4 4 4\"", "cell_parameters=\"4 4 4 90 90 90\""})
        EXPECT_THAT(fault(std::string("1\n") + pair + "\nLi 0 0 0\n"), HasSubstr("no Lattice")) << pair;
    EXPECT_THAT(fault("1\nPropertes=species:S:1:pos:R:3:forces:R:3\nLi 0 0 0 0 0 0\n"), HasSubstr("no Properties"));
    EXPECT_THAT(fault("1\nLattice=\"4 0 0 0 4 0 0 0 4\" lattice=\"5 0 0 0 5 0 0 0 5\"\nLi 0 0 0\n"), HasSubstr("given twice"));
}

TEST(ExtxyzHeaders, give_three_lengths_of_a_cell_or_nested_lists_where_these_are_clear) {
    EXPECT_EQ(read_text("1\nLattice=\"3 4 5\"\nLi 0 0 0\n").frame.structure.cell.vectors(), Mat3(Vec3(3, 4, 5).asDiagonal()));
    EXPECT_EQ(read_text("1\nLattice=[[3,0,0],[0,4,0],[0,0,5]]\nLi 0 0 0\n").frame.structure.cell.vectors(),
              Mat3(Vec3(3, 4, 5).asDiagonal()));
    EXPECT_THAT(fault("1\nLattice=[[3,0,0],[1,4,0],[0,0,5]]\nLi 0 0 0\n"), HasSubstr("nested list"));
    EXPECT_THAT(fault("1\nLattice=\"3 4 5 90 90 90\"\nLi 0 0 0\n"), HasSubstr("6 numbers"));
}

TEST(ExtxyzHeaders, hold_json_values_of_ase) {
    const Mat3 expected = (Mat3() << 0.002514604421867866, -0.00027204746138262187, 0.019444226955734195, -0.00027204746138262187,
                           -0.010713387463222219, 0.013086760180387269, 0.019444226955734195, 0.013086760180387269, -0.014074704716139853)
                              .finished();
    EXPECT_LT((read_case("json_stress.extxyz").frame.labels.stress.value() - expected).cwiseAbs().maxCoeff(), 1e-17);
    EXPECT_LT((read_case("json_virials.extxyz").frame.labels.stress.value() + expected / volume).cwiseAbs().maxCoeff(), 1e-17);
    EXPECT_EQ(read_text(with_header("energy=\"_JSON -3.8\"")).frame.labels.energy, -3.8);
}

// --- stress and virial

TEST(ExtxyzStress, beyond_what_matter_bears_is_named_with_its_unit_and_not_taken) {
    const auto bar = read_case("stress_bar.xyz");
    EXPECT_FALSE(bar.frame.labels.stress.has_value());
    EXPECT_THAT(bar.warnings(),
                AllOf(HasSubstr("the stress from stress is beyond 10 eV/angstrom^3 (1602 GPa)"), HasSubstr("stress-unit=bar")));
    EXPECT_THAT(read_text(with_header("stress=\"30 0 0 0 30 0 0 0 30\"")).warnings(), HasSubstr("stress-unit=GPa"));
    EXPECT_THAT(read_text(with_header("REF_stress=\"300 300 300 0 0 0\"")).warnings(), HasSubstr("stress-unit=kbar"));
    EXPECT_FALSE(read_text(with_header("virial=\"4000 0 0 0 4000 0 0 0 4000\"")).frame.labels.stress.has_value());
    EXPECT_TRUE(read_text(with_header("stress=\"9 9 9 0 0 0\"")).frame.labels.stress.has_value());
}

TEST(ExtxyzStress, that_contradicts_the_virial_is_named_and_not_taken) {
    const auto [frame, notes] = read_case("stress_vs_virial.xyz");
    EXPECT_FALSE(frame.labels.stress.has_value());
    EXPECT_THAT(notes.warnings,
                ElementsAre(AllOf(HasSubstr("stress="), HasSubstr("virial="), HasSubstr("sign"), HasSubstr("--virial-key"))));
    ReadOptions options;
    options.virial_key = "virial";
    EXPECT_NEAR((*read_case("stress_vs_virial.xyz", options).frame.labels.stress)(0, 0), -0.4 / volume, 1e-12);
    options = {};
    options.stress_key = "stress";
    EXPECT_NEAR((*read_case("stress_vs_virial.xyz", options).frame.labels.stress)(0, 0), 0.00983, 1e-12);
    // The same written twice.
    const auto agreeing = read_text(with_header("stress=\"-0.0098263 -0.0098263 -0.0098263 0 0 0\" virial=\"0.4 0 0 0 0.4 0 0 0 0.4\""));
    EXPECT_TRUE(agreeing.frame.labels.stress.has_value());
    EXPECT_THAT(agreeing.notes.warnings, IsEmpty());
    EXPECT_FALSE(
        read_text(with_header("stress=\"0.02 0.02 0.02 0 0 0\" virial=\"0.4 0 0 0 0.4 0 0 0 0.4\"")).frame.labels.stress.has_value());
}

TEST(ExtxyzStress, that_is_not_symmetric_is_named) {
    EXPECT_THAT(read_text(with_header("stress=\"0.1 0.2 0.3 -0.4 0.5 0.6 0.7 0.8 0.9\"")).warnings(), HasSubstr("not symmetric"));
}

// --- units

TEST(ExtxyzUnits, in_the_header_are_heeded) {
    const auto [frame, notes] = read_case("units.xyz");
    EXPECT_NEAR(frame.labels.energy.value(), -0.14 * units::hartree, 1e-12);
    EXPECT_NEAR((*frame.labels.forces)[0][1], 0.2 * units::hartree / units::bohr, 1e-12);
    EXPECT_NEAR((*frame.labels.stress)(2, 2), 1 / units::gpa_per_ev_per_angstrom3, 1e-15);
    EXPECT_EQ(frame.structure.cell.vectors()(0, 0), 3.44);
    EXPECT_THAT(notes.warnings, IsEmpty());
    // What is written is in alkali's units, and says of no other.
    const auto written = round_trip(base::read_file(cases / "units.xyz"));
    EXPECT_THAT(written, ::testing::Not(HasSubstr("unit")));
    EXPECT_NEAR(read_text(written).frame.labels.energy.value(), -0.14 * units::hartree, 1e-12);
}

TEST(ExtxyzUnits, under_other_keys_and_spellings_are_heeded) {
    const auto energy = [](const std::string& pairs) { return read_text(with_header(pairs)).frame.labels.energy.value_or(std::nan("")); };
    EXPECT_NEAR(energy("energy=1 energy_unit=Ry force_units=Ry/Bohr"), units::rydberg, 1e-12);
    EXPECT_NEAR(energy("energy=1 units=a.u."), units::hartree, 1e-12);
    EXPECT_NEAR(energy("energy=1 Energy_Units=\"kcal/mol\""), 0.0433641, 1e-6);
    EXPECT_NEAR(energy("energy=1 energy-unit=eV force-unit=eV/Ang stress-unit=kbar"), 1, 1e-12);
    EXPECT_NEAR(energy("energy=1 stress_unit=GPa"), 1, 1e-12);
    const auto bohr = read_text(with_header("energy=1 energy-unit=hartree length-unit=bohr forces-unit=\"hartree / bohr\"")).frame;
    EXPECT_NEAR(bohr.structure.cell.vectors()(0, 0), 3.44 * units::bohr, 1e-12);
    for (const auto& [unit, factor] : {std::pair{"GPa", 1 / units::gpa_per_ev_per_angstrom3},
                                       {"kBar", 1 / units::kbar_per_ev_per_angstrom3},
                                       {"eV/A^3", 1.0},
                                       {"ev/Ang**3", 1.0},
                                       {"eV/angstrom3", 1.0},
                                       {"eV*angstrom^-3", 1.0},
                                       {"eV/Å³", 1.0}})
        EXPECT_NEAR(unit_factor(unit, Quantity::stress).value_or(-1), factor, 1e-12) << unit;
    EXPECT_FALSE(unit_factor("eV", Quantity::forces).has_value());
}

TEST(ExtxyzUnits, that_are_unknown_or_missing_beside_others_are_named_and_the_label_is_not_taken) {
    const auto unknown = read_text(with_header("energy=1 energy-unit=furlong"));
    EXPECT_FALSE(unknown.frame.labels.energy.has_value());
    EXPECT_THAT(unknown.warnings(), HasSubstr("furlong"));
    const auto missing = read_text(with_header("energy=1 energy-unit=hartree"));
    EXPECT_TRUE(missing.frame.labels.energy.has_value());
    EXPECT_FALSE(missing.frame.labels.forces.has_value());
    EXPECT_THAT(missing.warnings(), AllOf(HasSubstr("forces"), HasSubstr("forces-unit")));
    EXPECT_FALSE(read_text(with_header("energy=1 units=strange")).frame.labels.energy.has_value());
    EXPECT_THAT(fault(with_header("energy=1 length-unit=furlong")), HasSubstr("furlong"));
    // What is not taken keeps its unit beside it.
    EXPECT_EQ(read_text(round_trip(with_header("energy=1 energy-unit=furlong"))).frame.info.at("energy-unit"), "furlong");
}

// --- weights

TEST(ExtxyzWeights, of_zero_are_no_label) {
    const auto [frame, notes] = read_case("config_energy_weight.xyz");
    EXPECT_FALSE(frame.labels.energy.has_value());
    EXPECT_FALSE(frame.labels.stress.has_value());
    EXPECT_TRUE(frame.labels.forces.has_value());
    EXPECT_THAT(notes.without_weight, ElementsAre("energy", "stress"));
    const auto written = round_trip(base::read_file(cases / "config_energy_weight.xyz"));
    EXPECT_THAT(written, AllOf(HasSubstr("energy=0.0"), HasSubstr("config_energy_weight=0.0"), HasSubstr("stress=")));
    EXPECT_FALSE(read_text(written).frame.labels.energy.has_value());
    for (const char* pair : {"energy_weight=0", "Energy_Weight=0", "weight=0", "config_weight=0", "Weight=0.0", "config_energy_weight=0"})
        EXPECT_FALSE(read_text(with_header(std::string("energy=-1 ") + pair)).frame.labels.energy.has_value()) << pair;
    EXPECT_FALSE(read_text(with_header("energy=-1 forces_weight=0")).frame.labels.forces.has_value());
    EXPECT_FALSE(read_text(with_header("energy=-1 force_weight=0")).frame.labels.forces.has_value());
    EXPECT_FALSE(read_text(with_header("virials_weight=0 virial=\"1 0 0 0 1 0 0 0 1\"")).frame.labels.stress.has_value());
}

TEST(ExtxyzWeights, of_labels_are_kept_beside_that_of_the_frame) {
    const auto frame = read_text(with_header("energy=-1 weight=3 energy_weight=5 config_forces_weight=0.5 virial_weight=2 "
                                             "virial=\"1 0 0 0 1 0 0 0 1\""))
                           .frame;
    EXPECT_EQ(frame.weight, 3);
    EXPECT_EQ(frame.weights, (structure::LabelWeights{5, 0.5, 2}));
    const auto back = read_text(round_trip(with_header("energy=-1 weight=3 energy_weight=5 config_forces_weight=0.5"))).frame;
    EXPECT_EQ(back.weight, 3);
    EXPECT_EQ(back.weights, (structure::LabelWeights{5, 0.5, 1}));
    EXPECT_THAT(read_text(with_header("weight=1 config_weight=2")).warnings(), HasSubstr("differ"));
    EXPECT_THAT(fault(with_header("energy_weight=-1")), HasSubstr("energy_weight"));
}

TEST(ExtxyzWeights, of_a_frame_have_other_names_too) {
    for (const char* pair : {"frame_weight=3", "sample_weight=3", "loss_weight=3", "Frame_Weight=3"})
        EXPECT_EQ(read_text(with_header(pair)).frame.weight, 3.0) << pair;
    EXPECT_EQ(read_text(with_header("energy=-1 loss_energy_weight=2")).frame.weights.energy, 2.0);
    EXPECT_EQ(read_text(round_trip(with_header("frame_weight=3"))).frame.weight, 3.0);
}

TEST(ExtxyzWeights, that_are_not_heeded_are_named) {
    for (const char* key : {"energy_sigma", "force_sigma", "virial_sigma", "energy_mask"})
        EXPECT_THAT(read_text(with_header(std::string("energy=-1 ") + key + "=0.1")).warnings(), HasSubstr(std::string(key) + "=")) << key;
    for (const char* name : {"force_mask", "forces_weight", "force_sigma", "force_weights"})
        EXPECT_THAT(read_text(std::string("1\nProperties=species:S:1:pos:R:3:forces:R:3:") + name + ":R:1\nLi 0 0 0 1 2 3 1\n").warnings(),
                    HasSubstr(std::string("column ") + name))
            << name;
}

TEST(ExtxyzWeights, have_names_with_sources_and_other_words_about_them) {
    for (const char* key : {"dft_energy_weight", "energy_loss_weight", "loss_weight_energy", "energy_weight_factor", "eweight", "w_energy",
                            "REF_energy_weight", "EnergyWeight", "weight_energy", "energy_w", "config_type_energy_weight"}) {
        const auto read = read_text(with_header(fmt::format("energy=-1 {}=0", key)));
        EXPECT_FALSE(read.frame.labels.energy.has_value()) << key;
        EXPECT_TRUE(read.frame.labels.forces.has_value()) << key;
        EXPECT_EQ(read_text(with_header(fmt::format("energy=-1 {}=0.5", key))).frame.weights.energy, 0.5) << key;
    }
    for (const char* key : {"config_type_weight", "configweight", "frame_loss_weight", "sample_weight_factor"})
        EXPECT_TRUE(unlabelled(read_text(with_header(fmt::format("energy=-1 {}=0", key))).frame)) << key;
    EXPECT_FALSE(read_text(with_header("energy=-1 fweight=0")).frame.labels.forces.has_value());
}

TEST(ExtxyzWeights, of_unknown_names_are_named_and_masses_are_not) {
    for (const char* key : {"my_weight", "reweighting", "dft_weight", "total_weight", "energy_hessian_weight"}) {
        const auto read = read_text(with_header(fmt::format("energy=-1 {}=0", key)));
        EXPECT_THAT(read.warnings(), HasSubstr(std::string(key) + "= is not heeded")) << key;
        EXPECT_EQ(read.frame.labels.energy, -1.0) << key;
    }
    EXPECT_THAT(read_text(with_header("energy=-1 weights=\"0 0 0\"")).warnings(), HasSubstr("weights= is not heeded"));
    EXPECT_EQ(read_text(with_header("energy=-1 W_energy=-13")).frame.weights.energy, 1.0);
    for (const char* pair : {"molecular_weight=18", "energy_sigma_0=-0.9", "energy_sigma0=-0.9"})
        EXPECT_THAT(read_text(with_header(std::string("energy=-1 ") + pair)).notes.warnings, IsEmpty()) << pair;
    EXPECT_THAT(read_text("1\nProperties=species:S:1:pos:R:3:forces:R:3:weight:R:1\nLi 0 0 0 1 2 3 1\n").warnings(),
                HasSubstr("column weight"));
}

TEST(ExtxyzUnits, of_pressures_are_those_of_a_stress_without_another) {
    const auto stress = [](const std::string& pairs) { return read_text(with_header("stress=\"1 1 1 0 0 0\" " + pairs)); };
    EXPECT_NEAR((*stress("pressure_unit=GPa").frame.labels.stress)(0, 0), 1 / units::gpa_per_ev_per_angstrom3, 1e-12);
    EXPECT_NEAR((*stress("pressure_unit=GPa stress_unit=kbar").frame.labels.stress)(0, 0), 1 / units::kbar_per_ev_per_angstrom3, 1e-12);
    const auto both = stress("pressure=3 pressure_unit=GPa");
    EXPECT_FALSE(both.frame.labels.stress.has_value());
    EXPECT_THAT(both.warnings(), HasSubstr("of the pressure"));
}

TEST(ExtxyzStress, has_the_sign_that_the_header_gives) {
    const auto stress = [](const std::string& pairs) { return read_text(with_header("stress=\"1 2 3 0 0 0\" " + pairs)); };
    EXPECT_EQ((*stress("stress_sign=compression").frame.labels.stress)(0, 0), -1);
    EXPECT_EQ((*stress("stress_convention=\"positive in compression\"").frame.labels.stress)(0, 0), -1);
    EXPECT_EQ((*stress("stress-sign=tension").frame.labels.stress)(0, 0), 1);
    EXPECT_EQ((*stress("stress_sign=\"negative in compression\"").frame.labels.stress)(0, 0), 1);
    const auto strange = stress("stress_sign=-1");
    EXPECT_FALSE(strange.frame.labels.stress.has_value());
    EXPECT_THAT(strange.warnings(), HasSubstr("stress_sign=-1"));
    EXPECT_EQ((*read_text(round_trip(with_header("stress=\"1 2 3 0 0 0\" stress_sign=compression"))).frame.labels.stress)(0, 0), -1);
}

TEST(ExtxyzStress, of_a_dump_of_lammps_is_a_pressure_and_never_taken) {
    for (const char* unit : {"", "stress-unit=bar", "units=metal", "stress_sign=compression"}) {
        const auto text = with_header(fmt::format("Timestep=0 Potential_energy=-3.8 Stress=\"1 0 0 0 -3 0 0 0 5\" {}", unit));
        const auto read = read_text(text);
        EXPECT_EQ(read.frame.labels.energy, -3.8) << unit;
        EXPECT_TRUE(read.frame.labels.forces.has_value()) << unit;
        EXPECT_FALSE(read.frame.labels.stress.has_value()) << unit;
        EXPECT_THAT(read.warnings(), AllOf(HasSubstr("positive in compression"), ::testing::Not(HasSubstr("stress-unit")))) << unit;
        EXPECT_EQ(read.frame.info.count("lammps_pressure"), 1u) << unit;
        const auto again = read_text(round_trip(text));
        EXPECT_FALSE(again.frame.labels.stress.has_value()) << unit;
        EXPECT_THAT(again.notes.warnings, IsEmpty()) << unit;
    }
    EXPECT_THAT(read_text(with_header("Timestep=0 Potential_energy=-3.8")).warnings(), HasSubstr("units metal"));
    EXPECT_NEAR(read_text(with_header("Timestep=0 Potential_energy=1 units=real")).frame.labels.energy.value(), 0.0433641, 1e-6);
}

TEST(ExtxyzLabels, of_atoms_that_do_not_add_up_to_the_energy_are_named) {
    const auto with_energies = [](const char* second) {
        return read_text(fmt::format("2\nProperties=species:S:1:pos:R:3:energies:R:1 energy=-3.8\nLi 0 0 0 -1.9\nLi 0 0 3 {}\n", second));
    };
    EXPECT_THAT(with_energies("-9").warnings(), HasSubstr("contradict each other"));
    EXPECT_EQ(with_energies("-9").frame.labels.energy, -3.8);
    EXPECT_THAT(with_energies("-1.9001").notes.warnings, IsEmpty());
}

TEST(ExtxyzLabels, of_electrons_that_did_not_converge_have_many_names_and_spellings) {
    for (const char* pair : {"converged_electronic=F", "electronic_convergence=F", "scf_convergence=F", "convergence=False",
                             "did_converge=F", "converged=\"[False]\"", "scf_converged=\"_JSON false\"", "converged=\"[True, False]\"",
                             "scf_not_converged=T", "SCF_Converged=.FALSE.", "converged=\"'False'\""})
        EXPECT_TRUE(unlabelled(read_text(with_header(std::string("energy=-1 ") + pair)).frame)) << pair;
    for (const char* pair : {"converged=None", "converged=maybe", "qm_converged=-1"}) {
        const auto read = read_text(with_header(std::string("energy=-1 ") + pair));
        EXPECT_EQ(read.frame.labels.energy, -1.0) << pair;
        EXPECT_THAT(read.warnings(), HasSubstr(pair)) << pair;
    }
    for (const char* pair : {"converged_ionic=F", "convergence_threshold=1e-6", "energy_convergence=1e-8", "converged=\"[True]\""}) {
        const auto read = read_text(with_header(std::string("energy=-1 ") + pair));
        EXPECT_EQ(read.frame.labels.energy, -1.0) << pair;
        EXPECT_THAT(read.notes.warnings, IsEmpty()) << pair;
    }
}

TEST(ExtxyzLabels, of_electrons_that_did_not_converge_are_left_out) {
    for (const char* pair : {"converged=F", "scf_converged=false", "dft_converged=0", "unconverged=T", "Converged=False"}) {
        const auto text = with_header(std::string("energy=-1 stress=\"1 1 1 0 0 0\" ") + pair);
        const auto read = read_text(text);
        EXPECT_TRUE(unlabelled(read.frame)) << pair;
        EXPECT_THAT(read.notes.warnings, ElementsAre(HasSubstr(pair))) << pair;
        EXPECT_TRUE(unlabelled(read_text(round_trip(text)).frame)) << pair;
        auto frame = read.frame;
        forget_labels(frame);
        EXPECT_THAT(frame.info, IsEmpty()) << pair;
    }
    for (const char* pair : {"converged=T", "geometry_converged=F", "converged=maybe"})
        EXPECT_EQ(read_text(with_header(std::string("energy=-1 ") + pair)).frame.labels.energy, -1.0) << pair;
}

// --- columns

TEST(ExtxyzColumns, are_carried_with_their_kind) {
    const auto frame = read_case("columns.xyz").frame;
    ASSERT_EQ(frame.columns.size(), 2u);
    EXPECT_EQ(frame.columns[0].values, (std::vector<double>{1.5, -1.5}));
    EXPECT_THAT(round_trip(base::read_file(cases / "columns.xyz")),
                AllOf(HasSubstr(":forces:R:3:magmoms:R:1:tags:I:1"), HasSubstr(" 1.5 7\n"), HasSubstr(" -1.5 8\n")));
    const std::string other =
        "2\nProperties=species:S:1:pos:R:3:move_mask:L:3:site:S:1:id:I:1:v:R:2 energy=-1\n"
        "Li 0 0 0 T F T 4a 12345678901234 0.5 *****\nO 1 1 1 F F F 8c 2 1 2\n";
    EXPECT_THAT(round_trip(other), AllOf(HasSubstr(":move_mask:L:3:site:S:1:id:I:1:v:S:2 "),
                                         HasSubstr(" T F T 4a 12345678901234 0.5 *****\n"), HasSubstr(" F F F 8c 2 1 2\n")));
}

TEST(ExtxyzColumns, of_atoms_and_keys_named_like_labels_of_the_other_kind_are_kept) {
    const auto written = round_trip(
        "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3:energy:R:1:virial:R:9 "
        "energy=-1 force=0.01\nLi 0 0 0 1 2 3 -0.5 1 2 3 4 5 6 7 8 9\n");
    EXPECT_THAT(written,
                AllOf(HasSubstr(":energy:R:1:virial:R:9"), HasSubstr(" force=0.01"), HasSubstr(" 1 2 3 -0.5 1 2 3 4 5 6 7 8 9\n")));
}

TEST(ExtxyzColumns, of_species_and_atomic_numbers_must_agree) {
    EXPECT_EQ(read_text("1\nProperties=Species:S:1:Z:I:1:Pos:R:3\nli 3 0 0 0\n").frame.structure.numbers[0], 3);
    EXPECT_THAT(fault("1\nProperties=species:S:1:Z:I:1:pos:R:3\nLi 11 0 0 0\n"), HasSubstr("by its number"));
    EXPECT_THAT(fault("1\nProperties=species:S:1:pos:R:3:pos:R:3\nLi 0 0 0 0 0 0\n"), HasSubstr("twice"));
}

struct Told : base::LogSink {
    std::string warnings, infos;
    void write(base::LogLevel level, std::string_view text) override {
        (level == base::LogLevel::warning ? warnings : infos) += std::string(text) + "\n";
    }
};

TEST(Losses, of_a_format_are_told_once) {
    Told told;
    Losses losses(format_info("folder/", "deepmd"));
    for (int i = 0; i < 3; ++i) losses.add(read_case("open_stress.xyz").frame);
    losses.add(read_case("columns.xyz").frame);
    losses.tell(told);
    EXPECT_THAT(told.warnings, AllOf(HasSubstr("stress 3"), HasSubstr("weights: those of 3 frames"), HasSubstr("magmoms, tags")));
    EXPECT_THAT(told.infos, HasSubstr("config_type"));
    Told nothing;
    Losses none(format_info("a.extxyz"));
    none.add(read_case("open_stress.xyz").frame);
    none.tell(nothing);
    EXPECT_EQ(nothing.warnings + nothing.infos, "");
    const auto kept = round_trip(base::read_file(cases / "open_stress.xyz"));
    EXPECT_THAT(kept, AllOf(HasSubstr("stress="), HasSubstr("weight=5"), HasSubstr("config_type=dimer"), HasSubstr("pbc=\"F F F\"")));
}

TEST(Losses, of_open_directions_are_told) {
    const auto told = [](const char* file, const char* format, const char* pbc) {
        Told told;
        Losses losses(format_info(file, format));
        losses.add(read_text(std::string("1\nLattice=\"4 0 0 0 4 0 0 0 9\" pbc=\"") + pbc + "\"\nLi 0 0 0\n").frame);
        losses.tell(told);
        return told.warnings;
    };
    EXPECT_THAT(told("a.vasp", "", "T T F"), HasSubstr("directions of 1 frames are open"));
    EXPECT_THAT(told("a.lmp", "", "F F F"), HasSubstr("directions of 1 frames are open"));
    EXPECT_THAT(told("folder/", "deepmd", "T T F"), HasSubstr("all directions or none"));
    EXPECT_EQ(told("folder/", "deepmd", "F F F"), "");
    EXPECT_EQ(told("a.vasp", "", "T T T"), "");
    EXPECT_EQ(told("a.extxyz", "", "T T F"), "");
}

}  // namespace
}  // namespace alkali::io::extxyz_labels_tests
