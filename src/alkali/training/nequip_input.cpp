#include "alkali/training/nequip_input.hpp"

#include "alkali/training/interpolation.hpp"
#include "alkali/training/nequip_blocks.hpp"
#include "alkali/training/nequip_flat.hpp"

namespace alkali::training {
namespace {

bool has(const config::Tree& document, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
        if (document.find(key) == nullptr) return false;
    return true;
}

bool in_blocks(const config::Tree& document) { return has(document, {"training_module"}) || has(document, {"run", "data", "trainer"}); }

}  // namespace

bool is_nequip_config(const config::Tree& document) {
    if (document.type != config::Tree::Type::map) return false;
    if (in_blocks(document)) return true;
    if (has(document, {"data"}) || has(document, {"training"}) || has(document, {"model"})) return false;
    return has(document, {"dataset_file_name"}) || has(document, {"r_max", "n_train"}) || has(document, {"r_max", "run_name"});
}

config::Tree from_nequip_config(const config::Tree& document, const std::filesystem::path& file, base::LogSink& log) {
    const config::Tree input = interpolated(document, file.string());
    if (in_blocks(document)) return NequipBlocks(input, file).result(log);
    return NequipFlat(input, file).result(log);
}

}  // namespace alkali::training
