#pragma once
#include <string>
#include <vector>

#include "alkali/report/references.hpp"
#include "alkali/report/source.hpp"

namespace alkali::report {

/// The sources about one crystal: they share a table and the literature on it.
struct Material {
    std::string name;  ///< as crystal_of() says it, such as "bcc Li"; empty: the records do not say
    std::vector<const Source*> sources;
    References references;  ///< on this crystal alone
};

/// In the order in which they appear. Sources without properties of a crystal are left out. Records that do not say what they are about
/// stand beside the lithium data only where nothing on the page is about another crystal.
[[nodiscard]] std::vector<Material> materials_of(const std::vector<Source>& sources);

/// What a page is about, such as "bcc Li, fcc Al"; of sources without a crystal the elements that their evaluations are of. Empty: nobody
/// says.
[[nodiscard]] std::string names_of(const std::vector<Material>& materials, const std::vector<Source>& sources);

/// The elements of the frames of an evaluation, "Li" or "Al, Mg", as it or else its source says; empty: neither does.
[[nodiscard]] std::string elements_of(const Evaluation& evaluation, const Source& source);

}  // namespace alkali::report
