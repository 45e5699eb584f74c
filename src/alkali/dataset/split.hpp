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
/// Their names in configs and on the command line: none, group, whole-group.
[[nodiscard]] std::vector<std::string> grouping_names();
/// InputError naming the word and the known ones.
[[nodiscard]] Grouping grouping_from(const std::string& name);

/// The defaults are those of a training and of `alkali data split`: the same seed and share give the same frames in both.
struct SplitOptions {
    double fraction = 0.1;  ///< of the frames to hold out, 0..1
    std::uint64_t seed = 1;
    Grouping grouping = Grouping::stratified;
    std::vector<std::string> held_groups;  ///< Grouping::whole: these; empty: groups drawn until the fraction is reached
};

/// The frame's info `group`, else `config_type`, else "".
[[nodiscard]] std::string group_of(const Frame& frame);
/// Frame numbers by group.
[[nodiscard]] std::map<std::string, std::vector<std::size_t>> by_group(std::span<const Frame> frames);

/// Frames that a draw leaves for training: isolated atoms (the zero of energy comes from them) and the only frame of a species.
[[nodiscard]] std::vector<bool> stays_in_training(std::span<const Frame> frames);

/// Pairs (i, j) of frames, i of kept and j of held, that are the same structure.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> shared_structures(std::span<const Frame> frames, const Split& split);
/// The same of two sets: pairs (i, j) of frame i of the one and j of the other.
[[nodiscard]] std::vector<std::pair<std::size_t, std::size_t>> structures_in_both(std::span<const Frame> one, std::span<const Frame> other);

/// Draws among the frames that do not have to stay in training (among all where each would); groups held out by name are held out whole,
/// whatever they hold. Errors: InputError for a fraction outside 0..1, an unknown group (nearest named), or whole groups where there is
/// only one. With a fraction strictly between 0 and 1 and at least two frames to draw from neither part is empty. The same seed gives the
/// same split on every machine.
[[nodiscard]] Split split(std::span<const Frame> frames, const SplitOptions& options);

}  // namespace alkali::dataset
