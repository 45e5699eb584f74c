#include "alkali/structure/isolated_atom.hpp"

#include "alkali/base/error.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::structure {

bool is_isolated_atom(const Structure& structure) {
    constexpr double far = 8.0;  // angstrom
    if (structure.size() != 1) return false;
    try {
        return neighbour_list(structure, far).edges() == 0;
    } catch (const InputError&) {
        return false;  // a cell too small to have its images counted
    }
}

}  // namespace alkali::structure
