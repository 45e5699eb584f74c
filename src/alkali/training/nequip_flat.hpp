#pragma once
#include "alkali/training/nequip_parts.hpp"

namespace alkali::training {

/// A config of nequip 0.6 and earlier: one list of keys.
class NequipFlat : public NequipTranslation {
public:
    NequipFlat(const config::Tree& input, std::filesystem::path file) : NequipTranslation(std::move(file)), input_(input) {}
    [[nodiscard]] config::Tree result(base::LogSink& log);

private:
    [[nodiscard]] const config::Tree* given(const std::string& key) const { return input_.find(key); }
    void types();
    void irreps();
    void network();
    void builders();
    void scales_and_shifts();
    void per_type_choice(const std::string& key, const std::string& place, const std::string& absent,
                         const std::vector<std::pair<std::string, std::string>>& words);
    /// A number of frames; "80%" as a share.
    [[nodiscard]] std::optional<double> part(const std::string& key) const;
    void data();
    [[nodiscard]] bool is_ase(const std::string& key);
    void loss();
    void schedule();
    void stopping();

    const config::Tree& input_;
};

}  // namespace alkali::training
