#include "alkali/training/errors.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace alkali::training {

void ResidualSums::add(double residual) {
    squares += residual * residual;
    magnitudes += std::abs(residual);
    sum += residual;
    count += 1;
}

double ResidualSums::rmse() const { return count > 0 ? std::sqrt(squares / count) : std::nan(""); }
double ResidualSums::mae() const { return count > 0 ? magnitudes / count : std::nan(""); }
double ResidualSums::rmse_shifted() const {
    return count > 0 ? std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count))) : std::nan("");
}

void ErrorSums::store(std::span<double, size> values) const {
    std::size_t k = 0;
    for (const auto* part : {&energy, &forces, &stress})
        for (const double value : {part->squares, part->magnitudes, part->sum, part->count}) values[k++] = value;
}

void ErrorSums::load(std::span<const double, size> values) {
    std::size_t k = 0;
    for (auto* part : {&energy, &forces, &stress})
        for (double* value : {&part->squares, &part->magnitudes, &part->sum, &part->count}) *value = values[k++];
}

void ErrorSums::add(const ErrorSums& other) {
    std::array<double, size> a{}, b{};
    store(a);
    other.store(b);
    for (std::size_t k = 0; k < size; ++k) a[k] += b[k];
    load(a);
}

bool has_stress(const structure::Frame& frame) { return frame.labels.stress.has_value() && frame.structure.cell.fully_periodic(); }

void add_errors(const structure::Frame& frame, const Prediction& prediction, ErrorSums& sums) {
    if (frame.labels.energy) sums.energy.add((prediction.energy - *frame.labels.energy) / static_cast<double>(frame.structure.size()));
    if (frame.labels.forces)
        for (std::size_t i = 0; i < frame.structure.size(); ++i)
            for (int k = 0; k < 3; ++k) sums.forces.add(prediction.forces[i][k] - (*frame.labels.forces)[i][k]);
    if (has_stress(frame))
        for (int a = 0; a < 3; ++a)
            for (int b = 0; b < 3; ++b) sums.stress.add(prediction.stress(a, b) - (*frame.labels.stress)(a, b));
}

}  // namespace alkali::training
