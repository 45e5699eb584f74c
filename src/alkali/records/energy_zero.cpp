#include "alkali/records/energy_zero.hpp"

#include <cmath>

namespace alkali::records {

bool another_zero(double mean_error, double rmse_about_mean) {
    return std::abs(mean_error) > 10 && std::abs(mean_error) > 3 * rmse_about_mean;
}

}  // namespace alkali::records
