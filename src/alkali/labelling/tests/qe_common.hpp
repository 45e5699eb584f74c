#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

#include "alkali/base/files.hpp"
#include "alkali/labelling/quantum_espresso/run.hpp"
#include "alkali/labelling/quantum_espresso/settings.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling::qe {

inline const std::filesystem::path golden_folder = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/quantum_espresso";
inline const std::filesystem::path pseudopotential_folder = std::filesystem::path(ALKALI_SOURCE_DIR) / "data/pseudopotentials";

inline std::string golden(const std::string& name) { return base::read_file(golden_folder / name); }

inline bool on_path(const std::string& program) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "");
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access((std::filesystem::path(folder) / program).c_str(), X_OK) == 0) return true;
    return false;
}

/// A folder of the test's own.
class Scratch : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "alkali_qe_XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// Settings of a config with this text in front of the pseudopotential and the folders.
    [[nodiscard]] Settings settings(const std::string& text, const std::string& run = "") const {
        const auto file = folder_ / "config.yaml";
        const auto pseudopotential = pseudopotential_folder / "Li.pbe-n-nc-alkali.ld1.in";
        base::write_file(file, "level: test\nsmearing: mp\ndegauss: 0.02\n" + text + "\npseudopotentials: {Li: " +
                                   pseudopotential.string() + ", H: " + (golden_folder / "H.pbe-nc-test.ld1.in").string() +
                                   "}\nrun: {scratch: " + (folder_ / "scratch").string() + (run.empty() ? "" : ", ") + run + "}\n");
        base::NullSink log;
        return load_settings(file, log);
    }
    [[nodiscard]] Workplace workplace(int processes = 1) const { return {folder_ / "work", processes, 0, 0, nullptr}; }

    std::filesystem::path folder_;
};

/// Two atoms of the golden output `displaced`.
inline structure::Structure displaced_pair() {
    structure::Structure s;
    s.cell = structure::Cell::cubic(3.43);
    s.add(3, {0, 0, 0});
    s.add(3, {1.8, 1.7, 1.75});
    return s;
}

}  // namespace alkali::labelling::qe
