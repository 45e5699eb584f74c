#include "alkali/models/deep_potential/kind.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/models/common/hyperparameter_json.hpp"
#include "alkali/models/common/hyperparameter_limits.hpp"
#include "alkali/models/common/kind_options.hpp"
#include "alkali/models/common/model_size.hpp"
#include "alkali/models/common/statistics.hpp"
#include "alkali/models/deep_potential/model.hpp"
#include "alkali/models/deep_potential/statistics.hpp"

namespace alkali::models::deep_potential {
namespace {

using config::Kind;
using config::Options;

Options descriptor_options() {
    Options o;
    o.text("type", "two-body with angles, two-body, or three-body")
        .fallback("se_e2_a")
        .choices({"se_e2_a", "se_a", "se_e2_r", "se_r", "se_e3", "se_at", "se_a_3be", "se_t"});
    o.number("rcut", "cutoff radius").unit("angstrom").above(0).at_most(longest_cutoff).required().alias("r_max");
    o.number("rcut_smth", "where the switching function begins").unit("angstrom").at_least(0).fallback(0.5);
    o.text("sel", "most neighbours of each type: auto or auto:1.1 (from the data, times a margin), or a list")
        .or_kind(Kind::integers)
        .fallback("auto");
    o.integers("neuron", "widths of the embedding net").fallback({25, 50, 100}).at_least(1).at_most(most_channels);
    o.integer("axis_neuron", "columns of the second factor of se_e2_a").fallback(16).at_least(1).at_most(most_channels);
    o.boolean("resnet_dt", "time steps in its residual connections").fallback(false);
    o.boolean("type_one_side", "embedding nets by the neighbour's type alone, not by both").fallback(false);
    o.texts("exclude_types", "pairs of types that do not see each other, such as [Li-Mg]").fallback(nlohmann::json::array());
    o.boolean("set_davg_zero", "take the mean of the environment as zero").fallback(false);
    o.text("activation_function", "of the embedding net").fallback("tanh").choices(activation_names());
    o.number("env_protection", "added to distances in denominators").unit("angstrom").fallback(0.0).at_least(0);
    o.boolean("trainable", "train the embedding nets").fallback(true);
    o.integer("seed", "without effect: training.seed draws all weights").at_least(0);
    return o;
}

Options fitting_options() {
    Options o;
    o.integers("neuron", "widths of the hidden layers").fallback({240, 240, 240}).at_least(1).at_most(most_channels).alias("n_neuron");
    o.boolean("resnet_dt", "time steps in its residual connections").fallback(true);
    o.text("activation_function", "of the fitting net").fallback("tanh").choices(activation_names());
    o.boolean("trainable", "train the fitting net").fallback(true);
    o.integer("seed", "without effect: training.seed draws all weights").at_least(0);
    return o;
}

Options options() {
    Options o;
    add_type_names(o);
    o.block("descriptor", "what the energy of an atom depends on", descriptor_options());
    o.block("fitting_net", "network from the descriptor to the energy", fitting_options());
    add_energy_shifts(o);
    o.integer("table_intervals", "intervals of the tables of the embedding nets")
        .fallback(512)
        .at_least(least_table_intervals)
        .at_most(most_table_intervals);
    add_model_dtype(o);
    return o;
}

/// `auto`, `auto:1.1`, or the list itself.
std::vector<int> resolve_sel(const nlohmann::json& sel, std::span<const structure::Frame> frames, const std::vector<std::string>& types,
                             double rcut) {
    if (sel.is_array()) return sel.get<std::vector<int>>();
    const auto word = sel.get<std::string>();
    double margin = 1.1;
    bool good = word == "auto";
    if (word.starts_with("auto:")) {
        const auto [end, failure] = std::from_chars(word.data() + 5, word.data() + word.size(), margin);
        good = failure == std::errc() && end == word.data() + word.size() && margin >= 1 && margin <= 100;
    }
    if (!good) throw InputError("'" + word + "' is not known", "model.descriptor.sel", "use auto, auto:1.1, or one number for each type");
    return automatic_sel(frames, types, rcut, margin);
}

/// Symbols joined by '-' to pairs of type indices.
nlohmann::json resolve_pairs(const nlohmann::json& pairs, const std::vector<std::string>& types) {
    nlohmann::json resolved = nlohmann::json::array();
    const auto index = [&](const std::string& name) {
        for (std::size_t t = 0; t < types.size(); ++t)
            if (types[t] == name) return t;
        throw InputError("'" + name + "' is no type of the model", "model.descriptor.exclude_types",
                         "write pairs of symbols, such as Li-Mg");
    };
    for (const auto& pair : pairs) {
        if (!pair.is_string()) {
            resolved.push_back(pair);
            continue;
        }
        const auto text = pair.get<std::string>();
        const auto dash = text.find('-');
        resolved.push_back({index(text.substr(0, dash)), index(dash == std::string::npos ? "" : text.substr(dash + 1))});
    }
    return resolved;
}

/// What the tables of all embedding nets take, with the networks' rows that they are made from.
double table_bytes(const Architecture& architecture) {
    const auto& widths = architecture.hyper.descriptor.neuron;
    const double rows = std::accumulate(widths.begin(), widths.end(), 0.0);
    return 8.0 * (architecture.hyper.table_intervals + 3) *
           (static_cast<double>(architecture.embeddings.size()) * architecture.channels() + 2 * rows);
}

std::unique_ptr<DeepPotential> made(Hyperparameters hyper) {
    const Architecture architecture(hyper);
    require_affordable(architecture.parameters, table_bytes(architecture));
    return std::make_unique<DeepPotential>(std::move(hyper));
}

std::unique_ptr<TrainableModel> create(const nlohmann::json& given, std::span<const structure::Frame> frames, std::uint64_t seed,
                                       base::LogSink& log) {
    nlohmann::json json = given;
    const nlohmann::json shifts_given = json.value("per_type_energy_shifts", nlohmann::json("auto"));
    json.erase("per_type_energy_shifts");
    const auto types = json.at("type_names").get<std::vector<std::string>>();
    auto& descriptor = json["descriptor"];
    descriptor["sel"] = resolve_sel(descriptor.value("sel", nlohmann::json("auto")), frames, types, descriptor.at("rcut").get<double>());
    descriptor["exclude_types"] = resolve_pairs(descriptor.value("exclude_types", nlohmann::json::array()), types);
    auto model = made(Hyperparameters::from_json(json));
    const Architecture& architecture = model->architecture();
    const auto& hyper = architecture.hyper;
    if (!hyper.descriptor.exclude_types.empty() && !hyper.descriptor.set_davg_zero && hyper.descriptor.type != DescriptorKind::se_e3)
        log.warning("exclude_types without set_davg_zero: as in DeePMD-kit, energies jump when an excluded neighbour crosses rcut");
    warn_of_unseen_types(frames, hyper.type_names, log);
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    environment_statistics(architecture, frames, parameters);
    draw_weights(architecture, seed, parameters);
    const auto shifts = energy_shifts(shifts_given, frames, hyper.type_names, log);
    for (std::size_t t = 0; t < shifts.size(); ++t) {
        parameters[architecture.offset(architecture.bias) + t] = shifts[t];
        log.info(fmt::format("{}: energy shift {:.6f} eV, at most {} neighbours", hyper.type_names[t], shifts[t], hyper.descriptor.sel[t]));
    }
    model->set_parameters(parameters);
    return model;
}

std::unique_ptr<TrainableModel> build(const nlohmann::json& json, const nlohmann::json& derived, std::optional<Precision> precision) {
    Hyperparameters hyper = Hyperparameters::from_json(json);
    require_as_understood(json, hyper.to_json());
    require_as_understood(derived, nlohmann::json::object(), {}, "derived");
    if (precision) hyper.model_dtype = *precision;
    return made(std::move(hyper));
}

}  // namespace

ModelKind deep_potential_kind() {
    return {"deep_potential",
            "Deep Potential: descriptors se_e2_a, se_e2_r, se_e3",
            options,
            create,
            build,
            [](const TrainableModel&) { return nlohmann::json::object(); },
            "bias_atom_e",
            [](const nlohmann::json& json) { return Architecture(Hyperparameters::from_json(json)).parameters; }};
}

}  // namespace alkali::models::deep_potential
