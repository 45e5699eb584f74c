#pragma once
#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/training/session.hpp"
#include "alkali/training/tests/foreign_config.hpp"
#include "alkali/training/tests/samples.hpp"

namespace alkali::training::testing {

namespace fs = std::filesystem;

inline models::KindRegistry kinds() {
    auto registry = models::model_kinds();
    registry.add(toy_kind());
    return registry;
}

inline std::string toy_config(const fs::path& folder, const std::string& training, const std::string& data = "") {
    return "model: {type: toy, type_names: [Li, Na], r_max: 4.0, num_gaussians: 4}\n"
           "data: {train: " +
           (folder / "train.extxyz").string() + ", validation: 0.25" + data +
           "}\n"
           "training: {batch_size: 3, lr: 0.02, seed: 4, loss_coeffs: {total_energy: 1, forces: 1, stress: 10}, " +
           training + "}\n";
}

/// A folder with twelve frames, in which a toy model is trained.
class Session : public ::testing::Test {
protected:
    class Memory final : public base::LogSink {
    public:
        void write(base::LogLevel level, std::string_view message) override {
            text += (level == base::LogLevel::warning ? "warning: " : "") + std::string(message) + "\n";
        }
        std::string text;
    };

    void SetUp() override {
        folder_ = fs::temp_directory_path() /
                  ("alkali_session_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_);
        io::write_frames(folder_ / "train.extxyz", labelled_frames(12, 100));
    }
    void TearDown() override {
        omp_set_num_threads(omp_get_num_procs());
        fs::remove_all(folder_);
    }

    Outcome run(const std::string& config, const std::string& output, bool restart = false, bool overwrite = false) {
        base::write_file(folder_ / "c.yaml", config);
        base::NullProgress progress;
        SerialCommunicator communicator;
        return train({folder_ / "c.yaml", folder_ / output, restart, false, overwrite, 0, 0, "test", "test"}, kinds(), communicator, log_,
                     progress);
    }

    /// The run of a file of any format, whose clocks begin now.
    Outcome run_file(const std::string& name, const std::string& output, TrainingThreads threads = TrainingThreads::all) {
        base::NullProgress progress;
        SerialCommunicator communicator;
        return train({folder_ / name, folder_ / output, false, false, true, 0, base::process_cpu_seconds(), "test", "test", threads},
                     kinds(), communicator, log_, progress);
    }

    std::string failure(const std::string& config, const std::string& output, bool restart = false) {
        try {
            static_cast<void>(run(config, output, restart));
        } catch (const Error& error) {
            return error.what();
        }
        return "no failure";
    }

    /// Tensors of a model file of a run.
    [[nodiscard]] std::string tensors(const std::string& output, const std::string& name = "last") const {
        io::TensorFile file = io::TensorFile::load(folder_ / output / (name + ".safetensors"));
        file.metadata.clear();
        return file.serialised();
    }

    [[nodiscard]] std::vector<std::vector<std::string>> metrics(const std::string& output) const {
        std::istringstream text(base::read_file(folder_ / output / "metrics.csv"));
        std::vector<std::vector<std::string>> rows;
        for (std::string line; std::getline(text, line);) {
            std::istringstream cells(line);
            rows.emplace_back();
            for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
        }
        return rows;
    }

    fs::path folder_;
    Memory log_;
};

}  // namespace alkali::training::testing
