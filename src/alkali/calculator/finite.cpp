#include "alkali/calculator/finite.hpp"

#include <cmath>
#include <string_view>

#include "alkali/base/error.hpp"

namespace alkali::calculator {
namespace {

bool all_finite(double value) { return std::isfinite(value); }
bool all_finite(const Vec3& value) { return value.allFinite(); }
bool all_finite(const Mat3& value) { return value.allFinite(); }

/// Complains of what is not finite in one calculator's result.
class Examination {
public:
    explicit Examination(const std::string& name) : name_(name) {}

    template <class T>
    void one(const T& value, std::string_view what) const {
        if (!all_finite(value)) refuse(std::string(what));
    }
    template <class T>
    void of_atoms(const std::vector<T>& values, std::string_view what) const {
        for (std::size_t i = 0; i < values.size(); ++i)
            if (!all_finite(values[i])) refuse(std::string(what) + " of atom " + std::to_string(i + 1));
    }

private:
    [[noreturn]] void refuse(const std::string& what) const {
        throw InputError("the " + what + " is no finite number", name_,
                         "is the structure far from all that the calculator was made for, or is the calculator damaged?");
    }
    const std::string& name_;
};

}  // namespace

void require_finite(const Result& result, const std::string& name) {
    const Examination examination(name);
    examination.one(result.energy, "energy");
    examination.of_atoms(result.forces, "force");
    examination.one(result.stress, "stress");
    examination.of_atoms(result.energies, "energy");
    examination.of_atoms(result.virials, "virial");
    if (!result.uncertainty) return;
    const auto& expected = *result.uncertainty;
    if (expected.energy) examination.one(*expected.energy, "expected error of the energy");
    examination.of_atoms(expected.forces, "expected error of the force");
    if (expected.stress) examination.one(*expected.stress, "expected error of the stress");
    examination.of_atoms(expected.energies, "expected error of the energy");
}

}  // namespace alkali::calculator
