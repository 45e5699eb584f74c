#include "alkali/training/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/calculator/frame.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/records/energy_zero.hpp"
#include "alkali/training/errors.hpp"
#include "alkali/training/reliability.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/prefixes.hpp"

namespace alkali::training {
namespace {

using units::milli;

/// Reference against prediction, point by point.
struct Parity {
    std::vector<double> reference, predicted;
    std::vector<std::size_t> frame;
    void add(double reference_value, double predicted_value, std::size_t frame_number) {
        reference.push_back(reference_value);
        predicted.push_back(predicted_value);
        frame.push_back(frame_number);
    }
    [[nodiscard]] nlohmann::json to_json(std::size_t most) const;
};

std::vector<std::size_t> kept_points(const Parity& parity, std::size_t most) {
    const std::size_t n = parity.reference.size();
    std::vector<std::size_t> order(n);
    for (std::size_t k = 0; k < n; ++k) order[k] = k;
    if (n <= most) return order;
    const auto error = [&](std::size_t k) { return std::abs(parity.predicted[k] - parity.reference[k]); };
    const auto worst = static_cast<std::ptrdiff_t>(most / 4);
    std::nth_element(order.begin(), order.begin() + worst, order.end(),
                     [&](std::size_t a, std::size_t b) { return error(a) > error(b) || (error(a) == error(b) && a < b); });
    std::sort(order.begin() + worst, order.end());
    std::vector<std::size_t> kept(order.begin(), order.begin() + worst);
    const std::size_t others = most - kept.size(), rest = n - kept.size();
    for (std::size_t k = 0; k < others; ++k) kept.push_back(order[static_cast<std::size_t>(worst) + k * rest / others]);
    std::sort(kept.begin(), kept.end());
    return kept;
}

nlohmann::json Parity::to_json(std::size_t most) const {
    nlohmann::json json = {{"reference", nlohmann::json::array()},
                           {"predicted", nlohmann::json::array()},
                           {"frame", nlohmann::json::array()},
                           {"points", reference.size()}};
    for (const std::size_t k : kept_points(*this, most)) {
        json["reference"].push_back(reference[k]);
        json["predicted"].push_back(predicted[k]);
        json["frame"].push_back(frame[k]);
    }
    return json;
}

struct AllParity {
    Parity energy, force, stress;
    std::vector<std::string> frames;

    void add(const structure::Frame& frame, const Prediction& prediction) {
        const std::size_t number = frames.size();
        const std::string group = dataset::group_of(frame);
        frames.push_back(frame.where() + (group.empty() ? "" : " (" + group + ")"));
        const auto atoms = static_cast<double>(frame.structure.size());
        if (frame.labels.energy) energy.add(*frame.labels.energy / atoms, prediction.energy / atoms, number);
        if (frame.labels.forces)
            for (std::size_t i = 0; i < frame.structure.size(); ++i)
                for (int k = 0; k < 3; ++k) force.add((*frame.labels.forces)[i][k], prediction.forces[i][k], number);
        if (has_stress(frame)) {
            const auto a = to_voigt(*frame.labels.stress), b = to_voigt(prediction.stress);
            for (std::size_t k = 0; k < a.size(); ++k)
                stress.add(units::gpa_per_ev_per_angstrom3 * a[k], units::gpa_per_ev_per_angstrom3 * b[k], number);
        }
    }

    [[nodiscard]] nlohmann::json to_json(std::size_t most) const {
        nlohmann::json json = {{"frames", frames}};
        if (!energy.frame.empty()) json["energy"] = energy.to_json(most);
        if (!force.frame.empty()) json["force"] = force.to_json(most);
        if (!stress.frame.empty()) json["stress"] = stress.to_json(most);
        return json;
    }
};

/// Takes another zero of the labels' energies out of the errors (eV/atom): no calculator can expect it. It is one where the mean
/// error is beyond what the errors about it explain, and the deviations expected.
void take_out_zero(Reliability& energy) {
    const auto [mean, about_mean, expected] = energy.moments();
    if (energy.size() >= records::fewest_frames_of_a_zero && records::another_zero(milli * mean, milli * about_mean) &&
        std::abs(mean) > 3 * expected)
        energy.take_out(mean);
}

/// The same for a calculator that gives uncertainties.
struct AllReliability {
    Reliability energy, force, stress;

