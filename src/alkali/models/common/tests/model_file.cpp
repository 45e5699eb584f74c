#include "alkali/models/common/model_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/models/common/tests/toy_model.hpp"

namespace alkali::models::model_file_tests {
namespace {

using ::testing::HasSubstr;

class ModelFile : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("alkali_model_file_" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
        kinds_.add(testing::toy_kind());
        base::NullSink log;
        model_ = testing::toy_kind().create({{"type_names", {"Li", "Na"}}, {"r_max", 4.0}, {"num_gaussians", 5}}, {}, 3, log);
        save_model(path(), *model_, kinds_, {{"command", "test"}});
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    [[nodiscard]] std::filesystem::path path() const { return folder_ / "m.safetensors"; }

    /// The message of the failure to load the file after a change.
    template <class Change>
    std::string failure(Change change) {
        auto file = io::TensorFile::load(path());
        change(file);
        file.save(folder_ / "changed.safetensors");
        try {
            static_cast<void>(load_model(folder_ / "changed.safetensors", kinds_));
        } catch (const Error& error) {
            return error.what();
        }
        return "loaded";
    }

    std::filesystem::path folder_;
    KindRegistry kinds_;
    std::unique_ptr<TrainableModel> model_;
};

TEST_F(ModelFile, comes_back_bit_by_bit_with_its_provenance) {
    const auto loaded = load_model(path(), kinds_);
    EXPECT_EQ(loaded.kind, "toy");
    EXPECT_EQ(loaded.model->hyperparameters(), model_->hyperparameters());
    EXPECT_TRUE(std::equal(model_->parameters().begin(), model_->parameters().end(), loaded.model->parameters().begin(),
                           loaded.model->parameters().end()));
    EXPECT_EQ(loaded.provenance["command"], "test");
    const auto metadata = io::TensorFile::load(path()).metadata;
    EXPECT_EQ(metadata.at("format"), "alkali-model");
    EXPECT_EQ(metadata.at("species"), R"(["Li","Na"])");
}

TEST_F(ModelFile, wrong_files_are_refused_with_the_reason) {
    EXPECT_THAT(failure([](auto& f) { f.metadata["format_version"] = "99"; }), HasSubstr("format version 99"));
    EXPECT_THAT(failure([](auto& f) { f.metadata.erase("format"); }), HasSubstr("is no alkali model"));
    EXPECT_THAT(failure([](auto& f) { f.metadata["kind"] = "tay"; }), HasSubstr("did you mean toy?"));
    EXPECT_THAT(failure([](auto& f) { f.metadata["kind"] = "tay"; }), HasSubstr("changed.safetensors"));
    EXPECT_THAT(failure([](auto& f) { f.metadata["hyperparameters"] = "{"; }), HasSubstr("is not JSON"));
    EXPECT_THAT(failure([](auto& f) { f.metadata["hyperparameters"] = "{}"; }), HasSubstr("hyperparameters cannot be used"));
    EXPECT_THAT(failure([](auto& f) { f.tensors.erase("scales"); }), HasSubstr("lacks the tensor scales"));
    EXPECT_THAT(failure([](auto& f) { f.tensors["scale"] = {{1}, {1.0}}; }), HasSubstr("did you mean scales?"));
    EXPECT_THAT(failure([](auto& f) {
                    f.tensors["weights"].shape = {5, 2};
                }),
                HasSubstr("has shape [5, 2], its hyperparameters ask for [2, 5]"));
    EXPECT_THAT(failure([](auto& f) { f.tensors["shifts"].values[1] = std::nan(""); }),
                HasSubstr("shifts holds values that are not finite"));
    EXPECT_EQ(failure([](auto&) {}), "loaded");
}

TEST_F(ModelFile, parameters_that_are_not_finite_are_never_written) {
    std::vector<double> values(model_->parameters().begin(), model_->parameters().end());
    values[0] = std::nan("");
    model_->set_parameters(values);
    EXPECT_THROW(save_model(folder_ / "bad.safetensors", *model_, kinds_, {}), InternalError);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "bad.safetensors"));
}

TEST_F(ModelFile, truncated_file_is_a_file_error) {
    const auto bytes = base::read_file(path());
    base::write_file(folder_ / "short.safetensors", bytes.substr(0, bytes.size() / 2));
    EXPECT_THROW(static_cast<void>(load_model(folder_ / "short.safetensors", kinds_)), FileError);
}

}  // namespace
}  // namespace alkali::models::model_file_tests
