#include <omp.h>

#include "alkali/base/path_pattern.hpp"
#include "alkali/base/thread_limit.hpp"
#include "alkali/labelling/quantum_espresso/calculator.hpp"
#include "alkali/models/committee/open.hpp"
#include "alkali/models/kim/kim_calculator.hpp"
#include "calculators.hpp"
#include "command.hpp"

namespace alkali::app {

calculator::Registry make_calculators() { return make_calculators(ThreadUse::at_most); }

calculator::Registry make_calculators(ThreadUse use) {
    calculator::Registry registry;
    registry.add(
        "",
        "FILE            a model file (best.safetensors); several with commas between them are a committee, if there is no file of that\n"
        "                  name (--member FILE, once for each further one, whatever their names)",
        [use](const std::string& rest, const calculator::OpenOptions& options, base::LogSink& log) {
            if (options.threads != 0) base::require_threads(options.threads, "threads");
            if (options.threads > 0) omp_set_num_threads(options.threads);
            auto wanted = options;
            wanted.threads = use == ThreadUse::exactly ? omp_get_max_threads() : 0;
            return models::open_model_files(rest, wanted, models::model_kinds(), log);
        });
    registry.add(
        "kim", "kim:MODEL_ID    a portable model of the KIM-API (SNAP_ZuoChenLi_2019_Li__MO_732106099012_000)",
        [](const std::string& rest, const calculator::OpenOptions&, base::LogSink& log) { return models::kim::open_kim(rest, log); },
        calculator::Precisions::one);
    registry.add(
        "qe", "qe:CONFIG.yaml  Quantum ESPRESSO (examples/lithium/qe-fast.yaml); --threads: its MPI processes",
        [](const std::string& rest, const calculator::OpenOptions& options, base::LogSink& log) {
            return labelling::qe::open_quantum_espresso(base::matching_path(rest).string(), options.threads, log);
        },
        calculator::Precisions::one);
    return registry;
}

}  // namespace alkali::app
