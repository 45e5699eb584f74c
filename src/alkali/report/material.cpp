#include "alkali/report/material.hpp"

#include <algorithm>

namespace alkali::report {

namespace {

References literature_on(const std::string& crystal) { return crystal == reference_crystal ? lithium_references() : References{}; }

}  // namespace

std::vector<Material> materials_of(const std::vector<Source>& sources) {
    std::vector<Material> materials;
    for (const auto& source : sources) {
        if (source.records.all().empty()) continue;
        const std::string crystal = crystal_of(source);
        auto at = std::find_if(materials.begin(), materials.end(), [&](const Material& m) { return m.name == crystal; });
        if (at == materials.end()) at = materials.insert(at, {crystal, {}, literature_on(crystal)});
        at->sources.push_back(&source);
    }
    const bool others =
        std::any_of(materials.begin(), materials.end(), [](const Material& m) { return !m.name.empty() && m.name != reference_crystal; });
    for (auto& material : materials)
        if (material.name.empty() && !others) material.references = lithium_references();
    return materials;
}

std::string names_of(const std::vector<Material>& materials) {
    std::string names;
    for (const auto& material : materials)
        if (!material.name.empty()) names += (names.empty() ? "" : ", ") + material.name;
    return names;
}

std::string elements_of(const Evaluation& evaluation, const Source& source) {
    for (const auto& [name, record] : evaluation.records.all()) {
        if (!record.provenance.is_object() || !record.provenance.contains("elements") || !record.provenance["elements"].is_array())
            continue;
        std::string elements;
        for (const auto& element : record.provenance["elements"])
            if (element.is_string()) elements += (elements.empty() ? "" : ", ") + element.get<std::string>();
        if (!elements.empty()) return elements;
    }
    const std::string crystal = crystal_of(source);
    return crystal.substr(crystal.rfind(' ') + 1);
}

}  // namespace alkali::report
