#include "labellers.hpp"

#include "alkali/labelling/quantum_espresso/labeller.hpp"

namespace alkali::app {
namespace {

using Config = config::Config;
using Path = std::filesystem::path;

std::unique_ptr<labelling::Labeller> open_quantum_espresso(const Config& config, const Path& folder, base::LogSink&) {
    return std::make_unique<labelling::qe::QuantumEspressoLabeller>(labelling::qe::settings_from(config, folder));
}

}  // namespace

const std::vector<labelling::LabellerKind>& labeller_kinds() {
    static const std::vector<labelling::LabellerKind> kinds{
        {"quantum_espresso", labelling::qe::qe_options, open_quantum_espresso},
    };
    return kinds;
}

}  // namespace alkali::app
