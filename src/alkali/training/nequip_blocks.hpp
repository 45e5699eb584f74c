#pragma once
#include "alkali/training/nequip_parts.hpp"

namespace alkali::training {

/// A config of nequip 0.7 and later, its interpolations replaced: the blocks run, data, trainer, training_module.
class NequipBlocks : public NequipTranslation {
public:
    NequipBlocks(const config::Tree& input, std::filesystem::path file) : NequipTranslation(std::move(file)), input_(input) {}
    [[nodiscard]] config::Tree result(base::LogSink& log);

private:
    /// Weights of the loss and its form.
    struct Terms {
        double energy = 0, forces = 0, stress = 0;
        std::optional<double> huber_delta;
        std::string form = {};
    };

    void require_block(const std::string& key) const;
    [[nodiscard]] bool ignores_missing(const config::Tree& loss) const;
    void run();
    void model(const config::Tree& module);
    void size(const config::Tree& model, const std::string& path);
    /// What a name of training_data_stats stands for: neighbours, energy or forces, with " per_type"; empty for others.
    [[nodiscard]] std::string statistic(const std::string& name) const;
    void statistics(const config::Tree& model, const std::string& path);
    void pair_potential(const config::Tree& pair, const std::string& path);
    [[nodiscard]] bool same_types(const config::Tree& names) const;
    void data();
    void statistics_rules();
    void reading(const config::Tree& tree, const std::string& path);
    void transform(const config::Tree& tree, const std::string& path);
    void frames(const config::Tree& data);
    [[nodiscard]] const config::Tree* dataset_path(const config::Tree& dataset, const std::string& path);
    void batches(const config::Tree& trainer);
    void trainer();
    /// Whether there is one.
    bool time_limit(const config::Tree& trainer);
    void callback(const config::Tree& tree);
    void average(const config::Tree& module);
    void loss(const config::Tree& tree);
    void term(const config::Tree& metric, const std::string& path, Terms& terms);
    void whole_energies(const std::string& path);
    void optimizer(const config::Tree& tree);
    void schedule(const config::Tree& tree);
    void follow_scheduler(const config::Tree& scheduler, const std::string& path);
    void cosine(const config::Tree& scheduler, std::optional<double> length, double warmup, const std::string& path);
    void after_warmup(const config::Tree& scheduler, std::optional<double> length, const std::string& path);
    void decay(const config::Tree& scheduler, std::optional<double> length, bool steps, double every, const std::string& path);

    const config::Tree& input_;
    bool masks_ = false;  ///< labels that are not there are left out of the loss
};

}  // namespace alkali::training
