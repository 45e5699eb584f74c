#pragma once
#include "alkali/labelling/labeller.hpp"
#include "alkali/labelling/quantum_espresso/pseudopotentials.hpp"
#include "alkali/labelling/quantum_espresso/sampling.hpp"
#include "alkali/labelling/quantum_espresso/settings.hpp"

namespace alkali::labelling::qe {

struct Solution;

/// Labels by pw.x.
class QuantumEspressoLabeller final : public Labeller {
public:
    /// Errors: those of Pseudopotentials.
    explicit QuantumEspressoLabeller(Settings settings);

    [[nodiscard]] nlohmann::json settings(const structure::Frame& frame) const override;
    [[nodiscard]] bool keeps(const Subject& subject) const override;
    [[nodiscard]] Label label(const Subject& subject, const Workplace& workplace) const override;
    [[nodiscard]] double cost(const Subject& subject) const override;
    [[nodiscard]] std::vector<std::string> unheeded(const structure::Frame& frame) const override;
    [[nodiscard]] std::vector<std::string> doubts() const override;
    [[nodiscard]] Workplace usual_workplace() const override;

    [[nodiscard]] const Settings& config() const { return settings_; }

private:
    [[nodiscard]] nlohmann::json settings(const structure::Structure& structure, const Mesh& mesh) const;

    Settings settings_;
    Pseudopotentials pseudopotentials_;
};

/// What goes onto a frame besides its labels: level of theory, sampling, versions, effort.
[[nodiscard]] std::map<std::string, std::string> describe(const Solution& solution, const Physics& physics,
                                                          const Pseudopotentials& pseudopotentials, const std::vector<int>& species);

}  // namespace alkali::labelling::qe
