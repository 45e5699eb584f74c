#pragma once
#include <string>

#include "alkali/models/contract/model.hpp"

namespace alkali::models {

/// A model that cannot evaluate every structure, for another reason than species and positions.
class HasLimits {
public:
    virtual ~HasLimits() = default;
    /// where: file and frame of the structure. Errors: InputError naming it, the atom and what is beyond which limit.
    virtual void require_within_limits(const Graph& graph, const std::string& where) const = 0;
};

/// Errors: those of HasLimits, if the model has any.
inline void require_within_limits(const Model& model, const Graph& graph, const std::string& where) {
    if (const auto* limited = dynamic_cast<const HasLimits*>(&model)) limited->require_within_limits(graph, where);
}

}  // namespace alkali::models
