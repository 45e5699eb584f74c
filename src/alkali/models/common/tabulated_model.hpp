#pragma once
#include <algorithm>
#include <functional>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/models/common/tabulation_guard.hpp"
#include "alkali/models/contract/model.hpp"

namespace alkali::models {

/// Where a kind keeps the number of intervals of its tables, and how far it may go.
template <class Hyperparameters>
struct TableRange {
    int Hyperparameters::*intervals;
    const char* key;   ///< its name in a config's `model` block
    int coarsest = 1;  ///< of set_table_intervals()
    int finest = 0;    ///< of refine_tabulation()
};

/// What trainable models with tables have in common: an architecture, its parameters in float64, and weights derived from both.
/// Architecture has `hyper` (type_names, model_dtype, to_json()), `parameters` (ParameterInfo) and `parameter_count`.
template <class Architecture>
class TabulatedModel : public TrainableModel {
    using Given = decltype(Architecture::hyper);

public:
    [[nodiscard]] const std::vector<std::string>& type_names() const final { return architecture_.hyper.type_names; }
    [[nodiscard]] Precision precision() const final { return architecture_.hyper.model_dtype; }
    [[nodiscard]] nlohmann::json hyperparameters() const final { return architecture_.hyper.to_json(); }
    [[nodiscard]] const std::vector<ParameterInfo>& layout() const final { return architecture_.parameters; }
    [[nodiscard]] std::span<const double> parameters() const final { return parameters_; }
    void set_parameters(std::span<const double> parameters) final {
        if (parameters.size() != parameters_.size()) throw InternalError("parameters of the wrong number for a model of kind " + kind());
        std::copy(parameters.begin(), parameters.end(), parameters_.begin());
        derive_weights();
    }

    /// Other tables of the same functions. Errors: InputError for fewer intervals than the kind needs.
    void set_table_intervals(int intervals) {
        if (intervals < tables_.coarsest)
            throw InputError("must be at least " + std::to_string(tables_.coarsest), "model." + std::string(tables_.key));
        architecture_.hyper.*tables_.intervals = intervals;
        derive_weights();
    }
    [[nodiscard]] std::optional<Tabulation> tabulation() const final { return table_errors()(architecture_.hyper.*tables_.intervals); }
    std::optional<Tabulation> refine_tabulation() final {
        const int present = architecture_.hyper.*tables_.intervals;
        const Tabulation table = TabulationGuard::refine(present, tables_.finest, table_errors());
        if (table.intervals != present) set_table_intervals(table.intervals);
        return table;
    }

    [[nodiscard]] const Architecture& architecture() const { return architecture_; }

protected:
    /// Parameters are zero, weights not yet derived.
    TabulatedModel(Given hyperparameters, TableRange<Given> tables)
        : architecture_(std::move(hyperparameters)), tables_(tables), parameters_(architecture_.parameter_count, 0.0) {}

    /// From architecture and parameters, which have changed.
    virtual void derive_weights() = 0;
    /// Measures tables of so many intervals for the present parameters.
    [[nodiscard]] virtual std::function<Tabulation(int)> table_errors() const = 0;
    [[nodiscard]] std::span<double> change_parameters() { return parameters_; }

private:
    Architecture architecture_;
    TableRange<Given> tables_;
    std::vector<double> parameters_;
};

}  // namespace alkali::models
