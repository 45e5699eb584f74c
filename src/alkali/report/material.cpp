#include "alkali/report/material.hpp"

#include <algorithm>

namespace alkali::report {

namespace {

constexpr std::string_view reference_element = reference_crystal.substr(reference_crystal.rfind(' ') + 1);

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
    const auto is_of_another = [](const Source& source) {
        return std::any_of(source.evaluations.begin(), source.evaluations.end(), [&](const Evaluation& evaluation) {
            const auto elements = elements_of(evaluation, source);
            return !elements.empty() && elements != reference_element;
        });
    };
    const bool others =
        std::any_of(materials.begin(), materials.end(), [](const Material& m) { return !m.name.empty() && m.name != reference_crystal; }) ||
        std::any_of(sources.begin(), sources.end(), is_of_another);
    for (auto& material : materials)
        if (material.name.empty() && !others) material.references = lithium_references();
    return materials;
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

namespace {

/// "Al, Mg" as the name of one material: "Al-Mg".
std::string joined_by_dashes(std::string elements) {
    for (auto at = elements.find(", "); at != std::string::npos; at = elements.find(", ")) elements.replace(at, 2, "-");
    return elements;
}

}  // namespace

std::string names_of(const std::vector<Material>& materials, const std::vector<Source>& sources) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    };
    for (const auto& material : materials) add(material.name);
    const auto crystals = names;
    for (const auto& source : sources)
        for (const auto& evaluation : source.evaluations) {
            const auto elements = elements_of(evaluation, source);
            const bool known =
                std::any_of(crystals.begin(), crystals.end(), [&](const auto& name) { return name.ends_with(" " + elements); });
            if (!known) add(joined_by_dashes(elements));
        }
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

}  // namespace alkali::report
