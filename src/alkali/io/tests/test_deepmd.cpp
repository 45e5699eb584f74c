#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/npy.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::io::deepmd_tests {
namespace {

namespace fs = std::filesystem;

class Deepmd : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("alkali_deepmd_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
        fs::remove_all(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    static Frame labelled(const structure::Structure& atoms, std::uint64_t seed) {
        base::Random random(seed);
        Frame frame;
        frame.structure = structure::rattled(atoms, 0.1, random);
        frame.labels.energy = random.normal();
        frame.labels.forces.emplace();
        for (std::size_t i = 0; i < atoms.size(); ++i) frame.labels.forces->emplace_back(random.normal(), random.normal(), random.normal());
        if (atoms.cell.fully_periodic()) frame.labels.stress = from_voigt({0.1, -0.2, 0.3, 0.01, random.normal(), 0.02});
        return frame;
    }

    static void expect_same(const Frame& a, const Frame& b) {
        EXPECT_EQ(a.structure.numbers, b.structure.numbers);
        EXPECT_EQ(a.structure.positions, b.structure.positions);
        EXPECT_EQ(a.structure.cell.vectors(), b.structure.cell.vectors());
        EXPECT_EQ(a.structure.cell.periodic(), b.structure.cell.periodic());
        EXPECT_EQ(a.labels.energy, b.labels.energy);
        EXPECT_EQ(a.labels.forces, b.labels.forces);
        ASSERT_EQ(a.labels.stress.has_value(), b.labels.stress.has_value());
        if (a.labels.stress) {
            EXPECT_LT((*a.labels.stress - *b.labels.stress).cwiseAbs().maxCoeff(), 1e-15);
        }
    }

    std::string fault() const {
        try {
            static_cast<void>(read_frames(folder_));
        } catch (const FileError& error) {
            return error.what();
        }
        return "no error";
    }

    fs::path folder_;
};

TEST_F(Deepmd, frames_survive_a_round_trip) {
    const std::vector<Frame> frames{labelled(structure::bcc("Li", 3.4), 1), labelled(structure::bcc("Li", 3.5), 2)};
    write_frames(folder_, frames, {"deepmd", {}});
    const auto back = read_frames(folder_);
    ASSERT_EQ(back.size(), 2u);
    expect_same(back[0], frames[0]);
    expect_same(back[1], frames[1]);
    EXPECT_EQ(base::read_file(folder_ / "type_map.raw"), "Li\n");
}

TEST_F(Deepmd, virial_is_minus_stress_times_volume) {
    auto frame = labelled(structure::bcc("Li", 2.0), 1);
    write_frames(folder_, std::vector<Frame>{frame}, {"deepmd", {}});
    NpyRows virial((folder_ / "set.000" / "virial.npy").string());
    EXPECT_NEAR(virial.row(0)[0], -0.1 * 8, 1e-15);
    EXPECT_NEAR(virial.row(0)[1], -0.02 * 8, 1e-15);
}

TEST_F(Deepmd, different_kinds_of_frames_go_to_folders_of_their_own) {
    auto mixed = structure::bcc("Li", 3.4);
    mixed.numbers[0] = 8;
    auto open = labelled(structure::dimer("Li", "Li", 2.7), 3);
    const std::vector<Frame> frames{labelled(structure::bcc("Li", 3.4), 1), labelled(mixed, 2), open};
    write_frames(folder_, frames, {"deepmd", {"O", "Li"}});
    const auto back = read_frames(folder_);
    ASSERT_EQ(back.size(), 3u);
    EXPECT_TRUE(fs::exists(folder_ / "LiO" / "set.000" / "coord.npy"));
    EXPECT_EQ(base::read_file(folder_ / "LiO" / "type.raw"), "0\n1\n");
    expect_same(back[2], frames[1]);
    EXPECT_EQ(back[2].source, (folder_ / "LiO").string());
}

TEST_F(Deepmd, frames_with_types_of_their_own_are_read) {
    base::write_file(folder_ / "type.raw", "0\n0\n");
    base::write_file(folder_ / "type_map.raw", "Li O");
    const auto save = [&](const char* name, const std::vector<std::size_t>& shape, const std::vector<double>& values) {
        base::write_file(folder_ / "set.000" / name,
                         npy_header(shape) + std::string(reinterpret_cast<const char*>(values.data()), 8 * values.size()));
    };
    save("coord.npy", {2, 6}, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3});
    save("box.npy", {2, 9}, {4, 0, 0, 0, 4, 0, 0, 0, 4, 5, 0, 0, 0, 5, 0, 0, 0, 5});
    base::write_file(folder_ / "set.000" / "real_atom_types.npy", [] {
        std::string header = npy_header({2, 2});
        header.replace(header.find("<f8"), 3, "<i8");
        const std::int64_t types[4] = {0, 1, 1, -1};
        return header + std::string(reinterpret_cast<const char*>(types), sizeof types);
    }());
    const auto frames = read_frames(folder_);
    EXPECT_EQ(frames[0].structure.numbers, (std::vector<int>{3, 8}));
    EXPECT_EQ(frames[1].structure.numbers, (std::vector<int>{8}));
    EXPECT_EQ(frames[1].structure.positions[0], Vec3(2, 2, 2));
}

// One that is no number at all dropped its atom, as if it had been said that there is none.
TEST_F(Deepmd, types_of_frames_that_are_no_types_are_refused) {
    base::write_file(folder_ / "type.raw", "0\n0\n");
    base::write_file(folder_ / "type_map.raw", "Li O");
    const auto save = [&](const char* name, const std::vector<std::size_t>& shape, const std::vector<double>& values) {
        base::write_file(folder_ / "set.000" / name,
                         npy_header(shape) + std::string(reinterpret_cast<const char*>(values.data()), 8 * values.size()));
    };
    save("coord.npy", {1, 6}, {0, 0, 0, 1, 1, 1});
    save("box.npy", {1, 9}, {4, 0, 0, 0, 4, 0, 0, 0, 4});
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double type : {std::nan(""), infinity, -infinity, -2.0, -0.5, 0.5, 2.0, 1e6, 1e300}) {
        save("real_atom_types.npy", {1, 2}, {0, type});
        try {
            static_cast<void>(read_frames(folder_));
            ADD_FAILURE() << type;
        } catch (const FileError& error) {
            EXPECT_NE(error.where().find("frame 0"), std::string::npos) << error.what();
        }
    }
    save("real_atom_types.npy", {1, 2}, {0, -1});
    EXPECT_EQ(read_frames(folder_)[0].structure.size(), 1U);
}

