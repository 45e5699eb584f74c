#include "alkali/training/errors.hpp"

#include <algorithm>
#include <cmath>

namespace alkali::training {

// Welford, Technometrics 4, 419 (1962); for two sets Chan, Golub, LeVeque (1979).
void ResidualSums::add(double residual) { add({residual * residual, std::abs(residual), residual, 1, 0}); }

void ResidualSums::add(const ResidualSums& other) {
    if (other.count == 0) return;
    if (count > 0) {
        const double apart = other.sum / other.count - sum / count;
        centred += apart * apart * count * other.count / (count + other.count);
    }
    centred += other.centred;
    squares += other.squares;
    magnitudes += other.magnitudes;
    sum += other.sum;
    count += other.count;
}

double ResidualSums::rmse() const { return count > 0 ? std::sqrt(squares / count) : std::nan(""); }
double ResidualSums::mae() const { return count > 0 ? magnitudes / count : std::nan(""); }
double ResidualSums::mean() const { return count > 0 ? sum / count : std::nan(""); }
double ResidualSums::rmse_shifted() const { return count > 0 ? std::sqrt(centred / count) : std::nan(""); }

void ErrorSums::store(std::span<double, size> values) const {
    std::size_t k = 0;
    for (const auto* part : {&energy, &forces, &stress})
        for (const double value : {part->squares, part->magnitudes, part->sum, part->count}) values[k++] = value;
}

void ErrorSums::load(std::span<const double, size> values) {
    std::size_t k = 0;
    for (auto* part : {&energy, &forces, &stress})
        for (double* value : {&part->squares, &part->magnitudes, &part->sum, &part->count}) *value = values[k++];
    for (auto* part : {&energy, &forces, &stress})
        part->centred = part->count > 0 ? std::max(0.0, part->squares - part->sum * part->sum / part->count) : 0;
}

void ErrorSums::add(const ErrorSums& other) {
    energy.add(other.energy);
    forces.add(other.forces);
    stress.add(other.stress);
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
