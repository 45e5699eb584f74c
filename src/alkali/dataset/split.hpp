#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "alkali/structure/frame.hpp"

namespace alkali::dataset {

using structure::Frame;

/// Frame numbers, each part ascending.
struct Split {
    std::vector<std::size_t> kept;  ///< for training
    std::vector<std::size_t> held;  ///< for validation or test
};

/// How groups matter: not at all; each group gives its share; whole groups are held out.
enum class Grouping { none, stratified, whole };

struct SplitOptions {
    double fraction = 0.1;  ///< of the frames to hold out, 0..1
    std::uint64_t seed = 1;
    Grouping grouping = Grouping::none;
    std::vector<std::string> held_groups;  ///< Grouping::whole: these; empty: groups drawn until the fraction is reached
};

/// The frame's info `group`, else `config_type`, else "".
[[nodiscard]] std::string group_of(const Frame& frame);
/// Frame numbers by group.
[[nodiscard]] std::map<std::string, std::vector<std::size_t>> by_group(std::span<const Frame> frames);

/// Errors: InputError for a fraction outside 0..1, an unknown group (nearest named), or whole groups where there is only
/// one. With a fraction strictly between 0 and 1 and at least two frames neither part is empty. The same seed gives the
/// same split on every machine.
[[nodiscard]] Split split(std::span<const Frame> frames, const SplitOptions& options);

}  // namespace alkali::dataset