    void add(const structure::Frame& frame, const Prediction& prediction, const calculator::Uncertainty& uncertainty) {
        for (auto* part : {&energy, &force, &stress}) part->begin_frame();
        const auto atoms = static_cast<double>(frame.structure.size());
        if (frame.labels.energy && uncertainty.energy)
            energy.add((prediction.energy - *frame.labels.energy) / atoms, *uncertainty.energy / atoms);
        if (frame.labels.forces)
            for (std::size_t i = 0; i < frame.structure.size(); ++i)
                for (int k = 0; k < 3; ++k) force.add(prediction.forces[i][k] - (*frame.labels.forces)[i][k], uncertainty.forces[i][k]);
        if (!uncertainty.stress || !has_stress(frame)) return;
        const auto a = to_voigt(*frame.labels.stress), b = to_voigt(prediction.stress), c = to_voigt(*uncertainty.stress);
        for (std::size_t k = 0; k < a.size(); ++k) stress.add(b[k] - a[k], c[k]);
    }

    void put(records::Records& records) {
        take_out_zero(energy);
        nlohmann::json tables = nlohmann::json::object();
        const auto both = [&](const std::string& name, const Reliability& part, double factor, const std::string& unit) {
            if (part.size() == 0) return;
            part.put(records, name, factor, unit);
            tables[name] = part.table(factor);
        };
        both("energy", energy, milli, "meV/atom");
        both("force", force, milli, "meV/angstrom");
        both("stress", stress, units::gpa_per_ev_per_angstrom3, "GPa");
        if (tables.empty()) return;
        records::Record record;
        record.value = std::move(tables);
        record.settings = {{"units", {{"energy", "meV/atom"}, {"force", "meV/angstrom"}, {"stress", "GPa"}}}};
        records.set("reliability", std::move(record));
    }
};

void append(const std::vector<Vec3>& vectors, std::vector<double>& out) {
    for (const Vec3& v : vectors) out.insert(out.end(), v.begin(), v.end());
}

/// What stands behind the names of a group's records, made of what names of records are made of.
std::string plain_suffix(const std::string& group) {
    std::string suffix = "_";
    for (const char c : group) suffix += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    // energy_rmse_shifted is a measure.
    const bool measure = suffix == "_shifted" || suffix.starts_with("_shifted_");
    return measure ? "_group" + suffix : suffix;
}

/// A suffix for each group, no two alike: names that need no change keep theirs, others that would come to the same are numbered.
std::map<std::string, std::string> suffixes_of(const std::map<std::string, ErrorSums>& groups) {
    std::map<std::string, std::string> suffixes;
    std::set<std::string> taken;
    for (const auto& [group, sums] : groups)
        if (plain_suffix(group) == "_" + group) suffixes[group] = *taken.insert("_" + group).first;
    for (const auto& [group, sums] : groups) {
        if (suffixes.contains(group)) continue;
        const auto plain = plain_suffix(group);
        auto suffix = plain;
        for (int number = 2; !taken.insert(suffix).second; ++number) suffix = fmt::format("{}_{}", plain, number);
        suffixes[group] = suffix;
    }
    return suffixes;
}

void put(records::Records& records, const std::string& name, double value, const std::string& unit, double count) {
    records::Record record;
    record.value = value;
    record.unit = unit;
    record.settings = {{"values", static_cast<std::int64_t>(count)}};
    records.set(name, std::move(record));
}

/// group: empty for all frames.
void put_all(records::Records& all, const ErrorSums& sums, const std::string& suffix, const std::string& group) {
    records::Records records;
    const auto both = [&](const std::string& name, const ResidualSums& part, double factor, const std::string& unit) {
        if (part.count == 0) return;
        put(records, name + "_rmse" + suffix, factor * part.rmse(), unit, part.count);
        put(records, name + "_mae" + suffix, factor * part.mae(), unit, part.count);
    };
    both("energy", sums.energy, milli, "meV/atom");
    if (sums.energy.count > 0) {
        put(records, "energy_rmse_shifted" + suffix, milli * sums.energy.rmse_shifted(), "meV/atom", sums.energy.count);
        put(records, "energy_mean_error" + suffix, milli * sums.energy.mean(), "meV/atom", sums.energy.count);
    }
    both("force", sums.forces, milli, "meV/angstrom");
    both("stress", sums.stress, units::gpa_per_ev_per_angstrom3, "GPa");
    for (auto [name, record] : records.all()) {
        if (!group.empty()) record.settings["group"] = group;
        all.set(name, std::move(record));
    }
}

/// Errors that are no numbers, or whose squares are none. where: of the frame, or of all.
void require_finite(const ErrorSums& sums, const std::string& where) {
    const auto require = [&](const ResidualSums& part, const std::string& what) {
        if (!std::isfinite(part.squares))
            throw InputError("the square of the error of " + what + " is no finite number", where,
                             "is the label right? alkali data check tells");
    };
    require(sums.energy, "the energy");
    require(sums.forces, "a force");
    require(sums.stress, "the stress");
}

/// Records that would say nothing.
void require_finite(const records::Records& records, const std::string& where) {
    for (const auto& [name, record] : records.all())
        if (record.value.is_number() && !std::isfinite(record.value.get<double>()))
            throw InputError(name + " is no finite number", where, "are labels, expected errors and deviations sane, and not all alike?");
}

}  // namespace

records::Records evaluate(calculator::Calculator& calculator, std::span<const structure::Frame> frames, const EvaluationSettings& settings,
                          base::ProgressSink& progress) {
    ErrorSums all;
    std::map<std::string, ErrorSums> groups;
    AllParity parity;
    AllReliability reliability;
    std::vector<double> expected, deviation;  // of force components: the calculator's, the committee's
    for (std::size_t f = 0; f < frames.size(); ++f) {
        const auto& frame = frames[f];
        const auto result = calculator::compute(calculator, frame, {.uncertainty = true});
        const Prediction prediction{result.energy, result.forces, result.stress};
        ErrorSums own;
        add_errors(frame, prediction, own);
        require_finite(own, frame.where());
        all.add(own);
        if (const std::string group = dataset::group_of(frame); !group.empty()) groups[group].add(own);
        if (settings.parity_points > 0) parity.add(frame, prediction);
        if (result.uncertainty) reliability.add(frame, prediction, *result.uncertainty);
        if (result.uncertainty && settings.committee) {
            append(result.uncertainty->forces, expected);
            append(calculator::compute(*settings.committee, frame).uncertainty.value().forces, deviation);
        }
        progress.update({"evaluate", static_cast<double>(f + 1), static_cast<double>(frames.size()), {}});
    }
    if (all.energy.count + all.forces.count + all.stress.count == 0)
        throw InputError("no frame has an energy, forces or stress to compare with", frames.empty() ? "" : frames[0].source,
                         "check the keys with alkali data check");
    records::Records records;
    put_all(records, all, "", "");
    const auto suffixes = suffixes_of(groups);
    for (const auto& [group, sums] : groups) put_all(records, sums, suffixes.at(group), group);
    reliability.put(records);
    if (!expected.empty())
        put(records, "force_std_committee_correlation", math::spearman(expected, deviation), "1", static_cast<double>(expected.size()));
    if (settings.parity_points > 0) {
        records::Record record;
        record.value = parity.to_json(settings.parity_points);
        record.settings = {{"units", {{"energy", "eV/atom"}, {"force", "eV/angstrom"}, {"stress", "GPa"}}}};
        records.set("parity", std::move(record));
    }
    require_finite(records, frames[0].source);
    return records;
}

}  // namespace alkali::training
