#include <gmock/gmock.h>

#include "alkali/training/tests/session_fixture.hpp"

namespace alkali::training::session_limits_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;
using testing::Session;

TEST_F(Session, frames_that_the_model_has_no_room_for_are_named_before_anything_is_written) {
    const auto config = [&](const std::string& data) {
        return "model: {type: deep_potential, type_names: [Li, Na], descriptor: {rcut: 4.0, rcut_smth: 1.0, sel: [200, 1], neuron: [4, 8], "
               "axis_neuron: 2}, fitting_net: {neuron: [4]}}\n"
               "data: {" +
               data + "}\ntraining: {batch_size: 3, max_epochs: 1, loss_coeffs: {total_energy: 1, forces: 1}}\n";
    };
    const auto train = (folder_ / "train.extxyz").string();
    for (const auto& data : {"train: " + train + ", validation: 0.25", "train: " + train + ", validation: " + train}) {
        EXPECT_THAT(failure(config(data), "crowded"), AllOf(HasSubstr("train.extxyz"), HasSubstr("model.descriptor.sel"),
                                                            HasSubstr("neighbours of type Na"), HasSubstr("frame")));
        for (const char* file : {"config.yaml", "metrics.csv", "best.safetensors", "last.safetensors"})
            EXPECT_FALSE(fs::exists(folder_ / "crowded" / file)) << file;
    }
}

}  // namespace
}  // namespace alkali::training::session_limits_tests
