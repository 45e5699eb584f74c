#pragma once
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "alkali/io/safetensors.hpp"

namespace alkali::io {

/// A Deep Potential as deepmd-kit's own model form holds it (the YAML that `dp convert-backend` writes), in alkali's words.
struct DeepmdModel {
    /// type_names, descriptor, fitting_net, model_dtype as in a config's model block; sel is a list.
    nlohmann::json hyperparameters;
    /// descriptor.embedding.{centre}_{neighbour}.layer_k.{w,b,idt} (se_e2_a; {neighbour} alone with type_one_side and for se_e2_r
    /// without radial_pairs;
    /// {neighbour}_{neighbour}, smaller first, for se_e3), fitting.{type}.layer_k.{w,b,idt}, w (inputs, outputs); bias_atom_e (types)
    /// eV; davg, dstd (centre types, neighbour types, 4; 1 for se_e2_r).
    std::map<std::string, Tensor> tensors;
    nlohmann::json origin;  ///< software, version, time, backend: as far as the file says them
};

/// Errors: FileError that names the place in the file: not such a model, a version that is not known, parts that alkali does not
/// have (other descriptors, frame or atomic parameters, spin, compression, excluded types of the fitting net, ...), shapes that
/// do not fit each other, numbers that are not finite.
[[nodiscard]] DeepmdModel read_deepmd_model(const nlohmann::json& document, const std::string& source);
/// The same from a file in YAML or JSON.
[[nodiscard]] DeepmdModel load_deepmd_model(const std::filesystem::path& path);

}  // namespace alkali::io
