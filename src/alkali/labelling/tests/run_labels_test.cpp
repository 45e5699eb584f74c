#include "alkali/labelling/run.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "alkali/labelling/queue/job_list.hpp"
#include "alkali/labelling/task.hpp"
#include "samples.hpp"

namespace alkali::labelling::run_labels_tests {
namespace {

/// Fails at its third label as no labeller should: with an exception that alkali does not know.
class Foreign final : public Labeller {
public:
    [[nodiscard]] nlohmann::json settings(const structure::Frame&) const override { return samples::settings(); }
    [[nodiscard]] bool keeps(const Subject&) const override { return true; }
    [[nodiscard]] double cost(const Subject&) const override { return 1; }
    [[nodiscard]] Label label(const Subject&, const Workplace&) const override {
        if (++calls_ == 3) throw std::runtime_error("not one of alkali's");
        return samples::label(1);
    }

private:
    mutable std::atomic<int> calls_{0};
};

RunSettings settings_in(const samples::Scratch& scratch) {
    std::vector<structure::Frame> frames(4);
    for (std::size_t i = 0; i < frames.size(); ++i) frames[i].structure = samples::structure(i);
    io::write_frames(scratch / "in.extxyz", frames, {"extxyz", {}});
    RunSettings settings;
    settings.labeller = std::make_unique<Foreign>();
    settings.inputs = {scratch / "in.extxyz"};
    settings.output = scratch / "out.extxyz";
    settings.store = scratch / "labels.sqlite";
    settings.queue = "local";
    settings.queue_values = {{"jobs", 1}, {"processes", 1}, {"time", 0}, {"memory", 0}, {"tries", 1}};
    settings.order = Order::as_given;
    return settings;
}

TEST(RunLabels, a_failure_of_any_kind_is_told_after_what_there_is_has_been_written) {
    const samples::Scratch scratch;
    const auto settings = settings_in(scratch);
    base::NullSink log;
    base::NullProgress progress;
    EXPECT_THROW(static_cast<void>(run_labels(settings, {"test", {}, nullptr, false}, log, progress)), std::runtime_error);
    EXPECT_EQ(io::read_frames(scratch / "out.extxyz").size(), 2u);
}

TEST(RunLabels, a_task_that_sees_another_store_than_its_list_is_for_labels_nothing) {
    const samples::Scratch scratch;
    const auto settings = settings_in(scratch);
    const Job job{samples::key(1), {samples::settings(), samples::structure(1)}, 1};
    const auto own = scratch / "labels.sqlite.jobs" / "a.json", other = scratch / "elsewhere" / "labels.sqlite.jobs" / "a.json";
    for (const auto& path : {own, other}) save({path, "a", "1", {{job, 0, 0}}});
    EXPECT_THROW(static_cast<void>(run_task(settings, {other, 0, "slurm 1_0", nullptr})), InputError);
    EXPECT_FALSE(std::filesystem::exists(settings.store));
    EXPECT_EQ(run_task(settings, {own, 0, "slurm 1_0", nullptr}).result, OneLabel::Result::labelled);
}

TEST(RunLabels, what_only_an_earlier_label_said_is_not_left_on_the_frame) {
    const samples::Scratch scratch;
    const auto settings = settings_in(scratch);
    std::vector<structure::Frame> frames(2);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        frames[i].structure = samples::structure(i);
        frames[i].info = {{"ladder", "mixing_beta 0.1"}, {"pseudopotential_Na", "Na.UPF"}, {"config_type", "bulk"}};
    }
    io::write_frames(scratch / "in.extxyz", frames, {"extxyz", {}});
    base::NullSink log;
    base::NullProgress progress;
    static_cast<void>(run_labels(settings, {"test", {}, nullptr, false}, log, progress));
    const auto made = io::read_frames(scratch / "out.extxyz");
    ASSERT_EQ(made.size(), 2u);
    for (const auto& frame : made) {
        EXPECT_FALSE(frame.info.contains("ladder"));
        EXPECT_FALSE(frame.info.contains("pseudopotential_Na"));
        EXPECT_EQ(frame.info.at("config_type"), "bulk");
    }
}

TEST(RunLabels, an_output_in_place_of_the_labellers_config_or_whose_lock_is_the_store_is_refused) {
    const samples::Scratch scratch;
    auto settings = settings_in(scratch);
    base::NullSink log;
    base::NullProgress progress;
    base::write_file(scratch / "qe.xyz", "level: fast");
    settings.labeller_files = {scratch / "qe.xyz"};
    settings.output = scratch / "qe.xyz";
    EXPECT_THROW(static_cast<void>(run_labels(settings, {"test", {}, nullptr, true}, log, progress)), InputError);
    EXPECT_EQ(base::read_file(scratch / "qe.xyz"), "level: fast");
    settings.output = scratch / "out.extxyz";
    settings.store = scratch / ".out.extxyz.lock";
    EXPECT_THROW(static_cast<void>(run_labels(settings, {"test", {}, nullptr, true}, log, progress)), InputError);
    EXPECT_TRUE(std::filesystem::exists(settings.store));
}

TEST(RunLabels, an_output_that_is_an_input_or_the_store_is_refused_under_every_name) {
    const samples::Scratch scratch;
    auto settings = settings_in(scratch);
    base::NullSink log;
    base::NullProgress progress;
    const auto run = [&] { static_cast<void>(run_labels(settings, {"test", {}, nullptr, true}, log, progress)); };
    run();  // makes the store
    const auto input = base::read_file(settings.inputs[0]), store = base::read_file(settings.store);
    for (const auto& kept : {settings.inputs[0], settings.store}) {
        const auto twin = scratch / "twin.extxyz", link = scratch / "link.extxyz";
        std::filesystem::create_hard_link(kept, twin);
        std::filesystem::create_symlink(kept, link);
        for (const auto& output : {twin, link, kept}) {
            settings.output = output;
            EXPECT_THROW(run(), InputError) << output;
        }
        std::filesystem::remove(twin);
        std::filesystem::remove(link);
    }
    EXPECT_EQ(base::read_file(settings.inputs[0]), input);
    EXPECT_EQ(base::read_file(settings.store), store);
}

}  // namespace
}  // namespace alkali::labelling::run_labels_tests