// Arrays as numpy.save writes them.
class DeepmdArrays : public Deepmd {
protected:
    void save(const std::string& name, const std::vector<std::size_t>& shape, const std::vector<double>& values) const {
        base::write_file(folder_ / name, npy_header(shape) + std::string(reinterpret_cast<const char*>(values.data()), 8 * values.size()));
    }
    void text(const std::string& name, const std::string& content) const { base::write_file(folder_ / name, content); }
    std::string fault_of(const ReadOptions& options) const {
        try {
            static_cast<void>(read_frames(folder_, options));
        } catch (const FileError& error) {
            return error.what();
        }
        return "no error";
    }
    const std::vector<double> box_{4, 0, 0, 0, 4, 0, 0, 0, 4}, coord_{0, 0, 0, 1, 1, 1};
};

TEST_F(DeepmdArrays, of_one_frame_may_lack_the_dimension_of_frames) {
    text("type.raw", "0\n0\n");
    text("type_map.raw", "Li\n");
    using Shape = std::vector<std::size_t>;
    for (const auto& [coord, box, energy] : {std::tuple{Shape{6}, Shape{9}, Shape{}},
                                             {Shape{2, 3}, Shape{3, 3}, Shape{1}},
                                             {Shape{1, 6}, Shape{1, 3, 3}, Shape{1, 1}},
                                             {Shape{1, 2, 3}, Shape{9}, Shape{1}}}) {
        save("set.000/coord.npy", coord, coord_);
        save("set.000/box.npy", box, box_);
        save("set.000/energy.npy", energy, {-3.5});
        save("set.000/force.npy", coord, {1, 2, 3, 4, 5, 6});
        save("set.000/virial.npy", box, {-6.4, 0, 0, 0, 0, 0, 0, 0, 0});
        const auto frames = read_frames(folder_);
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].structure.positions[1], Vec3(1, 1, 1));
        EXPECT_EQ(frames[0].labels.energy, -3.5);
        EXPECT_EQ((*frames[0].labels.forces)[1], Vec3(4, 5, 6));
        EXPECT_NEAR((*frames[0].labels.stress)(0, 0), 0.1, 1e-15);
    }
    // Not by luck: numbers that are not those of one frame, or whose order is in doubt, are refused.
    save("set.000/coord.npy", {12}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
    EXPECT_NE(fault().find("coord.npy"), std::string::npos);
    save("set.000/coord.npy", {2, 6}, {0, 0, 0, 1, 1, 1, 0, 0, 0, 2, 2, 2});
    save("set.000/box.npy", {2, 9}, {4, 0, 0, 0, 4, 0, 0, 0, 4, 4, 0, 0, 0, 4, 0, 0, 0, 4});
    save("set.000/energy.npy", {2}, {-1, -2});
    save("set.000/virial.npy", {2, 9}, std::vector<double>(18, 0.0));
    save("set.000/force.npy", {6, 2}, std::vector<double>(12, 0.0));
    EXPECT_NE(fault().find("force.npy: has 2 numbers per frame instead of 6"), std::string::npos) << fault();
}

