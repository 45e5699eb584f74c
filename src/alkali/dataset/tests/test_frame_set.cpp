#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/dataset/twins.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::dataset::frame_set_tests {
namespace {

namespace fs = std::filesystem;

class FrameSets : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("alkali_frame_set_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    }
    void TearDown() override { fs::remove_all(folder_); }
    fs::path file(const std::string& name, const std::string& content) {
        base::write_file(folder_ / name, content);
        return folder_ / name;
    }
    fs::path folder_;
    base::NullSink log_;
};

const std::string full =
    "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1 stress=\"1 2 3 0 0 0\" group=a\nLi 0 0 0 0 0 0\n";
const std::string no_stress =
    "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1 strss=\"1 2 3 0 0 0\"\nLi 0 0 0 0 0 0\n";
const std::string open_cell = "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-1\nLi 0 0 0 0 0 0\n";

TEST_F(FrameSets, a_missing_label_is_an_error_that_names_the_frame_and_the_nearest_key) {
    const std::vector<fs::path> paths{file("a.extxyz", full + no_stress)};
    LoadOptions options;
    EXPECT_EQ(load(paths, options, log_).frames.size(), 2u);
    options.needs.stress = true;
    try {
        static_cast<void>(load(paths, options, log_));
        FAIL();
    } catch (const InputError& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("a.extxyz, frame 1"), std::string::npos) << message;
        EXPECT_NE(message.find("no stress"), std::string::npos) << message;
        EXPECT_NE(message.find("did you mean strss?"), std::string::npos) << message;
        EXPECT_NE(message.find("mask"), std::string::npos) << message;
    }
}

TEST_F(FrameSets, missing_labels_are_masked_and_counted_where_asked_for) {
    const std::vector<fs::path> paths{file("a.extxyz", full + no_stress)};
    LoadOptions options{{}, Missing::mask, {true, true, true}};
    const auto counts = load(paths, options, log_).counts();
    EXPECT_EQ(counts.without_stress, 1u);
    EXPECT_EQ(counts.without_energy, 0u);
    EXPECT_EQ(describe(counts), "2 frames, 2 atoms; frames without: stress 1");
}

TEST_F(FrameSets, an_open_cell_needs_no_stress) {
    const std::vector<fs::path> paths{file("a.extxyz", open_cell)};
    EXPECT_EQ(load(paths, {{}, Missing::error, {true, true, true}}, log_).counts().without_stress, 1u);
}

TEST_F(FrameSets, all_known_files_of_a_folder_are_read_by_name) {
    file("d/b.extxyz", full);
    file("d/a.xyz", open_cell + full);
    file("d/notes.txt", "no frames");
    const std::vector<fs::path> paths{folder_ / "d", file("c.extxyz", full)};
    const auto set = load(paths, {}, log_);
    ASSERT_EQ(set.frames.size(), 4u);
    EXPECT_EQ(fs::path(set.frames[0].source).filename(), "a.xyz");
    EXPECT_EQ(set.source, (std::vector<std::size_t>{0, 0, 0, 1}));
    EXPECT_EQ(set.notes[0], "energy from energy, forces from forces, stress from stress");
    EXPECT_EQ(set.subset(std::vector<std::size_t>{3}).source, (std::vector<std::size_t>{1}));
    EXPECT_EQ(set.species(), std::vector<int>{3});
}

TEST_F(FrameSets, absent_and_empty_sources_are_errors) {
    EXPECT_THROW(static_cast<void>(load(std::vector<fs::path>{folder_ / "none.extxyz"}, {}, log_)), FileError);
    EXPECT_THROW(static_cast<void>(load(std::vector<fs::path>{file("e.extxyz", "\n")}, {}, log_)), FileError);
    fs::create_directories(folder_ / "empty");
    EXPECT_THROW(static_cast<void>(load(std::vector<fs::path>{folder_ / "empty"}, {}, log_)), InputError);
}

std::vector<Frame> frames_in_groups(const std::vector<std::pair<std::string, int>>& groups) {
    std::vector<Frame> frames;
    for (const auto& [name, count] : groups)
        for (int i = 0; i < count; ++i) {
            Frame frame;
            frame.structure = structure::bcc("Li", 3.4 + 0.01 * i);
            frame.labels.energy = -2.0 - i;
            frame.info["config_type"] = name;
            frames.push_back(frame);
        }
    return frames;
}

TEST(Split, parts_are_disjoint_complete_and_fixed_by_the_seed) {
    const auto frames = frames_in_groups({{"a", 50}, {"b", 50}});
    const auto one = split(frames, {0.1, 7, Grouping::none, {}}), same = split(frames, {0.1, 7, Grouping::none, {}}),
               other = split(frames, {0.1, 8, Grouping::none, {}});
    EXPECT_EQ(one.held.size(), 10u);
    EXPECT_EQ(one.held, same.held);
    EXPECT_NE(one.held, other.held);
    std::vector<std::size_t> all = one.kept;
    all.insert(all.end(), one.held.begin(), one.held.end());
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> expected(100);
    std::iota(expected.begin(), expected.end(), 0u);
    EXPECT_EQ(all, expected);
}

