#include "alkali/models/common/registry.hpp"

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"

namespace alkali::models {

std::vector<std::string> KindRegistry::names() const {
    std::vector<std::string> names;
    for (const auto& kind : kinds_) names.push_back(kind.name);
    return names;
}

const ModelKind& KindRegistry::at(const std::string& name) const {
    for (const auto& kind : kinds_)
        if (kind.name == name) return kind;
    const auto known = names();
    std::string list;
    for (const auto& each : known) list += (list.empty() ? "" : ", ") + each;
    const auto guess = base::did_you_mean(name, known);
    throw InputError("unknown kind of model '" + name + "'", {}, guess.empty() ? "known kinds: " + list : guess);
}

}  // namespace alkali::models
