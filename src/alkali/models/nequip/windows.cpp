#include "alkali/models/nequip/windows.hpp"

#include <algorithm>
#include <numeric>

namespace alkali::models::nequip {

Windows make_windows(const Graph& graph, int size) {
    Windows result;
    const int atoms = graph.num_atoms(), local = graph.num_local;
    if (atoms <= size) {
        Window all{0, atoms, std::vector<std::int32_t>(static_cast<std::size_t>(local))};
        std::iota(all.enter.begin(), all.enter.end(), 0);
        result.windows.push_back(std::move(all));
        result.rows = local;
        return result;
    }
    for (int begin = 0; begin < atoms; begin += size) result.windows.push_back({begin, std::min(begin + size, atoms), {}});
    std::vector<std::vector<std::int32_t>> leave(result.windows.size());
    for (int i = 0; i < local; ++i) {
        const auto c = static_cast<std::size_t>(i);
        if (graph.first[c] == graph.first[c + 1]) continue;
        int low = atoms, high = 0;
        for (auto e = static_cast<std::size_t>(graph.first[c]); e < static_cast<std::size_t>(graph.first[c + 1]); ++e) {
            low = std::min(low, graph.neighbour[e]);
            high = std::max(high, graph.neighbour[e]);
        }
        result.windows[static_cast<std::size_t>(low / size)].enter.push_back(i);
        leave[static_cast<std::size_t>(high / size)].push_back(i);
    }
    result.row.assign(static_cast<std::size_t>(local), 0);
    std::vector<std::int32_t> free;  // the lowest place last
    for (std::size_t w = 0; w < result.windows.size(); ++w) {
        for (const std::int32_t i : result.windows[w].enter) {
            std::int32_t place = 0;
            if (free.empty()) {
                place = result.rows++;
            } else {
                place = free.back();
                free.pop_back();
            }
            result.row[static_cast<std::size_t>(i)] = place;
        }
        for (const std::int32_t i : leave[w]) free.push_back(result.row[static_cast<std::size_t>(i)]);
        std::sort(free.begin(), free.end(), std::greater<>());
    }
    return result;
}

}  // namespace alkali::models::nequip
