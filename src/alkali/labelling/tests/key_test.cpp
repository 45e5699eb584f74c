#include "alkali/labelling/key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::labelling::key_tests {
namespace {

using nlohmann::json;

structure::Structure lithium() {
    structure::Structure s;
    s.cell = structure::Cell::cubic(3.4300000000000002);
    s.add(3, {0.1, -0.0, 1.0 / 3.0});
    s.add(3, {1.7, 1.7, 1.7000000000000002});
    return s;
}

const json settings = json::parse(R"({"level": "fast", "cutoff": 20, "mesh": [8, 8, 8], "smearing": {"width": 0.01985, "type": "mp"}})");

TEST(LabelKey, does_not_depend_on_the_order_or_spelling_of_settings) {
    const auto other =
        json::parse(R"({"smearing": {"type": "mp", "width": 1.985e-2}, "mesh": [8, 8, 8], "cutoff": 20.0, "level": "fast"})");
    EXPECT_EQ(label_key(settings, lithium()), label_key(other, lithium()));
}

TEST(LabelKey, changes_with_the_last_bit_of_every_number) {
    const auto key = label_key(settings, lithium());
    auto moved = lithium();
    moved.positions[1][2] = std::nextafter(moved.positions[1][2], 2.0);
    EXPECT_NE(label_key(settings, moved), key);
    auto stretched = lithium();
    Mat3 vectors = stretched.cell.vectors();
    vectors(2, 2) = std::nextafter(vectors(2, 2), 4.0);
    stretched.cell = structure::Cell(vectors);
    EXPECT_NE(label_key(settings, stretched), key);
    auto wider = settings;
    wider["smearing"]["width"] = std::nextafter(0.01985, 1.0);
    EXPECT_NE(label_key(wider, lithium()), key);
}

TEST(LabelKey, changes_with_species_order_and_periodicity) {
    const auto key = label_key(settings, lithium());
    auto sodium = lithium();
    sodium.numbers[1] = 11;
    EXPECT_NE(label_key(settings, sodium), key);
    auto swapped = lithium();
    std::swap(swapped.positions[0], swapped.positions[1]);
    EXPECT_NE(label_key(settings, swapped), key);
    auto slab = lithium();
    slab.cell = structure::Cell(slab.cell.vectors(), {true, true, false});
    EXPECT_NE(label_key(settings, slab), key);
}

// A key that moved would orphan every label made so far: the canonical text is part of the format of the store.
TEST(LabelKey, is_the_same_in_every_version) {
    EXPECT_EQ(canonical_text({{"settings", settings}, {"structure", to_json(lithium())}}),
              R"({"settings":{"cutoff":20,"level":"fast","mesh":[8,8,8],"smearing":{"type":"mp","width":0.01985}},)"
              R"("structure":{"cell":[3.43,0,0,0,3.43,0,0,0,3.43],"periodic":[true,true,true],)"
              R"("positions":[0.1,0,0.3333333333333333,1.7,1.7,1.7000000000000002],"species":["Li","Li"]}})");
    EXPECT_EQ(label_key(settings, lithium()), content_hash({{"settings", settings}, {"structure", to_json(lithium())}}));
}

TEST(LabelKey, structures_come_back_bit_by_bit) {
    const auto there = lithium();
    const auto back = structure_from_json(json::parse(canonical_text(to_json(there))), "test");
    EXPECT_EQ(back.numbers, there.numbers);
    EXPECT_EQ(back.positions, there.positions);
    EXPECT_EQ(back.cell.vectors(), there.cell.vectors());
    EXPECT_EQ(back.cell.periodic(), there.cell.periodic());
}

TEST(LabelKey, refuses_numbers_that_are_not_finite) {
    auto broken = lithium();
    broken.positions[0][0] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW((void)label_key(settings, broken), InputError);
    EXPECT_THROW((void)canonical_text({{"width", std::numeric_limits<double>::infinity()}}), InputError);
    EXPECT_THROW((void)canonical_text("\xff"), InputError);
}

TEST(LabelKey, json_that_is_no_structure_is_refused_with_its_place) {
    try {
        (void)structure_from_json(json::parse(R"({"cell": [1, 2]})"), "list.json, job 3");
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("list.json, job 3"));
    }
}

}  // namespace
}  // namespace alkali::labelling::key_tests
