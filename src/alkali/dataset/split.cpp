#include "alkali/dataset/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/twins.hpp"
#include "alkali/structure/isolated_atom.hpp"

namespace alkali::dataset {
namespace {

// Shares such as 1 - 0.9 and 0.1 are the same, and so are products that differ in their last digits.
constexpr double share_digits = 1e9;
constexpr double count_tolerance = 1e-6;

double without_rounding(double fraction) {
    const double rounded = std::round(fraction * share_digits) / share_digits;
    return rounded > 0 && rounded < 1 ? rounded : fraction;
}

std::size_t share(std::size_t count, double fraction) {
    return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
}

// Neither part empty where both can have something.
std::size_t share_of_all(std::size_t count, double fraction) {
    const std::size_t wanted = share(count, fraction);
    if (fraction <= 0 || fraction >= 1 || count < 2) return wanted;
    return std::clamp<std::size_t>(wanted, 1, count - 1);
}

std::vector<std::size_t> draw(std::vector<std::size_t> pool, std::size_t count, base::Random& random) {
    random.shuffle(pool);
    pool.resize(std::min(count, pool.size()));
    return pool;
}

using Groups = std::map<std::string, std::vector<std::size_t>>;

// Largest remainders: each group's share rounded so that the total is right.
std::vector<std::size_t> draw_stratified(const Groups& groups, std::size_t total, double fraction, base::Random& random) {
    struct Quota {
        const std::vector<std::size_t>* members;
        std::size_t count;
        double rest;
    };
    std::vector<Quota> quotas;
    std::size_t given = 0;
    for (const auto& [name, members] : groups) {
        const double exact = fraction * static_cast<double>(members.size());
        const auto whole = static_cast<std::size_t>(std::floor(exact + count_tolerance));
        quotas.push_back({&members, whole, std::round((exact - static_cast<double>(whole)) / count_tolerance)});
        given += whole;
    }
    std::vector<std::size_t> order(quotas.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return quotas[a].rest > quotas[b].rest; });
    for (std::size_t k = 0; given < total && k < order.size(); ++k)
        if (quotas[order[k]].count < quotas[order[k]].members->size()) ++quotas[order[k]].count, ++given;
    std::vector<std::size_t> held;
    for (const auto& quota : quotas)
        for (const auto i : draw(*quota.members, quota.count, random)) held.push_back(i);
    return held;
}

std::vector<std::size_t> named_groups(const Groups& groups, const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const auto& [name, members] : groups) known.push_back(name);
    std::vector<std::size_t> held;
    for (const auto& name : names) {
        const auto found = groups.find(name);
        if (found == groups.end()) throw InputError(fmt::format("no frame has the group '{}'", name), {}, base::did_you_mean(name, known));
        held.insert(held.end(), found->second.begin(), found->second.end());
    }
    return held;
}

std::vector<std::size_t> drawn_groups(const Groups& groups, std::size_t total, base::Random& random) {
    std::vector<std::string> names;
    for (const auto& [name, members] : groups) names.push_back(name);
    if (total > 0 && names.size() < 2)
        throw InputError("whole groups cannot be held out: all frames are of one group", {},
                         "name their groups in the frames' info (group or config_type), or split without groups");
    random.shuffle(names);
    std::vector<std::size_t> held;
    for (std::size_t k = 0; k + 1 < names.size() && held.size() < total; ++k) {
        const auto& members = groups.at(names[k]);
        held.insert(held.end(), members.begin(), members.end());
    }
    return held;
}

Groups only(Groups groups, const std::vector<bool>& stays) {
    for (auto& [name, members] : groups) std::erase_if(members, [&](std::size_t i) { return stays[i]; });
    std::erase_if(groups, [](const auto& group) { return group.second.empty(); });
    return groups;
}

}  // namespace

std::vector<std::string> grouping_names() { return {"none", "group", "whole-group"}; }

Grouping grouping_from(const std::string& name) {
    if (name == "none") return Grouping::none;
    if (name == "group") return Grouping::stratified;
    if (name == "whole-group") return Grouping::whole;
    throw InputError("'" + name + "' is no way to group frames", {}, base::did_you_mean(name, grouping_names()));
}

std::vector<bool> stays_in_training(std::span<const Frame> frames) {
    std::vector<bool> stays(frames.size());
    std::map<int, std::vector<std::size_t>> holders;  // at most two of each species
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto& numbers = frames[i].structure.numbers;
        for (const int number : numbers) {
            auto& some = holders[number];
            if (some.size() < 2 && (some.empty() || some.back() != i)) some.push_back(i);
        }
        stays[i] = structure::is_isolated_atom(frames[i].structure);
    }
    for (const auto& [number, some] : holders)
        if (some.size() == 1 && frames.size() > 1) stays[some[0]] = true;
    return stays;
}

std::vector<std::pair<std::size_t, std::size_t>> shared_structures(std::span<const Frame> frames, const Split& split) {
    const auto first = first_of_the_same(fingerprints_of(frames));
    std::map<std::size_t, std::size_t> kept;
    for (const auto i : split.kept) kept.emplace(first[i], i);
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (const auto j : split.held)
        if (const auto found = kept.find(first[j]); found != kept.end()) pairs.emplace_back(found->second, j);
    return pairs;
}

std::vector<std::pair<std::size_t, std::size_t>> structures_in_both(std::span<const Frame> one, std::span<const Frame> other) {
    auto both = fingerprints_of(one);
    for (const auto& fingerprint : fingerprints_of(other)) both.push_back(fingerprint);
    const auto first = first_of_the_same(both);
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t j = 0; j < other.size(); ++j)
        if (const auto found = first[one.size() + j]; found < one.size()) pairs.emplace_back(found, j);
    return pairs;
}

std::string group_of(const Frame& frame) {
    for (const char* key : {"group", "config_type"})
        if (const auto found = frame.info.find(key); found != frame.info.end()) return found->second;
    return {};
}

Groups by_group(std::span<const Frame> frames) {
    Groups groups;
    for (std::size_t i = 0; i < frames.size(); ++i) groups[group_of(frames[i])].push_back(i);
    return groups;
}

Split split(std::span<const Frame> frames, const SplitOptions& options) {
    if (!(options.fraction >= 0 && options.fraction <= 1))
        throw InputError(fmt::format("a fraction of {} is not between 0 and 1", options.fraction));
    base::Random random(options.seed);
    auto stays = stays_in_training(frames);
    if (std::all_of(stays.begin(), stays.end(), [](bool stay) { return stay; })) stays.assign(frames.size(), false);
    std::vector<std::size_t> all(frames.size()), pool, held;
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = i;
        if (!stays[i]) pool.push_back(i);
    }
    const double fraction = without_rounding(options.fraction);
    const std::size_t total = share_of_all(pool.size(), fraction);
    if (options.grouping == Grouping::none) held = draw(pool, total, random);
    if (options.grouping == Grouping::stratified) held = draw_stratified(only(by_group(frames), stays), total, fraction, random);
    if (options.grouping == Grouping::whole)
        held = options.held_groups.empty() ? drawn_groups(only(by_group(frames), stays), total, random)
                                           : named_groups(by_group(frames), options.held_groups);
    std::sort(held.begin(), held.end());
    held.erase(std::unique(held.begin(), held.end()), held.end());
    Split result;
    std::set_difference(all.begin(), all.end(), held.begin(), held.end(), std::back_inserter(result.kept));
    result.held = std::move(held);
    return result;
}

}  // namespace alkali::dataset
