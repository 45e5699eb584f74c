#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace alkali::io {

/// What alkali import does with a file.
enum class Importable {
    directly,
    converted,  ///< once another program has written it in another form
    no
};

/// A file given where a model file of alkali is wanted.
struct ForeignModel {
    std::string what;  ///< "is ..."
    std::string hint;
    Importable importable = Importable::no;
};

/// What a file or folder is that is no safetensors file, by its first bytes, its words and its ending: models of deepmd-kit, nequip and
/// other programs, configs, structures. Nothing if it may be a safetensors file or cannot be read.
[[nodiscard]] std::optional<ForeignModel> foreign_model(const std::filesystem::path& path);

}  // namespace alkali::io
