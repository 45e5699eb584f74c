#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alkali/config/config.hpp"
#include "alkali/labelling/labeller.hpp"

namespace alkali::labelling {

/// A kind of labeller, chosen by `type` in a config.
struct LabellerKind {
    std::string name;
    std::function<config::Options()> options;
    /// From a checked config; relative paths in it are taken from `folder`. Errors: InputError naming the place in the config.
    std::function<std::unique_ptr<Labeller>(const config::Config& config, const std::filesystem::path& folder, base::LogSink& log)> open;
};

}  // namespace alkali::labelling
