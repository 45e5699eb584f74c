#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <set>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/format.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::io::extxyz_tests {
namespace {

std::unique_ptr<FrameReader> reader_of(const std::string& text, ReadOptions options = {}) {
    options.format = "extxyz";
    return open_reader(std::make_unique<std::istringstream>(text), "x.extxyz", options);
}

Frame first(const std::string& text, const ReadOptions& options = {}) {
    Frame frame;
    EXPECT_TRUE(reader_of(text, options)->next(frame));
    return frame;
}

std::string fault(const std::string& text, const ReadOptions& options = {}) {
    try {
        const auto reader = reader_of(text, options);
        for (Frame frame; reader->next(frame);) {}
    } catch (const FileError& error) {
        return error.what();
    }
    return "no error";
}

TEST(ExtxyzHeader, splits_quotes_brackets_and_escapes_as_ase_does) {
    const std::vector<KeyValue> expected{{"a", "1"},    {"b", "x y"},        {"c", "1 2 3"},       {"d", "[1, 2], [3, 4]"},
                                         {"flag", "T"}, {"e", "say \"hi\""}, {"two words", "v=w"}, {"f", "2"},
                                         {"g", ""}};
    EXPECT_EQ(parse_header(R"(a=1 b="x y" c={1 2 3} d=[[1, 2], [3, 4]] flag e="say \"hi\"" "two words"=v=w f = 2 g="")"), expected);
    EXPECT_EQ(array_words("[[1, 2],[3 ,4]]").size(), 4u);
}

TEST(Extxyz, a_byte_order_mark_before_the_first_line_is_passed_over) {
    EXPECT_EQ(first("\xef\xbb\xbf"
                    "1\r\nenergy=2\r\nLi 0 0 0\r\n")
                  .labels.energy,
              2.0);
}

TEST(ExtxyzHeader, what_is_written_reads_back) {
    for (const std::string value : {"plain", "two words", "a\"b'c", "{x}", "[1]", "", "back\\slash", "a=b", "1 2 3", "é"}) {
        const auto pairs = parse_header(format_pair("key " + value, value));
        ASSERT_EQ(pairs.size(), 1u);
        EXPECT_EQ(pairs[0], KeyValue("key " + value, value));
    }
}

TEST(Extxyz, takes_properties_in_any_order_and_old_style_brackets) {
    const auto frame = first(
        "2\nLattice={4 0 0 0 5 0 0 0 6} pbc=\"T F T\" config_type=bulk Properties=forces:R:3:tag:I:1:pos:R:3:species:S:1 energy=-3.5 "
        "stress=[[1,2,3],[2,4,5],[3,5,6]]\n"
        "1 2 3 7 0.5 0.25 +1e-1 Li\n4 5 6 8 1 1 1.5D0 O\n");
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 8}));
    EXPECT_EQ(frame.structure.positions[0], Vec3(0.5, 0.25, 0.1));
    EXPECT_EQ(frame.structure.positions[1], Vec3(1, 1, 1.5));
    EXPECT_EQ((*frame.labels.forces)[1], Vec3(4, 5, 6));
    EXPECT_EQ(frame.labels.energy, -3.5);
    EXPECT_EQ(to_voigt(*frame.labels.stress), (Voigt{1, 4, 6, 5, 3, 2}));
    EXPECT_EQ(frame.structure.cell.periodic(), (std::array<bool, 3>{true, false, true}));
    EXPECT_EQ(frame.info.at("config_type"), "bulk");
    EXPECT_EQ(frame.where(), "x.extxyz, frame 0");
}

TEST(Extxyz, a_lattice_without_pbc_is_periodic_and_none_is_open) {
    EXPECT_TRUE(first("1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nLi 0 0 0\n").structure.cell.fully_periodic());
    EXPECT_FALSE(first("1\n\nLi 0 0 0\n").structure.cell.any_periodic());
}

TEST(Extxyz, atomic_numbers_may_stand_for_symbols) {
    EXPECT_EQ(first("1\nProperties=Z:I:1:pos:R:3\n3 0 0 0\n").structure.numbers[0], 3);
    EXPECT_NE(fault("1\nProperties=Z:I:1:pos:R:3\n300 0 0 0\n").find("300"), std::string::npos);
}