TEST_F(DeepmdArrays, of_text_are_read_where_there_is_no_set) {
    text("sys/type.raw", "0 1\n");
    text("type_map.raw", "O\nLi\n");  // of the folder above
    text("sys/coord.raw", "# x y z\n0 0 0 1 1 1\n\n0 0 0 2 2 2\n");
    text("sys/box.raw", "4 0 0 0 4 0 0 0 4\n5 0 0 0 5 0 0 0 5\n");
    text("sys/energy.raw", "-1.5\n-2.5e0\n");
    text("sys/force.raw", "1 2 3 4 5 6\n7 8 9 10 11 12\n");
    text("sys/virial.raw", "-12.8 0 0 0 0 0 0 0 0\n0 0 0 0 0 0 0 0 0\n");
    const auto frames = read_frames(folder_);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[1].structure.numbers, (std::vector<int>{8, 3}));
    EXPECT_EQ(frames[1].structure.positions[1], Vec3(2, 2, 2));
    EXPECT_EQ(frames[1].labels.energy, -2.5);
    EXPECT_EQ((*frames[1].labels.forces)[0], Vec3(7, 8, 9));
    EXPECT_NEAR((*frames[0].labels.stress)(0, 0), 0.2, 1e-15);
    text("sys/force.raw", "1 2 3 4 5 6\n7 8 9 10 11\n");
    EXPECT_NE(fault().find("force.raw: has 5 numbers in line 2 instead of 6"), std::string::npos) << fault();
    text("sys/force.raw", "1 2 3 4 5 6\n");
    EXPECT_NE(fault().find("force.raw: has 1 frames, coord has 2"), std::string::npos) << fault();
    text("sys/force.raw", "1 2 3 4 5 6\n7 8 9 10 x 12\n");
    EXPECT_NE(fault().find("'x' is not a number"), std::string::npos) << fault();
}

TEST_F(DeepmdArrays, types_as_savetxt_writes_them_are_types) {
    text("type.raw", "0.000000000000000000e+00\n1.0\n");
    text("type_map.raw", "O Li");
    save("set.000/coord.npy", {1, 6}, coord_);
    save("set.000/box.npy", {1, 9}, box_);
    EXPECT_EQ(read_frames(folder_)[0].structure.numbers, (std::vector<int>{8, 3}));
}

