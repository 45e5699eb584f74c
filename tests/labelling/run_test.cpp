// `alkali label run` as a user meets it, with the stand-in for pw.x.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "alkali/labelling/tests/sql.hpp"
#include "campaign.hpp"

namespace alkali::label_test::run_tests {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;

TEST(LabelRun, labels_every_frame_in_its_order_and_keeps_what_the_frame_says_of_itself) {
    const Campaign campaign(7, {}, "{type: local, jobs: 2}");
    const auto outcome = campaign.run();
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("7 of 7 frames labelled"));
    const auto before = io::read_frames(campaign / "in.extxyz"), after = io::read_frames(campaign / "out.extxyz");
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(after[i].structure.positions, before[i].structure.positions);
        EXPECT_EQ(after[i].info.at("config_type"), before[i].info.at("config_type"));
        EXPECT_EQ(after[i].info.at("level"), "stand-in");
        EXPECT_EQ(after[i].info.at("k_mesh"), "4 4 4");
        EXPECT_THAT(after[i].info.at("labelled_by"), HasSubstr("alkali"));
        EXPECT_TRUE(after[i].info.contains("settings_hash") && after[i].info.contains("seconds"));
        EXPECT_LT(*after[i].labels.energy, -100) << "the label in place of the number that was there";
        EXPECT_TRUE(after[i].labels.forces && after[i].labels.stress);
    }
    const auto provenance = nlohmann::json::parse(base::read_file(campaign / "out.extxyz.provenance.json"));
    EXPECT_EQ(provenance.at("frames"), 7);
    EXPECT_EQ(provenance.at("inputs").at(0).at("sha256").get<std::string>().size(), 64u);
    EXPECT_TRUE(std::filesystem::is_empty(campaign / "scratch")) << "scratch left";
}

TEST(LabelRun, computes_nothing_twice) {
    Campaign campaign(4, {}, "{type: local, jobs: 2}");
    ASSERT_EQ(campaign.run().status, 0);
    campaign.set("input: [in.extxyz, in.extxyz]");
    const auto outcome = campaign.run();
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("8 of 8 frames labelled (4 different structures, 0 labelled now)"));
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(4), Each(Pair(testing::_, 1))));
}

TEST(LabelRun, the_mesh_of_an_earlier_label_is_not_that_of_another_level_and_told) {
    Campaign campaign(3, {}, "{type: local, jobs: 1}");
    ASSERT_EQ(campaign.run().status, 0);
    auto text = base::read_file(campaign / "qe.yaml");
    text.replace(text.find("stand-in"), 8, "finer").replace(text.find("[4, 4, 4]"), 9, "[6, 6, 6]");
    base::write_file(campaign / "qe.yaml", text);
    campaign.set("input: out.extxyz");
    campaign.set("output: finer.extxyz");
    const auto outcome = campaign.run();
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("6 6 6 of the config is"));
    for (const auto& frame : io::read_frames(campaign / "finer.extxyz")) {
        EXPECT_EQ(frame.info.at("level"), "finer");
        EXPECT_EQ(frame.info.at("k_mesh"), "6 6 6");
    }
}

TEST(LabelRun, limits_of_the_labellers_config_hold_where_the_queue_gives_none) {
    const Campaign campaign(1, {1, 0, 60000}, "{type: local, jobs: 1, tries: 1}");
    base::write_file(campaign / "qe.yaml", base::read_file(campaign / "qe.yaml") + "  max_seconds: 0.5\n");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("out of time"), HasSubstr("`time` of the queue")));
}

TEST(LabelRun, an_output_in_place_of_the_labellers_files_is_refused) {
    Campaign campaign(1, {}, "{type: local, jobs: 1}");
    const auto text = base::read_file(campaign / "qe.yaml"), upf = base::read_file(campaign / "Li.UPF");
    std::filesystem::create_symlink("qe.yaml", campaign / "qe.xyz");
    std::filesystem::create_symlink("Li.UPF", campaign / "Li.xyz");
    for (const char* output : {"output: qe.xyz", "output: Li.xyz"}) {
        campaign.set(output);
        const auto outcome = campaign.run();
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.errors, HasSubstr("would be overwritten"));
    }
    EXPECT_EQ(base::read_file(campaign / "qe.yaml"), text);
    EXPECT_EQ(base::read_file(campaign / "Li.UPF"), upf);
    EXPECT_TRUE(campaign.log("begin").empty());
}

TEST(LabelRun, two_coordinators_share_one_store) {
    const Campaign campaign(12, {1, 0, 15}, "{type: local, jobs: 2}");
    const pid_t first = campaign.start(), second = campaign.start();
    EXPECT_EQ(campaign.finish(first).status, 0);
    EXPECT_EQ(campaign.finish(second).status, 0);
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(12), Each(Pair(testing::_, 1))));
    EXPECT_THAT(campaign.log("twice"), testing::IsEmpty());
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 12u);
}

TEST(LabelRun, an_interrupt_writes_what_there_is_and_the_next_run_goes_on) {
    // Long enough that some are left when the signal arrives, on a busy machine too.
    const Campaign campaign(12, {1, 0, 150}, "{type: local, jobs: 1}");
    for (const int signal : {SIGINT, SIGTERM}) {
        const auto had = campaign.log("end").size();
        const pid_t child = campaign.start();
        while (campaign.log("end").size() < had + 2) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        ::kill(child, signal);
        const auto outcome = campaign.finish(child);
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("interrupted"), HasSubstr("run the same command again")));
        EXPECT_GE(io::read_frames(campaign / "out.extxyz").size(), had + 1);
        labelling::Store store(campaign.store_path());
        EXPECT_TRUE(store.claims().empty());
        EXPECT_TRUE(store.failures().empty());
    }
    EXPECT_EQ(campaign.run().status, 0);
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 12u);
    EXPECT_THAT(campaign.log("end"), AllOf(SizeIs(12), Each(Pair(testing::_, 1))));
}

