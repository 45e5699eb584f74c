#pragma once
#include <memory>
#include <string>

#include "alkali/calculator/calculator.hpp"
#include "alkali/models/contract/model.hpp"

namespace alkali::models {

/// A trained model as a Calculator: neighbour list, graph, evaluation, forces and stress of whole structures.
class ModelCalculator final : public calculator::Calculator {
public:
    /// name: what a person calls it (the file). provenance: from its file.
    ModelCalculator(std::shared_ptr<const Model> model, std::string name, std::vector<std::pair<std::string, std::string>> provenance = {});

    /// Errors: InputError naming an unknown species, two overlapping atoms or a position that is not finite.
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override;
    using calculator::Calculator::compute;
    [[nodiscard]] std::string name() const override { return name_; }
    [[nodiscard]] std::vector<int> species() const override;
    [[nodiscard]] double cutoff() const override { return model_->cutoff(); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> provenance() const override { return provenance_; }
    [[nodiscard]] const Model& model() const { return *model_; }

private:
    std::shared_ptr<const Model> model_;
    std::string name_;
    std::vector<std::pair<std::string, std::string>> provenance_;
    std::vector<Vec3> edge_gradient_;  ///< kept, since it is the largest array
};

}  // namespace alkali::models