TEST(DeepmdTypeNames, stand_for_labels_that_are_no_elements) {
    const auto folder = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/deepmd/dp_override";
    ReadOptions options;
    try {
        static_cast<void>(read_frames(folder));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_NE(std::string(error.what()).find("'Li1' is not a chemical symbol"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("--type-names"), std::string::npos);
    }
    options.type_names = {"Li"};
    const auto reader = open_reader(folder, options);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 3}));
    ASSERT_EQ(reader->notes().warnings.size(), 1U);
    EXPECT_NE(reader->notes().warnings[0].find("'Li1' in the file, is taken as Li"), std::string::npos);
}

TEST_F(DeepmdArrays, elements_of_the_type_map_win_over_the_names_given) {
    text("type.raw", "0\n1\n");
    text("type_map.raw", "O Li");
    save("set.000/coord.npy", {1, 6}, coord_);
    save("set.000/box.npy", {1, 9}, box_);
    ReadOptions options;
    options.type_names = {"Li", "O"};  // the order of a model, say
    EXPECT_EQ(read_frames(folder_, options)[0].structure.numbers, (std::vector<int>{8, 3}));
    options.type_names = {"Li", "Na"};
    EXPECT_NE(fault_of(options).find("type 1 is O in the file, and the type names given are Li, Na"), std::string::npos)
        << fault_of(options);
}

TEST_F(DeepmdArrays, a_type_map_in_another_order_than_the_names_given_is_no_matter_to_tell) {
    text("type.raw", "0\n1\n");
    save("set.000/coord.npy", {1, 6}, coord_);
    save("set.000/box.npy", {1, 9}, box_);
    ReadOptions options;
    options.type_names = {"Li", "O", "Al"};
    for (const char* map : {"O Li", "Li O", "Li O Al", "O\nAl\nLi\n"}) {
        text("type_map.raw", map);
        const auto reader = open_reader(folder_, options);
        Frame frame;
        ASSERT_TRUE(reader->next(frame));
        EXPECT_EQ(frame.structure.numbers[0], map[0] == 'O' ? 8 : 3) << map;
        EXPECT_TRUE(reader->notes().warnings.empty()) << map << ": " << reader->notes().warnings[0];
    }
}

TEST_F(Deepmd, faults_are_named_by_file) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    const auto with = [&](const char* name, const std::string& content) {
        const auto path = folder_ / name;
        const std::string before = fs::exists(path) ? base::read_file(path) : "";
        base::write_file(path, content);
        const std::string message = fault();
        base::write_file(path, before);
        return message;
    };
    EXPECT_EQ(fault(), "no error");
    EXPECT_NE(with("type.raw", "0 0 0").find("coord.npy: has 6 numbers per frame instead of 9"), std::string::npos);
    EXPECT_NE(with("type.raw", "0 x").find("'x' is not a type"), std::string::npos);
    EXPECT_NE(with("type.raw", "0 1").find("type 2 has no name"), std::string::npos);
    EXPECT_NE(with("type_map.raw", "Lj").find("'Lj' is not a chemical symbol"), std::string::npos);
    EXPECT_NE(with("set.000/energy.npy", npy_header({2}) + std::string(16, '\0')).find("energy.npy: has 2 frames"), std::string::npos);
    EXPECT_NE(with("set.000/box.npy", npy_header({1, 9}) + std::string(72, '\0')).find("frame 0"), std::string::npos);
    const auto force = base::read_file(folder_ / "set.000/force.npy");
    EXPECT_NE(with("set.000/force.npy", force.substr(0, force.size() - 1)).find("force.npy"), std::string::npos);
    fs::remove(folder_ / "set.000/box.npy");
    EXPECT_NE(fault().find("nopbc"), std::string::npos);
}

TEST_F(Deepmd, never_writes_over_another_folder) {
    base::write_file(folder_ / "precious.txt", "x");
    EXPECT_THROW(static_cast<void>(open_writer(folder_, {"deepmd", {}})), FileError);
    auto slab = labelled(structure::bcc("Li", 3.4), 1);
    slab.structure.cell = structure::Cell(slab.structure.cell.vectors(), {true, true, false});
    const auto writer = open_writer(folder_ / "new", {"deepmd", {}});
    EXPECT_THROW(writer->write(slab), InputError);
    EXPECT_FALSE(fs::exists(folder_ / "new"));
}

