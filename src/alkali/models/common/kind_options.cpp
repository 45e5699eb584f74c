#include "alkali/models/common/kind_options.hpp"

namespace alkali::models {

void add_type_names(config::Options& options) {
    options.texts("type_names", "chemical symbols, in the order of the model's types")
        .required()
        .alias("chemical_symbols")
        .alias("type_map");
}

void add_energy_shifts(config::Options& options) {
    options
        .text("per_type_energy_shifts",
              "energy of an atom: auto (least squares), mean (energy per atom), isolated (from single-atom frames), or {Li: x}")
        .or_kind(config::Kind::number)
        .or_kind(config::Kind::table)
        .fallback("auto")
        .alias("E0s")
        .alias("per_species_rescale_shifts")
        .alias("shift");
}

void add_model_dtype(config::Options& options) {
    options.text("model_dtype", "precision of training and use")
        .fallback("mixed")
        .choices({"float32", "mixed", "float64"})
        .alias("default_dtype")
        .alias("precision");
}

}  // namespace alkali::models