TEST(Extxyz, the_force_consistent_energy_is_the_label_and_the_other_is_kept) {
    const auto reader = reader_of("1\nenergy=-1.0 free_energy=-1.5\nLi 0 0 0\n");
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    EXPECT_EQ(frame.labels.energy, -1.5);
    EXPECT_EQ(frame.info.at("energy_extrapolated"), "-1.0");
    EXPECT_EQ(reader->notes().energy_from, "free_energy");
}

TEST(Extxyz, labels_are_read_under_configured_keys) {
    ReadOptions options;
    options.energy_key = "E";
    options.forces_key = "F";
    options.stress_key = "S";
    const std::string text =
        "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:F:R:3 E=2 energy=1 S=\"1 2 3 4 5 6\"\nLi 0 0 0 1 1 1\n";
    const auto frame = first(text, options);
    EXPECT_EQ(frame.labels.energy, 2.0);
    EXPECT_EQ((*frame.labels.forces)[0], Vec3(1, 1, 1));
    EXPECT_EQ(to_voigt(*frame.labels.stress), (Voigt{1, 2, 3, 4, 5, 6}));
    options.energy_key = "nothing";
    EXPECT_FALSE(first(text, options).labels.energy.has_value());
}

TEST(Extxyz, virial_is_minus_stress_times_volume) {
    const auto frame = first("1\nLattice=\"2 0 0 0 2 0 0 0 2\" virial=\"8 0 0 0 16 0 0 0 24\"\nLi 0 0 0\n");
    EXPECT_EQ(to_voigt(*frame.labels.stress), (Voigt{-1, -2, -3, 0, 0, 0}));
    EXPECT_NE(fault("1\nvirial=\"8 0 0 0 16 0 0 0 24\"\nLi 0 0 0\n").find("no volume"), std::string::npos);
}

TEST(Extxyz, every_number_survives_a_round_trip) {
    base::Random random(5);
    Frame frame;
    frame.structure = structure::rattled(structure::bcc("Li", 3.4321), 0.1, random);
    frame.labels.energy = -21.08456789012345;
    frame.labels.forces = {Vec3(0.1, -1e-17, 3), Vec3(1.0 / 3, 0, 1e10)};
    frame.labels.energies = std::vector<double>{-1.0 / 7, 2};
    frame.labels.stress = from_voigt({0.1, 0.2, 0.3, 1e-9, -0.5, 0.6});
    frame.weight = 2.5;
    frame.info = {{"config_type", "bulk md"}, {"n", "3"}, {"quote", "a \"b\""}};
    const auto folder = std::filesystem::path(::testing::TempDir()) / "alkali_extxyz";
    write_frames(folder / "a.extxyz", std::vector<Frame>{frame, frame});
    const auto back = read_frames(folder / "a.extxyz");
    ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(back[1].structure.positions, frame.structure.positions);
    EXPECT_EQ(back[1].structure.cell.vectors(), frame.structure.cell.vectors());
    EXPECT_EQ(back[1].labels.energy, frame.labels.energy);
    EXPECT_EQ(back[1].labels.forces, frame.labels.forces);
    EXPECT_EQ(back[1].labels.energies, frame.labels.energies);
    EXPECT_EQ(back[1].labels.stress, frame.labels.stress);
    EXPECT_EQ(back[1].weight, 2.5);
    EXPECT_EQ(back[1].info, frame.info);
    EXPECT_EQ(back[1].index, 1u);
    std::filesystem::remove_all(folder);
}

TEST(Extxyz, nothing_is_left_behind_by_a_writer_that_fails) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "alkali_extxyz_fails";
    EXPECT_THROW(write_frames(folder / "a.extxyz", std::vector<Frame>{Frame{}}), FileError);
    EXPECT_TRUE(std::filesystem::is_empty(folder));
    std::filesystem::remove_all(folder);
}

