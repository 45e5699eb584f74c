#include "alkali/calculator/registry.hpp"

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"

namespace alkali::calculator {

void Registry::add(std::string prefix, std::string help, Open open) {
    entries_.push_back({std::move(prefix), std::move(help), std::move(open)});
}

std::unique_ptr<Calculator> Registry::open(const std::string& spec, const OpenOptions& options, base::LogSink& log) const {
    const auto colon = spec.find(':');
    const std::string prefix = colon == std::string::npos ? std::string{} : spec.substr(0, colon);
    const std::string rest = colon == std::string::npos ? spec : spec.substr(colon + 1);
    std::vector<std::string> known;
    for (const auto& entry : entries_) {
        if (entry.prefix == prefix) return entry.open(rest, options, log);
        if (!entry.prefix.empty()) known.push_back(entry.prefix);
    }
    throw InputError("unknown kind of calculator '" + prefix + ":'", spec, base::did_you_mean(prefix, known, 2));
}

std::string Registry::help() const {
    std::string text;
    for (const auto& entry : entries_) text += "  " + entry.help + "\n";
    return text;
}

}  // namespace alkali::calculator
