#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "alkali/base/log.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/calculator/frame.hpp"
#include "alkali/labelling/quantum_espresso/run.hpp"

namespace alkali::labelling::qe {

/// Quantum ESPRESSO as a calculator. It keeps a scratch folder while it lives: a computation begins from the density and
/// wavefunctions of the one before where atoms, mesh and grid are the same.
class QuantumEspressoCalculator final : public calculator::Calculator, public calculator::HeedsFrames {
public:
    /// name: what a person calls it. Errors: those of Pseudopotentials; ExternalProgramError where there is no pw.x.
    QuantumEspressoCalculator(Settings settings, std::string name, base::LogSink& log);

    using Calculator::compute;
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override;
    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::vector<int> species() const override;
    [[nodiscard]] double cutoff() const override { return 0; }
    /// `k_mesh` of the frame's info goes before the config's and before a held one. What else it says and is not heeded is told once.
    void heed(const structure::Frame& frame) override;
    /// As on the labels of `label run`; the k-mesh only where the frame asked for it.
    void describe(structure::Frame& frame) const override;
    void fix_sampling(const structure::Structure& reference) override;
    [[nodiscard]] double cost_hint() const override { return 10; }
    [[nodiscard]] bool noisy() const override { return true; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override;

    /// The last computation: sampling, iterations, warnings, attempts.
    [[nodiscard]] const std::optional<Solution>& last() const { return last_; }

private:
    [[nodiscard]] Job job_for(const structure::Structure& structure) const;

    Settings settings_;
    std::string name_;
    base::LogSink& log_;
    Pseudopotentials pseudopotentials_;
    base::TemporaryFolder folder_;
    std::string version_;  ///< of pw.x
    std::optional<HeldSampling> held_;
    std::optional<Mesh> asked_mesh_;
    std::set<std::string> told_;  ///< warnings
    base::Repeats unheeded_;      ///< of frames
    std::optional<Solution> last_;
    structure::Structure last_structure_;
};

/// "qe:CONFIG.yaml"; processes > 0 goes before the config's. Errors: those of load_settings and the constructor.
[[nodiscard]] std::unique_ptr<calculator::Calculator> open_quantum_espresso(const std::string& config, int processes, base::LogSink& log);

}  // namespace alkali::labelling::qe