TEST(Extxyz, bad_frames_are_named_by_file_and_frame) {
    const std::string good = "1\nLattice=\"4 0 0 0 4 0 0 0 4\"\nLi 0 0 0\n";
    const auto expect_fault = [&](const std::string& text, const std::string& part) {
        const std::string message = fault(good + text);
        EXPECT_NE(message.find("x.extxyz, frame 1"), std::string::npos) << message;
        EXPECT_NE(message.find(part), std::string::npos) << message;
    };
    expect_fault("2\n\nLi 0 0 0\n", "1 of 2 atoms");
    expect_fault("1\n", "comment line");
    expect_fault("one\n", "number of atoms");
    expect_fault("0\n\n", "no atoms");
    expect_fault("1\n\nXq 0 0 0\n", "'Xq' is not a chemical symbol");
    expect_fault("1\n\nLi 0 0 zero\n", "'zero'");
    expect_fault("1\n\nLi 0 0 nan\n", "not a finite number");
    expect_fault("1\n\nLi 0 0 0 0\n", "has 5 columns");
    expect_fault("1\nProperties=species:S:1:psos:R:3\nLi 0 0 0\n", "misnamed: did you mean psos?");
    expect_fault("1\nProperties=species:S:1:pos:R\nLi 0 0 0\n", "malformed");
    expect_fault("1\nProperties=species:S:1:pos:R:2\nLi 0 0\n", "pos:R:3");
    expect_fault("1\nenergy=nan\nLi 0 0 0\n", "energy is not a finite number");
    expect_fault("1\nenergy=\"1 2\"\nLi 0 0 0\n", "one number");
    expect_fault("1\nLattice=\"4 0 0 0 4 0 0 0\"\nLi 0 0 0\n", "8 numbers");
    expect_fault("1\nLattice=\"4 0 0 0 4 0 4 4 0\"\nLi 0 0 0\n", "no volume");
    expect_fault("1\nLattice=\"4 0 0 0 4 0 0 0 4\" pbc=\"T F\"\nLi 0 0 0\n", "pbc");
    expect_fault("1\nLattice=\"4 0 0 0 4 0 0 0 4\" stress=\"1 2 3\"\nLi 0 0 0\n", "stress= has 3 numbers");
    expect_fault("1\nProperties=species:S:1:pos:R:3:forces:R:3\nLi 0 0 0 inf 0 0\n", "force on atom 1");
    expect_fault("1\nweight=-1\nLi 0 0 0\n", "weight");
}

TEST(Extxyz, reading_goes_on_behind_a_bad_frame) {
    const auto reader = reader_of("1\n\nXq 0 0 0\n1\n\nLi 0 0 0\n");
    Frame frame;
    EXPECT_THROW(static_cast<void>(reader->next(frame)), FileError);
    ASSERT_TRUE(reader->next(frame));
    EXPECT_EQ(frame.index, 1u);
    EXPECT_FALSE(reader->next(frame));
}

TEST(Extxyz, labels_that_are_not_finite_pass_only_where_asked_for) {
    ReadOptions options;
    options.numbers = Numbers::any;
    EXPECT_TRUE(std::isnan(*first("1\nenergy=nan\nLi 0 0 0\n", options).labels.energy));
}

TEST(Formats, are_recognised_by_name_or_refused_with_the_known_ones) {
    EXPECT_THROW(static_cast<void>(open_writer("/tmp/x.unknown")), InputError);
    try {
        static_cast<void>(open_writer("/tmp/x", {"extxzy", {}}));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("did you mean extxyz?"), std::string::npos);
    }
    EXPECT_THROW(static_cast<void>(open_reader("/nowhere/x.extxyz")), FileError);
    EXPECT_NE(formats_help().find("extxyz"), std::string::npos);
}

/// Twelve frames of three atoms, the energy of each its number.
std::vector<std::string> numbered_frames() {
    std::vector<std::string> frames;
    for (int i = 0; i < 12; ++i)
        frames.push_back(
            fmt::format("3\nLattice=\"9 0 0 0 9 0 0 0 9\" Properties=species:S:1:pos:R:3 energy={}\nLi 0 0 0\nO 2 0 0\nO 4 0 0\n", i));
    return frames;
}

struct Lenient {
    std::vector<double> energies;
    std::vector<std::size_t> indices;
    std::vector<std::string> left_out;
};

