#pragma once
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/base/random.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/config/options.hpp"
#include "alkali/structure/frame.hpp"

/// The structures a data set begins with: crystals, defects, surfaces, liquid, snapshots of motion.
namespace alkali::labelling {

/// Keys of a seeds config.
[[nodiscard]] config::Options seed_options();

/// What the families share.
struct SeedSettings {
    std::string symbol;   ///< of the one element
    std::string crystal;  ///< its stable crystal
    double volume = 0;    ///< angstrom^3 per atom of it
    std::size_t most_atoms = 0;
    /// k-mesh of a cell, chosen once for each family from its undeformed cell; empty: frames carry none.
    std::function<std::array<int, 3>(const structure::Structure&)> k_mesh;
};

/// Receives seeds: gives each frame what identifies it and drops none.
class SeedList {
public:
    explicit SeedList(const SeedSettings& settings) : settings_(settings) {}
    /// `reference`: the undeformed cell of the family. Errors: InternalError for more atoms than allowed.
    void add(const std::string& type, const structure::Structure& reference, structure::Structure seed);
    [[nodiscard]] const SeedSettings& settings() const { return settings_; }
    [[nodiscard]] std::vector<structure::Frame> take() { return std::move(frames_); }

private:
    const SeedSettings& settings_;
    std::vector<structure::Frame> frames_;
};

/// Where seeds come from.
struct SeedSource {
    base::Random& random;
    calculator::Calculator* calculator = nullptr;  ///< moves atoms for `snapshots`
    base::ProgressSink* progress = nullptr;
};

/// One function per block of the config; `options` is that block.
void crystal_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds);
void defect_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds);
void surface_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds);
void liquid_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds);
void snapshot_seeds(const nlohmann::json& options, SeedSource& source, SeedList& seeds);

/// All seeds of a config (values of seed_options()). The same config gives the same seeds.
/// frame.info: config_type and k_mesh ("8 8 8").
/// Errors: InputError for what cannot be built (no calculator for snapshots, cells larger than most_atoms).
[[nodiscard]] std::vector<structure::Frame> make_seeds(const nlohmann::json& config, const SeedSettings& settings,
                                                       calculator::Calculator* calculator, base::ProgressSink* progress);
[[nodiscard]] SeedSettings seed_settings(const nlohmann::json& config);

// ---- shared by the families ----

/// A crystal of the settings' volume per atom; `cells` conventional cells each way, 0: the primitive cell.
[[nodiscard]] structure::Structure seed_crystal(const SeedSettings& settings, const std::string& name, int cells);
/// Conventional axes of that crystal (rows).
[[nodiscard]] Mat3 seed_axes(const SeedSettings& settings, const std::string& name);
/// Random symmetric strain, components up to `most`, without volume change to first order.
[[nodiscard]] Mat3 random_strain(double most, base::Random& random);
/// Most conventional cells each way that most_atoms allows (0 if not even one).
[[nodiscard]] int most_cells(const SeedSettings& settings, const std::string& name);

}  // namespace alkali::labelling
