#include <gtest/gtest.h>
#include <malloc.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "alkali/base/random.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/structure/builders.hpp"

// data check and info read files of any size: what stays in memory of a frame does not grow with its atoms.
namespace alkali::dataset::check_memory_tests {
namespace {

namespace fs = std::filesystem;

std::size_t status_kib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(key + ":")) return std::stoul(line.substr(key.size() + 1));
    return 0;
}

// Most memory in use while the work runs, beyond what was in use before, KiB. Nothing where the system does not tell.
template <class Work>
std::optional<std::size_t> peak_kib(const Work& work) {
#ifdef __GLIBC__
    malloc_trim(0);  // what was freed before must not hide what is used now
#endif
    std::ofstream("/proc/self/clear_refs") << "5";
    const std::size_t before = status_kib("VmRSS");
    if (before == 0 || status_kib("VmHWM") > before + 1024) return std::nullopt;
    work();
    return status_kib("VmHWM") - before;
}

void write_frames(const fs::path& file, std::size_t frames, int repeat) {
    base::Random random(1);
    const auto writer = io::open_writer(file);
    const auto crystal = structure::repeated(structure::bcc("Li", 3.44), {repeat, repeat, repeat});
    for (std::size_t i = 0; i < frames; ++i) {
        Frame frame;
        frame.structure = structure::rattled(crystal, 0.05, random);
        frame.labels.energy = -2.0 * static_cast<double>(crystal.size()) + random.uniform(-0.1, 0.1);
        frame.labels.stress = from_voigt({0.01, 0.01, 0.01, random.uniform(-1e-3, 1e-3), 0, 0});
        auto& forces = frame.labels.forces.emplace();
        Vec3 sum = Vec3::Zero();
        for (std::size_t a = 0; a < crystal.size(); ++a) {
            forces.emplace_back(random.uniform(-1, 1), random.uniform(-1, 1), random.uniform(-1, 1));
            sum += forces.back();
        }
        for (auto& force : forces) force -= sum / static_cast<double>(crystal.size());
        writer->write(frame);
    }
    writer->close();
}

class DataMemory : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "sanitizers keep freed memory";
#endif
        write_frames(file_, frames_, 3);
    }
    void TearDown() override { fs::remove_all(folder_); }
    static constexpr std::size_t frames_ = 2500;  // of 54 atoms: 7 MB of positions and forces
    const fs::path folder_ = fs::path(::testing::TempDir()) / "alkali_memory", file_ = folder_ / "many.extxyz";
};

TEST_F(DataMemory, of_a_check_grows_by_less_than_a_kilobyte_a_frame) {
    CheckOptions options;
    options.limits.stress_sample_bytes = 1 << 20;
    const auto run = [&](std::size_t expected) {
        const auto report = check(std::vector<fs::path>{file_}, options);
        EXPECT_EQ(report.counts.frames, expected);
        EXPECT_EQ(report.count(Severity::error), 0u);
    };
    const auto peak = peak_kib([&] { run(frames_); });
    if (!peak) GTEST_SKIP() << "the system does not tell the peak of memory";
    // 1 MB for the sample, 1 for the reader, and 1 KiB a frame; whole frames are 3.3 KiB.
    EXPECT_LT(*peak, 2048 + frames_);
}

TEST_F(DataMemory, of_info_does_not_grow_with_the_frames) {
    base::NullSink log;
    const auto peak = peak_kib([&] { EXPECT_EQ(contents(file_, {}, log).counts.frames, frames_); });
    if (!peak) GTEST_SKIP() << "the system does not tell the peak of memory";
    EXPECT_LT(*peak, 1024u);
}

}  // namespace
}  // namespace alkali::dataset::check_memory_tests
