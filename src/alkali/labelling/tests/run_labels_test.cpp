#include "alkali/labelling/run.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "alkali/io/format.hpp"
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

TEST(RunLabels, a_failure_of_any_kind_is_told_after_what_there_is_has_been_written) {
    const samples::Scratch scratch;
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
    base::NullSink log;
    base::NullProgress progress;
    EXPECT_THROW(static_cast<void>(run_labels(settings, {"test", {}, nullptr, false}, log, progress)), std::runtime_error);
    EXPECT_EQ(io::read_frames(scratch / "out.extxyz").size(), 2u);
}

}  // namespace
}  // namespace alkali::labelling::run_labels_tests
