#pragma once
#include <cstddef>
#include <span>

#include "alkali/structure/frame.hpp"

namespace alkali::training {

/// Sums of one kind of residual.
struct ResidualSums {
    double squares = 0, magnitudes = 0, sum = 0;
    double count = 0;    ///< a double, so that ranks can add sums in one array
    double centred = 0;  ///< sum of squares about the mean, kept apart: squares - sum^2/count cancels where the mean is large
    void add(double residual);
    void add(const ResidualSums& other);
    [[nodiscard]] double rmse() const;  ///< NaN when nothing was added
    [[nodiscard]] double mae() const;
    [[nodiscard]] double mean() const;
    /// RMSE about the mean residual, to full precision whatever that mean is. Of sums that were loaded: as good as
    /// squares - sum^2/count.
    [[nodiscard]] double rmse_shifted() const;
};

/// Errors of predictions over frames: energy per atom (eV; one per frame), force components (eV/angstrom), the 9 stress
/// components (eV/angstrom^3). Labels that a frame lacks are left out.
struct ErrorSums {
    ResidualSums energy, forces, stress;
    static constexpr std::size_t size = 12;
    /// As numbers in a fixed order, for adding over ranks and for checkpoints.
    void store(std::span<double, size> values) const;
    void load(std::span<const double, size> values);
    void add(const ErrorSums& other);
};

/// What a model says of a frame.
struct Prediction {
    double energy = 0;
    std::span<const Vec3> forces;
    Mat3 stress;
};

/// The stress label of a frame counts where the frame is periodic in all directions; elsewhere stress is not defined.
[[nodiscard]] bool has_stress(const structure::Frame& frame);
void add_errors(const structure::Frame& frame, const Prediction& prediction, ErrorSums& sums);

}  // namespace alkali::training