Lenient without_unreadable(const std::vector<std::string>& frames) {
    ReadOptions options;
    options.unreadable = Unreadable::left_out;
    const auto reader = reader_of(fmt::format("{}", fmt::join(frames, "")), options);
    Lenient result;
    Frame frame;
    for (bool more = true; more;) {
        more = reader->next(frame);
        for (const auto& part : reader->notes().left_out) result.left_out.push_back(part.where + ": " + part.why);
        if (!more) break;
        result.energies.push_back(*frame.labels.energy);
        result.indices.push_back(frame.index);
    }
    return result;
}

std::vector<double> all_but(std::set<int> missing) {
    std::vector<double> energies;
    for (int i = 0; i < 12; ++i)
        if (!missing.contains(i)) energies.push_back(i);
    return energies;
}

TEST(ExtxyzUnreadable, a_frame_without_an_atom_line_costs_that_frame_alone) {
    auto frames = numbered_frames();
    frames[3] = frames[3].substr(0, frames[3].rfind("O 4"));
    const auto result = without_unreadable(frames);
    EXPECT_EQ(result.energies, all_but({3}));
    EXPECT_EQ(result.indices[3], 4U);
    ASSERT_EQ(result.left_out.size(), 1U);
    EXPECT_EQ(result.left_out[0],
              "x.extxyz, frame 3: the next frame begins in line 20, after 2 of 3 atoms; 4 lines are passed over (16 to 19)");
    EXPECT_NE(fault(fmt::format("{}", fmt::join(frames, ""))).find("frame 3: the next frame begins in line 20"), std::string::npos);
}

TEST(ExtxyzUnreadable, a_frame_with_an_atom_line_too_many_costs_that_frame_alone) {
    auto frames = numbered_frames();
    frames[3] += "O 6 0 0\n";
    const auto result = without_unreadable(frames);
    EXPECT_EQ(result.energies, all_but({3}));
    ASSERT_EQ(result.left_out.size(), 1U);
    EXPECT_NE(result.left_out[0].find("frame 3: line 21: more atom lines than the 3 counted; 6 lines are passed over (16 to 21)"),
              std::string::npos)
        << result.left_out[0];
    EXPECT_NE(fault(fmt::format("{}", fmt::join(frames, ""))).find("expected the number of atoms"), std::string::npos);
}

TEST(ExtxyzUnreadable, a_damaged_or_missing_count_costs_its_frame_alone) {
    for (const char* count : {"3x\n", "-3\n", "", "300\n", "1\n", "# frame\n"}) {
        auto frames = numbered_frames();
        frames[5] = count + frames[5].substr(2);
        const auto result = without_unreadable(frames);
        EXPECT_EQ(result.energies, all_but({5})) << count;
        EXPECT_EQ(result.left_out.size(), 1U) << count;
    }
}

TEST(ExtxyzUnreadable, each_of_two_broken_frames_one_behind_the_other_is_named) {
    auto frames = numbered_frames();
    for (const std::size_t i : {3U, 4U}) frames[i] = frames[i].substr(0, frames[i].rfind("O 4"));
    frames[0] = "rubbish\nmore rubbish\n" + frames[0];
    const auto result = without_unreadable(frames);
    EXPECT_EQ(result.energies, all_but({3, 4}));
    EXPECT_EQ(result.left_out.size(), 3U);
}

TEST(ExtxyzUnreadable, what_is_missing_at_the_end_is_named) {
    auto frames = numbered_frames();
    frames[11] = frames[11].substr(0, frames[11].rfind("O 4"));
    const auto result = without_unreadable(frames);
    EXPECT_EQ(result.energies, all_but({11}));
    ASSERT_EQ(result.left_out.size(), 1U);
    EXPECT_NE(result.left_out[0].find("the file ends after 2 of 3 atoms; 4 lines are passed over"), std::string::npos);
}

// One atom with this header; what its reader notes.
FrameNotes notes_of(const std::string& header, Frame& frame) {
    const auto reader = reader_of("1\nProperties=species:S:1:pos:R:3 Lattice=\"4 0 0 0 4 0 0 0 4\" " + header + "\nLi 0 0 0\n");
    EXPECT_TRUE(reader->next(frame)) << header;
    return reader->notes();
}

