#include "alkali/training/validation.hpp"

#include <algorithm>
#include <numeric>

#include "alkali/base/random.hpp"
#include "alkali/training/loss.hpp"

namespace alkali::training {
namespace {

bool has_kinds_of(const LabelCounts& some, const LabelCounts& all) {
    return (some.energies > 0 || all.energies == 0) && (some.force_components > 0 || all.force_components == 0) &&
           (some.stresses > 0 || all.stresses == 0);
}

double atoms_in(const structure::Frame& frame) { return static_cast<double>(frame.structure.size()); }

}  // namespace

std::vector<std::size_t> validation_order(std::size_t frames) {
    std::vector<std::size_t> order(frames);
    std::iota(order.begin(), order.end(), std::size_t{0});
    base::Random(frames).shuffle(order);
    return order;
}

std::size_t validated_frames(const GraphSet& set, const ValidationBudget& budget) {
    LabelCounts all, taken;
    for (const auto& frame : set.frames()) all.add(frame);
    std::size_t count = 0;
    double atoms = 0;
    for (const std::size_t index : validation_order(set.size())) {
        const auto& frame = set.frame(index);
        const bool fits = budget.most_frames > 0 ? count < budget.most_frames : atoms + atoms_in(frame) <= budget.most_atoms;
        if (count > 0 && !fits && has_kinds_of(taken, all)) break;
        taken.add(frame);
        atoms += atoms_in(frame);
        ++count;
    }
    return count;
}

std::vector<std::size_t> chosen_frames(const GraphSet& set, std::size_t count) {
    auto order = validation_order(set.size());
    order.resize(std::min(count, order.size()));
    std::sort(order.begin(), order.end());
    return order;
}

double atoms_of(const GraphSet& set) {
    double atoms = 0;
    for (const auto& frame : set.frames()) atoms += atoms_in(frame);
    return atoms;
}

}  // namespace alkali::training
