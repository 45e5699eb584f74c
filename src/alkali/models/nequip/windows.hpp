#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "alkali/models/contract/graph.hpp"

namespace alkali::models::nequip {

/// Atoms [begin, end) whose gradients are gathered together, and the centres whose rows are needed from now on.
struct Window {
    int begin = 0, end = 0;
    std::vector<std::int32_t> enter;  ///< ascending
};

/// A schedule for the backward convolution that keeps the wide rows dE/dmid of few centres at a time: a row is made when
/// the first window that needs it begins, and its place is given to another after the last. Where atoms are numbered
/// along a path through space, few rows are alive at once; in any order the result is the same.
struct Windows {
    std::vector<Window> windows;
    std::vector<std::int32_t> row;  ///< (local) place of the row of each centre; empty: its own number
    int rows = 0;                   ///< number of places
    [[nodiscard]] int place(std::int32_t centre) const { return row.empty() ? centre : row[static_cast<std::size_t>(centre)]; }
};

/// One window for all atoms where these are no more than `size`.
[[nodiscard]] Windows make_windows(const Graph& graph, int size);

}  // namespace alkali::models::nequip
