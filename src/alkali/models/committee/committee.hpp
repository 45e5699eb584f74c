#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alkali/base/thread_choice.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/models/committee/deviation.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/contract/shared.hpp"

namespace alkali::models {

/// Several calculators as one: the mean of their energies, forces and stresses, which is itself a potential. The uncertainty is
/// the sample standard deviation (n - 1) of the members. Trained models share the neighbour list, what they make of a graph alone,
/// and the memory they work in; each gives the bits it gives alone.
class Committee final : public calculator::Calculator {
public:
    /// At least two members; InputError when they do not know the same species.
    explicit Committee(std::vector<std::unique_ptr<calculator::Calculator>> members);

    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override;
    using calculator::Calculator::compute;
    /// Of the members in the last compute().
    [[nodiscard]] const Deviation& deviation() const { return deviation_; }
    /// From now on compute() takes as many of OpenMP's threads as turn out fastest.
    void choose_threads();
    [[nodiscard]] std::string name() const override;
    [[nodiscard]] std::vector<int> species() const override { return members_[0]->species(); }
    [[nodiscard]] double cutoff() const override;
    void fix_sampling(const structure::Structure& reference) override;
    [[nodiscard]] double cost_hint() const override;
    [[nodiscard]] bool noisy() const override;
    [[nodiscard]] std::vector<calculator::Calculator*> members() override;
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override;

private:
    [[nodiscard]] std::vector<calculator::Result> ask_members(const structure::Structure& structure, const calculator::Request& request);

    std::vector<std::unique_ptr<calculator::Calculator>> members_;
    std::vector<ModelCalculator*> models_;  ///< those of members_ that are trained models, null for the others
    double list_cutoff_ = 0;                ///< largest cutoff of models_
    Workspaces workspaces_;
    std::optional<base::ThreadChoice> threads_;
    Deviation deviation_;
};

}  // namespace alkali::models
