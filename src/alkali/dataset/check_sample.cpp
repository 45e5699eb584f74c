#include <algorithm>
#include <cmath>

#include "alkali/dataset/check_parts.hpp"

namespace alkali::dataset {
namespace {

std::size_t size_of(const Frame& frame) {
    return sizeof(Frame) + frame.source.size() + frame.structure.size() * (sizeof(int) + sizeof(Vec3)) +
           (frame.labels.forces ? frame.structure.size() * sizeof(Vec3) : 0);
}

}  // namespace

std::uint32_t Places::add(const Frame& frame) {
    // Frames of a file come one after the other.
    if (files_.empty() || files_.back() != frame.source) files_.push_back(frame.source);
    rows_.push_back({static_cast<std::uint32_t>(files_.size() - 1), static_cast<std::uint32_t>(frame.index)});
    return static_cast<std::uint32_t>(rows_.size() - 1);
}

std::string Places::where(std::uint32_t row) const {
    Frame frame;
    frame.source = files_[rows_[row].file];
    frame.index = rows_[row].index;
    return frame.where();
}

void StressSample::see(std::size_t source, const Frame& frame) {
    const auto& labels = frame.labels;
    if (!labels.energy || !std::isfinite(*labels.energy) || !labels.stress || !frame.structure.cell.fully_periodic()) return;
    const std::size_t number = seen_++;
    if (number % stride_ != 0) return;
    Frame& kept = set_.frames.emplace_back();
    kept.structure = frame.structure;
    kept.labels = frame.labels;
    kept.labels.energies.reset();
    kept.source = frame.source;
    kept.index = frame.index;
    set_.source.push_back(source);
    number_.push_back(number);
    used_ += size_of(kept);
    while (used_ > bytes_ && set_.frames.size() > 1) {
        stride_ *= 2;
        std::size_t left = 0;
        used_ = 0;
        for (std::size_t i = 0; i < set_.frames.size(); ++i) {
            if (number_[i] % stride_ != 0) continue;
            if (left != i) {
                set_.frames[left] = std::move(set_.frames[i]);
                set_.source[left] = set_.source[i];
                number_[left] = number_[i];
            }
            used_ += size_of(set_.frames[left++]);
        }
        set_.frames.resize(left);
        set_.source.resize(left);
        number_.resize(left);
    }
}

FrameSet StressSample::take(const std::vector<std::string>& sources) {
    set_.sources = sources;
    set_.notes.resize(sources.size());
    return std::move(set_);
}

}  // namespace alkali::dataset
