#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace alkali::cli_test {

struct Outcome {
    int status = -1;     ///< exit status; 128 + signal if it was killed
    std::string output;  ///< standard output
    std::string errors;  ///< standard error

    [[nodiscard]] std::string all() const { return output + errors; }
};

/// What a program is started under.
struct Surroundings {
    std::vector<int> closed = {};             ///< descriptors
    std::string output = {};                  ///< where standard output goes; empty: it is kept. "|": a pipe whose reader has gone
    std::size_t file_size = 0;                ///< bytes, 0: no limit
    std::size_t address_space = 0;            ///< bytes, 0: no limit
    double seconds = 0;                       ///< after which it is killed, 0: never
    std::string threads = "1";                ///< OMP_NUM_THREADS
    std::vector<std::string> variables = {};  ///< NAME=VALUE
};

/// Runs build's alkali in `folder` with one thread per OpenMP team.
[[nodiscard]] Outcome run(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                          const Surroundings& surroundings = {});

/// A folder of its own for one test, removed with it.
class Scratch {
public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Files inside, at any depth, relative, sorted.
    [[nodiscard]] std::vector<std::string> content() const;

private:
    std::filesystem::path path_;
};

/// Two frames of four lithium atoms with energy, forces and stress, and edits of them: good input to spoil.
[[nodiscard]] std::string good_frames();
/// A training config over data.extxyz that runs in about a second.
[[nodiscard]] std::string good_config();
/// A model file for lithium, written by `alkali train --init-only` once per test program.
[[nodiscard]] const std::string& good_model();
/// All three in a folder: data.extxyz, config.yaml, model.safetensors.
void put_good_files(const std::filesystem::path& folder);
/// The text with one part replaced; fails the program if the part is not there (a spoiled test).
[[nodiscard]] std::string with(std::string text, const std::string& from, const std::string& to);

}  // namespace alkali::cli_test
