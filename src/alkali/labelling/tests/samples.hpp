#pragma once
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "alkali/base/random.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/store.hpp"

namespace alkali::labelling::samples {

/// A folder of its own for one test, removed with it.
class Scratch {
public:
    Scratch() {
        static std::atomic<int> counter{0};
        path_ =
            std::filesystem::temp_directory_path() / ("alkali_labelling_" + std::to_string(::getpid()) + "_" + std::to_string(counter++));
        std::filesystem::create_directories(path_);
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// Two lithium atoms, different for every number.
inline structure::Structure structure(std::uint64_t number) {
    base::Random random(number + 1);
    structure::Structure s;
    s.cell = structure::Cell::cubic(random.uniform(3.3, 3.6));
    s.add(3, {random.uniform(-0.1, 0.1), random.uniform(-0.1, 0.1), 0.0});
    s.add(3, {1.7, 1.7, random.uniform(1.6, 1.8)});
    return s;
}

inline const nlohmann::json& settings() {
    static const nlohmann::json value{{"level", "fast"}, {"cutoff", 20.0}};
    return value;
}

inline std::string key(std::uint64_t number) { return label_key(settings(), structure(number)); }

/// Numbers without short decimal texts.
inline Label label(std::uint64_t number) {
    base::Random random(number + 1000);
    Label made;
    made.labels.energy = -14.3 + random.normal();
    made.labels.forces.emplace();
    for (int i = 0; i < 2; ++i) made.labels.forces->push_back({random.normal() / 3, random.normal() * 1e-17, -0.0});
    Mat3& stress = made.labels.stress.emplace();
    for (int i = 0; i < 9; ++i) stress(i / 3, i % 3) = random.normal() * 1e-3;
    made.info = {{"level", "fast"}, {"k_mesh", "8 8 8"}};
    made.warnings = {"a warning with \"quotes\" and \xff"};
    made.attempts = {{"", Fault::overlap_matrix, "S matrix not positive definite", 1.5}, {"mixing 0.3", Fault::none, "", 2.25}};
    made.seconds = 3.75;
    return made;
}

inline Owner owner(const std::string& name) { return this_process(name); }

}  // namespace alkali::labelling::samples