TEST(Split, never_leaves_a_part_empty_by_rounding) {
    const auto frames = frames_in_groups({{"a", 3}});
    EXPECT_EQ(split(frames, {0.01, 1, Grouping::none, {}}).held.size(), 1u);
    EXPECT_EQ(split(frames, {0.99, 1, Grouping::none, {}}).kept.size(), 1u);
    EXPECT_EQ(split(frames, {0.0, 1, Grouping::none, {}}).held.size(), 0u);
    EXPECT_THROW(static_cast<void>(split(frames, {1.5, 1, Grouping::none, {}})), InputError);
}

TEST(Split, takes_the_same_frames_for_a_share_and_for_what_another_leaves) {
    const auto frames = frames_in_groups({{"a", 15}, {"b", 25}, {"c", 5}, {"d", 35}, {"e", 10}});
    for (int percent = 5; percent <= 95; ++percent)
        for (const auto grouping : {Grouping::none, Grouping::stratified}) {
            const double share = std::stod("0." + std::string(percent < 10 ? "0" : "") + std::to_string(percent));
            const double rest = std::stod("0." + std::string(percent > 90 ? "0" : "") + std::to_string(100 - percent));
            EXPECT_EQ(split(frames, {share, 2, grouping, {}}).held, split(frames, {1 - rest, 2, grouping, {}}).held) << percent;
        }
}

TEST(Split, stratified_takes_its_share_of_every_group) {
    const auto frames = frames_in_groups({{"a", 40}, {"b", 20}, {"c", 5}});
    const auto parts = split(frames, {0.2, 3, Grouping::stratified, {}});
    std::map<std::string, int> held;
    for (const auto i : parts.held) ++held[group_of(frames[i])];
    EXPECT_EQ(held, (std::map<std::string, int>{{"a", 8}, {"b", 4}, {"c", 1}}));
}

TEST(Split, whole_groups_stay_together) {
    const auto frames = frames_in_groups({{"a", 4}, {"b", 2}, {"c", 5}});
    EXPECT_EQ(split(frames, {0.2, 3, Grouping::whole, {"b"}}).held, (std::vector<std::size_t>{4, 5}));
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        const auto parts = split(frames, {0.3, seed, Grouping::whole, {}});
        EXPECT_FALSE(parts.held.empty());
        for (const auto i : parts.held)
            for (const auto j : parts.kept) EXPECT_NE(group_of(frames[i]), group_of(frames[j]));
    }
    EXPECT_THROW(static_cast<void>(split(frames, {0.2, 3, Grouping::whole, {"d"}})), InputError);
}

TEST(Split, whole_groups_need_two_of_them) {
    EXPECT_THROW(static_cast<void>(split(frames_in_groups({{"a", 4}}), {0.2, 3, Grouping::whole, {}})), InputError);
    EXPECT_TRUE(split(frames_in_groups({{"a", 4}}), {0.0, 3, Grouping::whole, {}}).held.empty());
}

TEST(Shifts, recover_the_energies_of_the_species) {
    std::vector<Frame> frames;
    for (int oxygens = 0; oxygens < 4; ++oxygens) {
        Frame frame;
        for (int i = 0; i < 3; ++i) frame.structure.add(3, Vec3(3.0 * i, 0, 0));
        for (int i = 0; i < oxygens; ++i) frame.structure.add(8, Vec3(0, 3.0 * i + 3, 0));
        frame.labels.energy = 3 * -1.5 + oxygens * -4.25;
        frames.push_back(frame);
    }
    frames.emplace_back().structure.add(3, Vec3::Zero());  // no energy: left out
    const auto shifts = fit_shifts(frames);
    EXPECT_NEAR(shifts.energies.at(3), -1.5, 1e-12);
    EXPECT_NEAR(shifts.energies.at(8), -4.25, 1e-12);
    EXPECT_LT(shifts.residual, 1e-12);
    EXPECT_EQ(shifts.frames, 4u);
}

TEST(Shifts, sources_are_moved_to_the_zero_of_the_first) {
    FrameSet set;
    auto frames = frames_in_groups({{"a", 5}});
    append(set, frames, "first", {{}, Missing::mask, {}});
    for (auto& frame : frames) *frame.labels.energy -= 8.0 * 2;
    append(set, frames, "second", {{}, Missing::mask, {}});
    const auto subtracted = align_sources(set);
    EXPECT_NEAR(subtracted[1].at(3), -8.0, 1e-12);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(*set.frames[5 + i].labels.energy, *set.frames[i].labels.energy, 1e-11);
}

