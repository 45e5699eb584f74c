#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/files.hpp"
#include "alkali/io/foreign_model.hpp"
#include "alkali/io/safetensors.hpp"

namespace alkali::io::foreign_model_tests {
namespace {

namespace fs = std::filesystem;

struct Known {
    std::string name, content, what, hint;
    Importable importable;
};

std::string zip_of(const std::string& member) {
    return std::string("PK\x03\x04\x00\x00", 6) + std::string(100, '\x01') + member + std::string(50, '\0');
}

TEST(ForeignModel, files_of_other_programs_are_called_what_they_are) {
    const std::string hdf5("\x89HDF\r\n\x1a\n\0\0\0\0", 12), graph(
                                                                 "\n\x9f\x01\n\x13"
                                                                 "descrpt_attr/rcut\x12\x05"
                                                                 "Const",
                                                                 28);
    const std::vector<Known> all{
        {"frozen_model.pb", graph, "deepmd-kit (TensorFlow)", "dp convert-backend frozen_model.pb model.yaml", Importable::converted},
        {"model.pth", zip_of("model/code/__torch__/deepmd/pt/model.py"), "deepmd-kit (PyTorch)", "convert-backend model.pth",
         Importable::converted},
        {"model.ckpt-100.pt", zip_of("data.pkl model.Default.atomic_model.fitting_net"), "deepmd-kit (PyTorch)", "convert-backend",
         Importable::converted},
        {"other.pt", zip_of("archive/data.pkl"), "PyTorch", "if it is deepmd-kit's", Importable::converted},
        {"model.dp", hdf5, "HDF5", "convert-backend model.dp", Importable::converted},
        {"best.ckpt", zip_of("best/data.pkl"), "checkpoint", "alkali import best.ckpt", Importable::directly},
        {"li.nequip.zip", zip_of("li/.data/version"), "package of nequip", "alkali import li.nequip.zip", Importable::directly},
        {"li.nequip.pth", zip_of("li/data.pkl"), "compiled model of nequip", "checkpoint", Importable::no},
        {"li.nequip.pt2", zip_of("li/data.so"), "compiled model of nequip", "checkpoint", Importable::no},
        {"deployed.pth", zip_of("deployed/code/__torch__/nequip/nn.py"), "compiled model of nequip", "checkpoint", Importable::no},
        {"config.yaml", "model:\n  type: nequip\ntraining:\n  seed: 1\n", "config of a training", "alkali train config.yaml",
         Importable::no},
        {"input.json", "{\"model\": {\"descriptor\": {}}, \"loss\": {}}", "config of a training", "alkali train input.json",
         Importable::no},
        {"nequip.yaml", "run: [train]\ntrainer:\n  max_epochs: 3\n", "training config of nequip", "nequip-train", Importable::no},
        {"qe.yaml", "level: x\necutwfc: 20\n", "Quantum ESPRESSO", "qe:", Importable::no},
        {"Li.eam.alloy", "Li\n1 Li\n", "embedded-atom", "kim:", Importable::no},
        {"train.extxyz", "1\n\nLi 0 0 0\n", "structures (extxyz)", "model comes first", Importable::no},
        {"mace.model", std::string("\x80\x02\x8a\x0a", 4), "pickle", ".safetensors", Importable::no},
        {"noise.bin", std::string("\x01\x02\x03\xff\x00\x01\x01\x01\x01", 9), "no model file", ".safetensors", Importable::no}};
    const auto folder = fs::path(::testing::TempDir()) / "alkali_foreign";
    for (const auto& known : all) {
        base::write_file(folder / known.name, known.content);
        const auto found = foreign_model(folder / known.name);
        ASSERT_TRUE(found.has_value()) << known.name;
        EXPECT_NE(found->what.find(known.what), std::string::npos) << known.name << ": " << found->what;
        EXPECT_NE(found->hint.find(known.hint), std::string::npos) << known.name << ": " << found->hint;
        EXPECT_EQ(found->importable, known.importable) << known.name;
    }
    base::write_file(folder / "run/best.safetensors", "");
    EXPECT_NE(foreign_model(folder / "run")->hint.find("run/best.safetensors"), std::string::npos);
    base::write_file(folder / "com/member_1/best.safetensors", "");
    base::write_file(folder / "com/member_2/last.safetensors", "");
    const auto committee = foreign_model(folder / "com");
    EXPECT_EQ(committee->what, "is the folder of a committee");
    EXPECT_NE(committee->hint.find("com/member_1/best.safetensors,"), std::string::npos) << committee->hint;
    EXPECT_NE(committee->hint.find("com/member_2/last.safetensors, or one of them"), std::string::npos) << committee->hint;
    TensorFile tensors;
    tensors.save(folder / "renamed.model");
    EXPECT_FALSE(foreign_model(folder / "renamed.model").has_value());
    EXPECT_FALSE(foreign_model(folder / "nowhere").has_value());
    fs::remove_all(folder);
}

TEST(ForeignModel, models_in_deepmds_own_form_are_for_import) {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(ALKALI_SOURCE_DIR) / "tests/golden/deepmd")) {
        if (entry.path().extension() != ".yaml") continue;
        const auto found = foreign_model(entry.path());
        ASSERT_TRUE(found.has_value()) << entry.path();
        EXPECT_EQ(found->importable, Importable::directly) << entry.path();
        ++count;
    }
    EXPECT_GT(count, 10);
}

}  // namespace
}  // namespace alkali::io::foreign_model_tests
