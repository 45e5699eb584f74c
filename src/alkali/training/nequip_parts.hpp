#pragma once
#include <string>
#include <vector>

#include "alkali/training/translation.hpp"

namespace alkali::training {

/// The last word of the value of _target_: "ASEDataModule"; empty without one.
[[nodiscard]] std::string target(const config::Tree& tree);
/// One value, or all of a list.
[[nodiscard]] std::vector<config::Tree> each_of(const config::Tree* tree);

/// What the two forms of nequip's configs have in common.
class NequipTranslation : public Translation {
public:
    using Translation::Translation;

protected:
    /// What Hydra reads of a block of arguments besides them.
    [[nodiscard]] bool is_comment(const std::string& key) const override {
        return key == "_partial_" || key == "_recursive_" || key == "_convert_";
    }
    /// One number, a list in the order of the types, or a table: as alkali's config has it.
    [[nodiscard]] config::Tree per_type(const config::Tree& given) const;
    /// nequip's float32 leaves positions, shifts and sums in float64: alkali's mixed.
    void settle_precision();
    /// nequip's normalisation, 1 where it has none.
    void put_neighbours(const config::Tree* given, const std::string& key);

    /// Parts of a file by shares or numbers of frames: data.use and data.validation.
    struct Parts {
        std::optional<double> train, validation, test;
    };
    void put_parts(const Parts& parts, const std::string& key);
    void put_key_mapping(const config::Tree& mapping, const std::string& key);
    void put_ase_args(const config::Tree& arguments, const std::string& key);

    /// torch's Adam or AdamW by name and arguments.
    struct Optimizer {
        std::string name, key;  ///< key: where it was given, for messages
        const config::Tree* betas = nullptr;
        const config::Tree* eps = nullptr;
        const config::Tree* weight_decay = nullptr;
        bool amsgrad = false;
    };
    void put_optimizer(const Optimizer& optimizer);
    void put_plateau(const config::Tree* factor, const config::Tree* patience, std::optional<double> least_rate);
    void put_constant_rate();
};

}  // namespace alkali::training
