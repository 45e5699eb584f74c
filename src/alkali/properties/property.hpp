#pragma once
#include <functional>
#include <string>

#include "alkali/config/options.hpp"
#include "alkali/records/record.hpp"

namespace alkali::properties {

class Study;

/// One property as data.
struct Property {
    std::string name;         ///< as in `--only`
    std::string help;         ///< one line
    config::Options options;  ///< what `--set NAME.KEY=VALUE` may change
    std::function<records::Records(Study&)> run;
};

}  // namespace alkali::properties
