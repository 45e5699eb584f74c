#include "alkali/io/losses.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace alkali::io {
namespace {

constexpr std::size_t most_named = 12;

std::string list(const std::map<std::string, std::size_t>& counts, bool with_counts) {
    std::string text;
    std::size_t named = 0;
    for (const auto& [name, count] : counts) {
        if (named++ == most_named) return text + fmt::format(" and {} more", counts.size() - most_named);
        text += (text.empty() ? "" : ", ") + name + (with_counts ? fmt::format(" {}", count) : "");
    }
    return text;
}

// True if open directions of the cell come back periodic, or periodic ones open.
bool boundaries_change(const structure::Cell& cell, Boundaries held) {
    const auto& periodic = cell.periodic();
    const auto count = std::count(periodic.begin(), periodic.end(), true);
    if (count == 3 || held == Boundaries::each) return false;
    return held == Boundaries::periodic || count != 0;
}

}  // namespace

void Losses::add(const Frame& frame) {
    if (format_.abilities.columns) return;
    add_labels(frame);
    if (boundaries_change(frame.structure.cell, format_.abilities.boundaries)) ++closed_;
    if (frame.weight != 1.0 || frame.weights != structure::LabelWeights{}) ++weighted_;
    for (const auto& column : frame.columns) ++columns_[column.name];
    for (const auto& [key, value] : frame.info) ++keys_[key];
}

void Losses::add_labels(const Frame& frame) {
    const auto& labels = frame.labels;
    const bool none = format_.holds == Holds::structure, all = format_.holds == Holds::labels;
    if (labels.energy && !all) ++labels_["energy"];
    if (labels.forces && none) ++labels_["forces"];
    // Only a periodic cell has a stress in formats other than extended XYZ.
    if (labels.stress && (!all || !frame.structure.cell.fully_periodic())) ++labels_["stress"];
    if (labels.energies) ++labels_["energies of atoms"];
}

void Losses::tell(base::LogSink& log) const {
    const auto& name = format_.name;
    if (!labels_.empty()) log.warning(fmt::format("{} does not hold these labels, which are not written: {}", name, list(labels_, true)));
    if (closed_ > 0)
        log.warning(fmt::format("{} {}: which directions of {} frames are open is not written", name,
                                format_.abilities.boundaries == Boundaries::all ? "holds cells that are periodic in all directions or none"
                                                                                : "holds only cells that are periodic in all directions",
                                closed_));
    if (weighted_ > 0) log.warning(fmt::format("{} does not hold weights: those of {} frames are not written", name, weighted_));
    if (!columns_.empty())
        log.warning(fmt::format("{} does not hold these columns, which are not written: {}", name, list(columns_, false)));
    if (!keys_.empty()) log.info(fmt::format("{} does not hold these keys, which are not written: {}", name, list(keys_, false)));
}

}  // namespace alkali::io