TEST(LabelRun, failed_frames_are_listed_with_reason_and_hint_and_status_1) {
    // Every input fails; those whose fault passes are labelled by the ladder or by the next run.
    const Campaign campaign(12, {3, 100, 1}, "{type: local, jobs: 2, time: 1, memory: 80}");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("failed:\n"), HasSubstr("in.extxyz, frame ")));
    EXPECT_THAT(outcome.errors, HasSubstr("of 12 frames have no label"));
    const auto content = content_of(campaign.store_path());
    EXPECT_FALSE(content.failures.empty());
    EXPECT_EQ(content.labels.size() + content.failures.size(), 12u);
    for (const auto& frame : io::read_frames(campaign / "out.extxyz")) EXPECT_TRUE(frame.labels.forces);
}

TEST(LabelRun, gives_up_after_max_failures) {
    Campaign campaign(12, {3, 100, 1}, "{type: local, jobs: 1, time: 1, memory: 80}");
    campaign.set("max_failures: 1");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("gave up: 1 structures failed"), HasSubstr("frames were not tried")));
}

TEST(LabelRun, a_missing_program_ends_the_run_at_once) {
    Campaign campaign(6, {}, "{type: local, jobs: 1}");
    auto text = base::read_file(campaign / "qe.yaml");
    base::write_file(campaign / "qe.yaml", text.substr(0, text.find("run:")) + "run: {program: no_such_pw.x}\n");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("no_such_pw.x"), HasSubstr("gave up"), HasSubstr("5 frames were not tried")));
    base::write_file(campaign / "qe.yaml", text);
    EXPECT_EQ(campaign.run().status, 0) << "as soon as the program is there the same command goes on";
}

TEST(LabelRun, a_frame_that_cannot_be_labelled_is_named_and_the_rest_is_labelled) {
    Campaign campaign(3, {}, "{type: local, jobs: 1}");
    auto frames = io::read_frames(campaign / "in.extxyz");
    frames.push_back(frames[1]);
    frames.back().structure.positions[1] = {0.1, 0, 0};
    frames.push_back(frames[1]);
    frames.back().structure.numbers[1] = 11;
    io::write_frames(campaign / "in.extxyz", frames);
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output,
                AllOf(HasSubstr("3 of 5 frames labelled"), HasSubstr("frame 3: "), HasSubstr("frame 4: "), HasSubstr("Na")));
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 3u);
}

TEST(LabelRun, a_store_that_is_something_else_is_not_touched) {
    const Campaign campaign(2, {}, "{type: local, jobs: 1}");
    base::write_file(campaign.store_path(), "my notes, which are longer than any header of a database file could ever be in this world");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("no store of labels"), HasSubstr("labels.sqlite")));
    EXPECT_THAT(base::read_file(campaign.store_path()), HasSubstr("my notes"));
}

TEST(LabelRun, an_unknown_key_names_the_nearest) {
    Campaign campaign(2, {}, "{type: local, job: 1}");
    EXPECT_THAT(campaign.run().errors, AllOf(HasSubstr("job"), HasSubstr("did you mean jobs?")));
    campaign.set("queue: {type: slrum}");
    EXPECT_THAT(campaign.run().errors, HasSubstr("slurm"));
}

TEST(LabelRun, a_damaged_label_is_named_and_left_out_and_computed_again_only_where_asked_for) {
    Campaign campaign(4, {}, "{type: local, jobs: 1}");
    ASSERT_EQ(campaign.run().status, 0);
    const auto good = content_of(campaign.store_path());
    labelling::samples::sql(campaign.store_path(), "UPDATE labels SET energy=energy-1 WHERE id=2");
    for (const auto& words : {std::vector<std::string>{}, {"--gather"}}) {
        const auto outcome = campaign.run(words);
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.output, AllOf(HasSubstr("3 of 4 frames labelled"), HasSubstr("frame "), HasSubstr("is damaged (its checksum"),
                                          HasSubstr("retry_failed: true")));
        EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 3u);
    }
    EXPECT_THAT(campaign.log("end"), Each(Pair(testing::_, 1)));
    campaign.set("retry_failed: true");
    EXPECT_EQ(campaign.run().status, 0);
    EXPECT_EQ(content_of(campaign.store_path()).labels, good.labels);
    EXPECT_EQ(io::read_frames(campaign / "out.extxyz").size(), 4u);
}

TEST(LabelRun, a_planted_scratch_folder_is_refused_with_what_to_do) {
    Campaign campaign(2, {}, "{type: local, jobs: 1}");
    std::filesystem::create_directories(campaign / "shared");
    std::filesystem::permissions(campaign / "shared", std::filesystem::perms::all | std::filesystem::perms::sticky_bit);
    base::write_file(campaign / "home" / "thesis", "three years");
    std::filesystem::create_directory_symlink(campaign / "home", campaign / "shared" / "planted");
    campaign.set("scratch: shared/planted");
    const auto outcome = campaign.run();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("is a link"), HasSubstr("shared/planted"), HasSubstr("`scratch`")));
    EXPECT_EQ(base::read_file(campaign / "home" / "thesis"), "three years");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(campaign / "home"), {}), 1);
    EXPECT_TRUE(campaign.log("begin").empty());
}

}  // namespace
}  // namespace alkali::label_test::run_tests
