#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "alkali/base/log.hpp"
#include "alkali/config/options.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::config {

/// A config checked against its description, complete with defaults.
struct Config {
    nlohmann::json values;             ///< every declared key; null where nothing was given and there is no default
    std::string source;                ///< file name for messages
    std::map<std::string, int> lines;  ///< line of every key that was given, by path ("training.lr")

    /// "c.yaml, line 4 (training.lr)", for messages about a value.
    [[nodiscard]] std::string where(const std::string& path) const;
};

/// Checks a document. Aliases are moved to their proper keys and said once each in the log.
/// Errors: InputError that names path, line and, for unknown keys and words, the nearest known one: unknown or missing
/// key, key given twice (also through an alias), wrong kind of value, value out of range.
[[nodiscard]] Config check(Tree document, const Options& options, const std::string& source, base::LogSink& log);

/// parse_tree and check. Errors as theirs.
[[nodiscard]] Config parse(const std::string& text, const Options& options, const std::string& source, base::LogSink& log);
/// The same from a file; FileError if it cannot be read.
[[nodiscard]] Config load(const std::filesystem::path& path, const Options& options, base::LogSink& log);
/// The same for values that another program or file holds as JSON.
[[nodiscard]] nlohmann::json check_json(const nlohmann::json& values, const Options& options, const std::string& source,
                                        base::LogSink& log);

}  // namespace alkali::config
