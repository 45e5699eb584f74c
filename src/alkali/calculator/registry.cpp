#include "alkali/calculator/registry.hpp"

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/base/path_pattern.hpp"

namespace alkali::calculator {

void Registry::add(std::string prefix, std::string help, Open open, Precisions precisions) {
    entries_.push_back({std::move(prefix), std::move(help), std::move(open), precisions});
}

std::unique_ptr<Calculator> Registry::open(const std::string& spec, const OpenOptions& options, base::LogSink& log) const {
    const auto colon = spec.find(':');
    const std::string prefix = colon == std::string::npos ? std::string{} : spec.substr(0, colon);
    const std::string rest = colon == std::string::npos ? spec : spec.substr(colon + 1);
    const auto opener_of = [&](const std::string& wanted) {
        return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.prefix == wanted; });
    };
    const auto entry = opener_of(prefix), files = opener_of("");
    const bool lines = spec.find('\n') != std::string::npos;
    if (lines && entry != entries_.end() && !prefix.empty())
        throw InputError("only model files make a committee", spec.substr(0, spec.find('\n')),
                         "give no further members, or model files alone");
    if (entry != entries_.end()) {
        if (rest.empty()) throw InputError("names no calculator", "'" + spec + "'", "one of:\n" + help());
        if (entry->precisions == Precisions::one && !options.precision.empty() && options.precision != "float64")
            throw InputError("computes in float64 alone, precision '" + options.precision + "' was asked for", spec, "leave it out");
        return entry->open(rest, options, log);
    }
    // A colon in the name of a file.
    const auto first = spec.substr(0, spec.find_first_of(",\n"));
    if (files != entries_.end() && (lines || base::matches_anything(spec) || base::matches_anything(first)))
        return files->open(spec, options, log);
    std::vector<std::string> known;
    for (const auto& each : entries_)
        if (!each.prefix.empty()) known.push_back(each.prefix);
    throw InputError("unknown kind of calculator '" + prefix + ":'", spec, base::did_you_mean(prefix, known, 2));
}

std::string Registry::help() const {
    std::string text;
    for (const auto& entry : entries_) text += "  " + entry.help + "\n";
    return text;
}

}  // namespace alkali::calculator
