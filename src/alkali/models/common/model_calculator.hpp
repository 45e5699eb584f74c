#pragma once
#include <memory>
#include <optional>
#include <string>

#include "alkali/base/thread_choice.hpp"
#include "alkali/calculator/calculator.hpp"
#include "alkali/models/common/force_uncertainty.hpp"
#include "alkali/models/contract/model.hpp"

namespace alkali::models {

/// A trained model as a Calculator: neighbour list, graph, evaluation, forces and stress of whole structures.
class ModelCalculator final : public calculator::Calculator {
public:
    /// name: what a person calls it (the file). provenance: from its file. uncertainty: what it gives as Result::uncertainty when asked.
    ModelCalculator(std::shared_ptr<const Model> model, std::string name, std::vector<std::pair<std::string, std::string>> provenance = {},
                    std::optional<ForceUncertainty> uncertainty = {});

    /// Errors: InputError naming an unknown species, two overlapping atoms or a position that is not finite.
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override;
    using calculator::Calculator::compute;
    /// The same on the model's graph of that structure, which somebody else has made (SharedStructure).
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const Graph& graph, const calculator::Request& request);
    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::vector<int> species() const override;
    [[nodiscard]] double cutoff() const override { return model_->cutoff(); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override { return provenance_; }
    [[nodiscard]] const Model& model() const { return *model_; }
    /// From now on compute(structure) takes as many of OpenMP's threads as turn out fastest. Results stay the same to the bit.
    void choose_threads();

private:
    struct EdgeGradient {
        std::vector<Vec3> rows;  ///< (E) dE/d(edge vector), eV/angstrom
    };
    std::shared_ptr<const Model> model_;
    std::string name_;
    std::vector<std::pair<std::string, std::string>> provenance_;
    std::optional<ForceUncertainty> uncertainty_;
    std::optional<base::ThreadChoice> threads_;
    EdgeGradient edge_gradient_;  ///< kept, since it is the largest array; unused where a graph brings its own workspaces
};

}  // namespace alkali::models