TEST(Extxyz, words_of_a_remark_are_no_keys_that_anything_looks_up) {
    Frame frame;
    notes_of("config_type=bulk space group 229", frame);
    EXPECT_FALSE(frame.info.contains("group"));
    EXPECT_EQ(frame.info.at("config_type"), "bulk");
    for (const char* remark : {"slab without pbc in z", "non periodic", "config_type", "Group", "boundary layer", "bc lattice", "k_mesh",
                               "energy_std", "devi_e", "stress free"}) {
        const auto notes = notes_of(std::string("pbc=\"T T F\" ") + remark, frame);
        EXPECT_EQ(frame.structure.cell.periodic(), (std::array<bool, 3>{true, true, false})) << remark;
        for (const char* key : {"group", "config_type", "k_mesh", "energy_std", "devi_e"}) EXPECT_FALSE(frame.info.contains(key)) << remark;
        EXPECT_TRUE(notes.warnings.empty()) << remark;
    }
    for (const char* forgotten : {"pbc T T F", "pbc FFF", "periodic: F F F", "group 3", "energy -3.5"})
        EXPECT_EQ(notes_of(forgotten, frame).warnings.size(), 1U) << forgotten;
}

TEST(Extxyz, a_label_that_is_none_is_not_there_and_told) {
    Frame frame;
    const auto notes = notes_of("energy=None stress=null", frame);
    EXPECT_FALSE(frame.labels.energy || frame.labels.stress);
    EXPECT_EQ(notes.warnings.size(), 2U);
    notes_of("energy=None REF_energy=-3", frame);
    EXPECT_EQ(frame.labels.energy, -3.0);
}

TEST(Extxyz, what_is_written_is_read_again_whatever_its_names_and_values_are) {
    const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_names.extxyz";
    auto frame = first(
        "1\nProperties=\"species:S:1:pos:R:3:my col:R:1:a\\\"b:S:1\" weights=\"1 2 3\" loss_weights=\"4 5\" "
        "note=\"a\vgroup\fb\"\nLi 0 0 0 1.5 x\n");
    for (int round = 0; round < 2; ++round) {
        write_frames(path, std::vector<Frame>{frame});
        const auto back = read_frames(path).at(0);
        ASSERT_EQ(back.columns.size(), 2U);
        EXPECT_EQ(back.columns[0].name, "my col");
        EXPECT_EQ(back.columns[1].name, "a\"b");
        EXPECT_EQ(back.info, frame.info);
        EXPECT_EQ(back.info.at("weights"), "1 2 3");
        EXPECT_EQ(back.info.at("loss_weights"), "4 5");
        frame = back;
    }
    frame.columns[0].name = "a:b";
    EXPECT_THROW(write_frames(path, std::vector<Frame>{frame}), InputError);
    std::filesystem::remove(path);
}

TEST(Extxyz, a_header_of_thousands_of_keys_costs_no_time_and_more_are_refused) {
    std::string header = "Properties=species:S:1:pos:R:3";
    for (int i = 0; i < 9000; ++i) header += fmt::format(" energy={}", i);
    const auto frame = first("1\n" + header + "\nLi 0 0 0\n");
    EXPECT_FALSE(frame.labels.energy.has_value());
    EXPECT_GE(frame.info.size(), 9000U);
    for (int i = 0; i < 2000; ++i) header += " word";
    EXPECT_NE(fault("1\n" + header + "\nLi 0 0 0\n").find("keys and words, more than"), std::string::npos);
}

TEST(Extxyz, room_is_made_for_what_the_lines_hold) {
    EXPECT_NE(fault("2\nProperties=species:S:1:pos:R:3:wide:R:1000\nLi 0 0 0\nLi 1 1 1\n").find("4 columns, Properties says 1004"),
              std::string::npos);
    EXPECT_NE(fault("1000000\nenergy=1\nLi 0 0 0\n" + std::string(100, '\n')).find("line 4 is empty, after 1 of 1000000 atoms"),
              std::string::npos);
}

}  // namespace
}  // namespace alkali::io::extxyz_tests
