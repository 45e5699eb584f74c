#include "alkali/models/deep_potential/environment.hpp"

#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::models::deep_potential {

std::vector<Normalisation> normalisations(const Architecture& architecture, std::span<const double> parameters) {
    const auto pairs = static_cast<std::size_t>(architecture.hyper.types() * architecture.hyper.types());
    const double *mean = parameters.data() + architecture.offset(architecture.davg),
                 *deviation = parameters.data() + architecture.offset(architecture.dstd);
    std::vector<Normalisation> all;
    for (std::size_t p = 0; p < pairs; ++p, mean += 4, deviation += 4) {
        for (int k = 0; k < 4; ++k)
            if (!(deviation[k] > 0)) throw InputError("a deviation of the environment is not positive", "dstd");
        if (mean[1] != 0 || mean[2] != 0 || mean[3] != 0)
            throw InputError("an angular mean of the environment is not zero", "davg", "such models are not invariant to rotation");
        if (deviation[1] != deviation[2] || deviation[1] != deviation[3])
            throw InputError("angular deviations of the environment differ", "dstd", "such models are not invariant to rotation");
        all.push_back({mean[0], deviation[0], deviation[1]});
    }
    return all;
}

Sight bare_sight(const DescriptorHyperparameters& d, double r) {
    double weight = 1, slope = 0;
    if (r >= d.rcut) {
        weight = 0;
    } else if (r > d.rcut_smth) {
        const double width = d.rcut - d.rcut_smth, u = (r - d.rcut_smth) / width, uu = u * u;
        weight = 1 + uu * u * (-6 * uu + 15 * u - 10);
        slope = -30 * uu * (uu - 2 * u + 1) / width;
    }
    const double inverse = 1 / (r + d.env_protection);
    Sight sight;
    sight.r = r;
    sight.x = weight * inverse;
    sight.x_slope = (slope - weight * inverse) * inverse;
    sight.h = weight * inverse * inverse;
    sight.h_slope = (slope - 2 * weight * inverse) * inverse * inverse;
    return sight;
}

Sight look(const DescriptorHyperparameters& descriptor, const Normalisation& n, double r) {
    Sight sight = bare_sight(descriptor, r);
    sight.x = (sight.x - n.mean) / n.deviation;
    sight.x_slope /= n.deviation;
    sight.h /= n.angular_deviation;
    sight.h_slope /= n.angular_deviation;
    return sight;
}

}  // namespace alkali::models::deep_potential
