#include "alkali/base/random.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <sstream>

#include "alkali/base/error.hpp"

namespace alkali::base {

double Random::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
}

std::uint64_t Random::below(std::uint64_t bound) {
    // Rejection keeps every value equally likely.
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() - std::numeric_limits<std::uint64_t>::max() % bound;
    std::uint64_t draw = engine_();
    while (draw >= limit) draw = engine_();
    return draw % bound;
}

std::string Random::state() const {
    std::ostringstream text;
    text << engine_;
    return text.str();
}

void Random::restore(const std::string& state) {
    std::istringstream text(state);
    std::mt19937_64 engine;
    text >> engine;
    if (text.fail()) throw InputError("stored state of the random numbers is damaged");
    engine_ = engine;
}

}  // namespace alkali::base
