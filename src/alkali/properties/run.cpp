#include "alkali/properties/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "alkali/base/error.hpp"

namespace alkali::properties {
namespace {

using nlohmann::json;
using records::Record;
using records::Records;

/// Element by element where shapes agree; otherwise the first one.
json mean_of(const std::vector<json>& values) {
    const json& first = values.front();
    const auto same = [&](auto test) { return std::all_of(values.begin(), values.end(), test); };
    if (same([](const json& v) { return v.is_number(); })) {
        double sum = 0;
        for (const auto& v : values) sum += v.get<double>();
        return sum / static_cast<double>(values.size());
    }
    const bool arrays = same([&](const json& v) { return v.is_array() && v.size() == first.size(); });
    const bool objects = same([&](const json& v) { return v.is_object() && v.size() == first.size(); });
    if (!arrays && !objects) return first;
    json out = first;
    for (const auto& [key, unused] : first.items()) {
        const auto child = [&](json& parent) -> json& { return arrays ? parent[static_cast<std::size_t>(std::stoul(key))] : parent[key]; };
        std::vector<json> children;
        for (json v : values) children.push_back(child(v));
        child(out) = mean_of(children);
    }
    return out;
}

Record combine(const std::vector<const Record*>& members) {
    Record out = *members.front();
    std::vector<json> values;
    for (const auto* member : members) values.push_back(member->value);
    out.value = mean_of(values);
    // What differs from member to member (residuals, steps taken, stability) is told of each.
    for (const auto& [key, unused] : members.front()->settings.items()) {
        json all = json::array();
        for (const auto* member : members) all.push_back(member->settings.value(key, json()));
        if (std::any_of(all.begin(), all.end(), [&](const json& one) { return one != all.front(); })) out.settings[key] = all;
    }
    out.settings["committee"] = members.size();
    if (!out.value.is_number()) return out;
    out.settings["members"] = values;
    if (members.size() < 2) return out;
    double sum = 0;
    for (const auto& v : values) sum += std::pow(v.get<double>() - out.value.get<double>(), 2);
    out.uncertainty = std::sqrt(sum / static_cast<double>(values.size() - 1));
    return out;
}

json committee_provenance(const calculator::Calculator& committee, const Settings& settings) {
    json provenance = settings.provenance;
    provenance["calculator"] = committee.name();
    for (const auto& [key, value] : committee.provenance()) provenance[key] = value;
    return provenance;
}

/// What is no finite number in a record, as a part of a sentence; empty: nothing.
std::string not_finite(const Record& record) {
    if (record.uncertainty && !std::isfinite(*record.uncertainty)) return "its uncertainty is no finite number";
    const json numbers = record.value.flatten();
    for (const auto& [place, value] : numbers.items())
        if (value.is_number() && !std::isfinite(value.get<double>()))
            return (place.empty() ? "it" : place.substr(1)) + " is no finite number";
    return {};
}

/// Why something is not there, a property or a record that some members of a committee lack: the record `failures`.
class Failures {
public:
    Failures(const Study& study, const calculator::Calculator& calculator, bool committee, const Settings& settings)
        : record_(study.record(json::object(), "")) {
        if (committee) record_.provenance = committee_provenance(calculator, settings);
    }
    void note(const std::string& name, const std::string& reason, Records& records) {
        record_.value[name] = reason;
        records.set("failures", record_);
    }
    /// Puts a record among the others, unless it holds what is no finite number: that is a failure by the record's name.
    void keep_finite(const std::string& name, Record record, Outcome& outcome) {
        if (const auto fault = not_finite(record); !fault.empty()) {
            const auto reason =
                fmt::format("{}: {}", record.provenance.value("calculator", std::string()),
                            name + " is not kept, since " + fault + "; do differences drown in rounding? see the options of --set");
            outcome.failures.emplace_back(name, reason);
            note(name, reason, outcome.records);
            return;
        }
        outcome.records.set(name, std::move(record));
    }
    /// combine_members() leaves out what not all of them have.
    void note_incomplete(const std::vector<calculator::Calculator*>& members, const std::vector<Records>& results, Records& records) {
        for (const auto& result : results)
            for (const auto& [name, record] : result.all())
                for (std::size_t k = 0; k < results.size(); ++k)
                    if (!results[k].has(name)) note(name, members[k]->name() + " does not have it", records);
    }

private:
    Record record_;
};

}  // namespace

Records combine_members(std::span<const Records> members) {
    Records out;
    if (members.empty()) return out;
    for (const auto& [name, record] : members.front().all()) {
        std::vector<const Record*> same;
        for (const auto& member : members)
            if (member.has(name)) same.push_back(&member.at(name));
        if (same.size() == members.size()) out.set(name, combine(same));
    }
    return out;
}

Outcome compute_properties(calculator::Calculator& calculator, std::span<const Property> chosen, const Settings& settings,
                           base::LogSink& log, base::ProgressSink& progress, const AfterProperty& after) {
    const auto members = calculator.members();
    std::vector<std::unique_ptr<Study>> studies;
    for (auto* member : members) studies.push_back(std::make_unique<Study>(*member, settings, log, progress));
    if (members.empty()) studies.push_back(std::make_unique<Study>(calculator, settings, log, progress));
    Failures failures(*studies.front(), calculator, !members.empty(), settings);
    Outcome outcome;
    for (const auto& property : chosen) {
        try {
            std::vector<Records> results;
            for (std::size_t k = 0; k < studies.size(); ++k) {
                try {
                    results.push_back(property.run(*studies[k]));
                } catch (const ConvergenceError& error) {
                    const auto name = members.empty() ? calculator.name() : members[k]->name();
                    const bool named = error.where().starts_with(name);
                    throw ConvergenceError(
                        error.fault(), named ? error.where() : name + (error.where().empty() ? "" : ", " + error.where()), error.hint());
                }
            }
            Records combined = members.empty() ? std::move(results.front()) : combine_members(results);
            if (!members.empty()) failures.note_incomplete(members, results, outcome.records);
            for (const auto& [name, record] : combined.all()) {
                Record own = record;
                if (!members.empty()) own.provenance = committee_provenance(calculator, settings);
                failures.keep_finite(name, std::move(own), outcome);
            }
        } catch (const ConvergenceError& error) {
            outcome.failures.emplace_back(property.name, error.what());
            failures.note(property.name, error.what(), outcome.records);
        }
        if (after) after(property.name, outcome.records);
    }
    return outcome;
}

}  // namespace alkali::properties
