#pragma once
#include <memory>
#include <string>
#include <vector>

#include "alkali/calculator/calculator.hpp"

namespace alkali::models {

/// Spread of a committee about its mean: sample standard deviations (n - 1).
struct CommitteeSpread {
    double energy = 0;             ///< eV, whole structure
    std::vector<double> forces;    ///< (N) eV/angstrom: root of the summed variances of the three components
    Mat3 stress = Mat3::Zero();    ///< eV/angstrom^3, per component
    std::vector<double> energies;  ///< (N) eV, if per-atom values were asked for and known to all members
};

/// Several calculators as one: the mean of their energies, forces and stresses, which is itself a potential.
class Committee final : public calculator::Calculator {
public:
    /// At least two members; InputError when they do not know the same species.
    explicit Committee(std::vector<std::unique_ptr<calculator::Calculator>> members);

    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override;
    using calculator::Calculator::compute;
    /// The spread of the last compute().
    [[nodiscard]] const CommitteeSpread& spread() const { return spread_; }
    [[nodiscard]] std::string name() const override;
    [[nodiscard]] std::vector<int> species() const override { return members_[0]->species(); }
    [[nodiscard]] double cutoff() const override;
    void fix_sampling(const structure::Structure& reference) override;
    [[nodiscard]] double cost_hint() const override;
    [[nodiscard]] bool noisy() const override;
    [[nodiscard]] std::vector<calculator::Calculator*> members() override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override;

private:
    std::vector<std::unique_ptr<calculator::Calculator>> members_;
    CommitteeSpread spread_;
};

}  // namespace alkali::models
