#include "alkali/models/committee/distinct.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/models/committee/open.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/common/tests/toy_model.hpp"

namespace alkali::models::distinct_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Members : public ::testing::Test {
protected:
    class Warnings final : public base::LogSink {
    public:
        void write(base::LogLevel level, std::string_view message) override {
            if (level == base::LogLevel::warning) text += std::string(message) + "\n";
        }
        std::string text;
    };

    void SetUp() override {
        fs::create_directories(folder_);
        kinds_.add(testing::toy_kind());
        for (const auto& [name, seed] : {std::pair{"a", 1}, {"copy", 1}, {"b", 2}}) save_model(path(name), *model(seed), kinds_, {});
    }
    void TearDown() override { fs::remove_all(folder_); }
    [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / (name + ".safetensors")).string(); }
    [[nodiscard]] static std::shared_ptr<TrainableModel> model(int seed) {
        base::NullSink log;
        return testing::toy_kind().create({{"type_names", {"Li"}}, {"r_max", 4.0}, {"num_gaussians", 5}}, {},
                                          static_cast<std::uint64_t>(seed), log);
    }
    std::string opened(const std::string& files) {
        warnings_.text.clear();
        try {
            static_cast<void>(open_model_files(files, {}, kinds_, warnings_));
        } catch (const Error& error) {
            return error.what();
        }
        return "opened";
    }

    fs::path folder_ = fs::temp_directory_path() / ("alkali_distinct_" + std::to_string(::getpid()));
    KindRegistry kinds_;
    Warnings warnings_;
};

TEST_F(Members, of_one_file_under_whatever_names_are_refused) {
    fs::create_symlink(path("a"), path("link"));
    fs::create_hard_link(path("a"), path("hard"));
    const auto roundabout = (folder_ / "." / "a.safetensors").string();
    for (const auto& other : {path("a"), path("link"), path("hard"), roundabout}) {
        EXPECT_THAT(opened(path("a") + "," + other), HasSubstr("is the same file as")) << other;
        EXPECT_THAT(opened(path("b") + "\n" + path("a") + "\n" + other), HasSubstr("is the same file as")) << other;
    }
    EXPECT_THAT(opened((folder_ / "?.safetensors").string() + "," + path("b")), HasSubstr("is the same file as"));
    EXPECT_EQ(opened(path("a") + "," + path("b")), "opened");
    EXPECT_EQ(warnings_.text, "");
}

TEST_F(Members, that_are_copies_are_warned_of) {
    EXPECT_EQ(opened(path("a") + "," + path("b") + "," + path("copy")), "opened");
    EXPECT_THAT(warnings_.text, HasSubstr(path("copy") + ": is the same model as " + path("a")));
}

TEST_F(Members, that_were_trained_to_the_same_model_are_refused) {
    EXPECT_NO_THROW(require_distinct_models(std::vector<fs::path>{path("a"), path("b")}, kinds_));
    try {
        require_distinct_models(std::vector<fs::path>{path("a"), path("b"), path("copy")}, kinds_);
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(std::string(error.what()), ::testing::AllOf(HasSubstr(path("copy")), HasSubstr(path("a")), HasSubstr("seed")));
    }
}

}  // namespace
}  // namespace alkali::models::distinct_tests