// Atoms at random in a skewed cell.
structure::Structure scattered(base::Random& random) {
    structure::Structure atoms;
    Mat3 vectors;
    vectors << 7.1, 0, 0, 1.2, 6.8, 0, -0.7, 0.9, 8.3;
    atoms.cell = structure::Cell(vectors);
    for (int i = 0; i < 16; ++i) atoms.add(i < 3 ? 8 : 3, vectors.transpose() * Vec3(random.uniform(), random.uniform(), random.uniform()));
    return atoms;
}

double rounded(double x, double unit) { return unit * std::round(x / unit); }

std::size_t kinds_of(const std::vector<structure::Structure>& structures) {
    std::vector<Fingerprint> prints;
    prints.reserve(structures.size());
    for (const auto& atoms : structures) prints.push_back(fingerprint_of(atoms));
    const auto first = first_of_the_same(prints);
    return std::set<std::size_t>(first.begin(), first.end()).size();
}

TEST(Twins, are_found_whatever_the_digits_the_image_and_the_order_of_the_atoms) {
    base::Random random(31);
    for (int k = 0; k < 200; ++k) {
        const auto atoms = scattered(random);
        auto digits = atoms, floats = atoms, wrapped = atoms, turned = atoms;
        for (auto& r : digits.positions)
            for (int c = 0; c < 3; ++c) r[c] = rounded(r[c], 1e-5);
        for (auto& r : floats.positions) r = r.cast<float>().cast<double>();
        floats.cell = structure::Cell(atoms.cell.vectors().cast<float>().cast<double>());
        for (auto& r : wrapped.positions) r += atoms.cell.vectors().transpose() * Vec3(random.uniform() < 0.5 ? -1 : 0, 1, 0);
        std::reverse(turned.positions.begin(), turned.positions.end());
        std::reverse(turned.numbers.begin(), turned.numbers.end());
        EXPECT_EQ(kinds_of({digits, atoms, floats, wrapped, turned}), 1u) << k;
    }
}

TEST(Twins, are_none_where_an_atom_a_species_or_the_cell_differs) {
    base::Random random(32);
    const auto atoms = scattered(random);
    std::vector<structure::Structure> all{atoms};
    for (int i = 0; i < 16; ++i)
        for (int c = 0; c < 3; ++c) {
            all.push_back(atoms);
            all.back().positions[static_cast<std::size_t>(i)][c] += 0.002;
        }
    all.push_back(atoms);
    std::swap(all.back().numbers[0], all.back().numbers[5]);
    all.push_back(atoms);
    all.back().cell = structure::Cell(atoms.cell.vectors() * 1.0001);
    for (const double shear : {0.001, -0.001}) {
        Mat3 strain = Mat3::Zero();
        strain(0, 1) = shear;
        all.push_back(atoms);
        all.back().cell = atoms.cell.strained(strain);
    }
    all.push_back(atoms);
    all.back().cell = structure::Cell(atoms.cell.vectors(), {true, true, false});
    EXPECT_EQ(kinds_of(all), all.size());
}

TEST(Twins, are_none_among_vacancies_displacements_and_alloys_of_a_crystal) {
    std::vector<structure::Structure> all;
    structure::Structure crystal;
    crystal.cell = structure::Cell::cubic(4 * 3.44);
    for (int i = 0; i < 64; ++i) {
        const int z = i / 16;
        crystal.add(3, 3.44 * Vec3(i % 4, i / 4 % 4, z));
    }
    for (int i = 0; i < 64; ++i) {
        all.push_back(crystal);
        all.back().positions[static_cast<std::size_t>(i)][0] += 0.01;
        all.push_back(crystal);
        all.back().positions[static_cast<std::size_t>(i)][1] -= 0.01;
        all.push_back(crystal);
        all.back().positions.erase(all.back().positions.begin() + i);
        all.back().numbers.pop_back();
    }
    base::Random random(33);
    for (int k = 0; k < 500; ++k) {
        all.push_back(crystal);
        std::fill_n(all.back().numbers.begin(), 10, 11);
        random.shuffle(all.back().numbers);
    }
    EXPECT_EQ(kinds_of(all), all.size());
}

TEST(Hash, sha256_gives_the_published_digests) {
    Sha256 empty, abc, longer;
    EXPECT_EQ(empty.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    abc.add("abc");
    EXPECT_EQ(abc.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    longer.add("abcdbcdecdefdefgefghfghighijhi");
    longer.add("jkijkljklmklmnlmnomnopnopq");
    EXPECT_EQ(longer.hex(), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Hash, changes_with_any_number_but_not_with_the_file_name) {
    auto frames = frames_in_groups({{"a", 3}});
    const auto before = content_hash(frames);
    frames[0].source = "elsewhere";
    EXPECT_EQ(content_hash(frames), before);
    frames[2].structure.positions[1][2] += 1e-15 * frames[2].structure.positions[1][2];
    EXPECT_NE(content_hash(frames), before);
}

}  // namespace
}  // namespace alkali::dataset::frame_set_tests