TEST_F(Deepmd, what_is_there_and_cannot_be_opened_does_not_count_as_absent) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    for (const char* name : {"set.000/force.npy", "set.000/energy.npy", "set.000/virial.npy", "set.000/real_atom_types.npy", "type_map.raw",
                             "nopbc", "set.001", "type.raw"}) {
        const bool was_there = fs::exists(folder_ / name);
        if (was_there) fs::rename(folder_ / name, folder_ / "kept");
        fs::create_symlink("nowhere", folder_ / name);
        EXPECT_NE(fault().find(std::string(name) + ": the link leads nowhere"), std::string::npos) << name << ": " << fault();
        fs::remove(folder_ / name);
        if (was_there) fs::rename(folder_ / "kept", folder_ / name);
    }
    EXPECT_EQ(fault(), "no error");
}

TEST_F(Deepmd, compressed_text_is_read_and_a_compressed_array_refused) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    const auto pack = [&](const fs::path& name, const std::string& content) {
        std::istringstream in(content);
        write_compressed(in, folder_ / (name.string() + ".gz"), Compression::gzip);
    };
    fs::rename(folder_ / "set.000/force.npy", folder_ / "set.000/force.npy.gz");
    EXPECT_NE(fault().find("force.npy.gz: is compressed"), std::string::npos) << fault();
    fs::remove_all(folder_ / "set.000");
    fs::remove(folder_ / "type.raw");
    base::write_file(folder_ / "coord.raw", "0 0 0 1 1 1\n");
    base::write_file(folder_ / "box.raw", "3 0 0 0 3 0 0 0 3\n");
    pack("type.raw", "0 0\n");
    pack("force.raw", "1 0 0 -1 0 0\n");
    const auto frames = read_frames(folder_);
    ASSERT_TRUE(frames.at(0).labels.forces.has_value());
    EXPECT_EQ(frames[0].labels.forces->at(1), Vec3(-1, 0, 0));
}

TEST_F(Deepmd, arrays_that_are_not_read_and_a_virial_without_a_volume_are_told) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    base::write_file(folder_ / "nopbc", "");
    base::write_file(folder_ / "set.000/fparam.npy", npy_header({1}) + std::string(8, '\0'));
    base::write_file(folder_ / "set.000/spin.npy", npy_header({1}) + std::string(8, '\0'));
    const auto reader = open_reader(folder_);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    const auto notes = reader->notes();
    EXPECT_FALSE(frame.labels.stress.has_value());
    EXPECT_EQ(notes.stress_from, "");
    ASSERT_EQ(notes.warnings.size(), 2U);
    EXPECT_NE(notes.warnings[0].find("virial is not taken"), std::string::npos);
    EXPECT_NE(notes.warnings[1].find("fparam.npy, spin.npy"), std::string::npos);
}

TEST_F(Deepmd, a_set_that_is_no_folder_is_told_and_an_empty_list_of_names_refused) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    base::write_file(folder_ / "set.001.tar.gz", "x");
    const auto reader = open_reader(folder_);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    ASSERT_EQ(reader->notes().warnings.size(), 1U);
    EXPECT_NE(reader->notes().warnings[0].find("set.001.tar.gz is no folder"), std::string::npos);
    base::write_file(folder_ / "type_map.raw", "\n");
    EXPECT_NE(fault().find("type_map.raw: names no types"), std::string::npos);
}

TEST_F(Deepmd, names_of_types_may_stand_in_a_folder_above) {
    const auto system = folder_ / "surfaces" / "one";
    write_frames(system, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {"Al", "Li"}});
    fs::rename(system / "type_map.raw", folder_ / "type_map.raw");
    ReadOptions given;
    given.type_names = {"Li", "Al"};
    for (const auto& options : {ReadOptions{}, given}) {
        const auto reader = open_reader(system, options);
        Frame frame;
        ASSERT_TRUE(reader->next(frame));
        EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 3}));
        EXPECT_NE(reader->notes().warnings.at(0).find((folder_ / "type_map.raw").string()), std::string::npos);
    }
}

}  // namespace
}  // namespace alkali::io::deepmd_tests
