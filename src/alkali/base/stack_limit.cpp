#include "alkali/base/stack_limit.hpp"

#include <sys/resource.h>

#include <cctype>
#include <charconv>
#include <limits>
#include <string>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

void require(std::size_t bytes, const std::string& where) {
    if (bytes >= least_stack) return;
    throw InputError("gives a stack of " + std::to_string(bytes / 1024) + " kB, on which the program cannot work", where,
                     "give at least " + std::to_string(least_stack / 1024) + " kB");
}

void require_of_threads(std::size_t bytes, const std::string& where) {
    require(bytes, where);
    if (bytes > most_stack)
        throw InputError("gives each thread a stack of " + std::to_string(bytes >> 30) + " GB", where,
                         "give at most " + std::to_string(most_stack >> 30) + " GB, or leave the variable out");
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blank = " \t\n\v\f\r";
    const auto first = text.find_first_not_of(blank);
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(blank) + 1 - first);
}

}  // namespace

std::optional<std::size_t> openmp_size(std::string_view text) {
    text = trimmed(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    std::size_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc()) return std::nullopt;
    const auto unit = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
    if (unit.size() > 1) return std::nullopt;
    constexpr std::string_view units = "BKMG";
    const auto power = unit.empty() ? 1 : units.find(static_cast<char>(std::toupper(static_cast<unsigned char>(unit[0]))));
    if (power == std::string_view::npos) return std::nullopt;
    const std::size_t factor = std::size_t{1} << (10 * power);
    if (number > std::numeric_limits<std::size_t>::max() / factor) return std::nullopt;
    return number * factor;
}

void require_stack(const char* omp_stacksize, const char* gomp_stacksize) {
    if (rlimit limit{}; ::getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        require(limit.rlim_cur, "the limit of the stack (ulimit -s)");
    // OpenMP's library looks at the second where the first gives no size.
    if (const auto size = openmp_size(omp_stacksize != nullptr ? omp_stacksize : ""))
        require_of_threads(*size, "OMP_STACKSIZE");
    else if (const auto other = openmp_size(gomp_stacksize != nullptr ? gomp_stacksize : ""))
        require_of_threads(*other, "GOMP_STACKSIZE");
}

}  // namespace alkali::base
