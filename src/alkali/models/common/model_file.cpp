#include "alkali/models/common/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <set>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/io/foreign_model.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/models/common/hyperparameter_json.hpp"

namespace alkali::models {
namespace {

constexpr config::JsonLimits metadata_limits{100, 1'000'000};

std::string shape_text(const std::vector<std::size_t>& shape) {
    std::string text;
    for (const std::size_t n : shape) text += (text.empty() ? "" : ", ") + std::to_string(n);
    return "[" + text + "]";
}

const std::string& metadata(const io::TensorFile& file, const std::string& key, const std::string& where) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
        throw FileError("is no alkali model: its metadata have no '" + key + "'", where,
                        "give a file written by alkali train or alkali import");
    return found->second;
}

nlohmann::json json_metadata(const io::TensorFile& file, const std::string& key, const std::string& where) {
    const auto& text = metadata(file, key, where);
    try {
        auto json = config::parse_json(text, where, metadata_limits);
        if (json.is_object()) return json;
        if (json.is_null()) return nlohmann::json::object();
    } catch (const FileError& error) {
        throw FileError("its metadata '" + key + "' cannot be used: the text " + error.fault(), where);
    }
    throw FileError("its metadata '" + key + "' are no table of keys", where);
}

void check_format(const io::TensorFile& file, const std::string& where) {
    if (const auto& format = metadata(file, "format", where); format != "alkali-model")
        throw FileError("is of format '" + format + "', not alkali-model", where);
    const auto& version = metadata(file, "format_version", where);
    if (version != std::to_string(model_format_version))
        throw FileError("has model format version " + version + ", this program reads " + std::to_string(model_format_version), where,
                        "use the alkali version that wrote it, or train or import it again");
}

const ModelKind& kind_of(const KindRegistry& kinds, const std::string& name, const std::string& where) {
    try {
        return kinds.at(name);
    } catch (const InputError& error) {
        throw InputError(error.fault(), where, error.hint());
    }
}

/// Before anything is made: the tensors must be those that the hyperparameters ask for, all of them and no other.
void check_tensors(const io::TensorFile& file, std::span<const ParameterInfo> layout, const std::string& where) {
    std::set<std::string_view> names;
    for (const auto& info : layout) {
        names.insert(info.name);
        const auto found = file.tensors.find(info.name);
        if (found == file.tensors.end())
            throw FileError("lacks the tensor " + info.name, where, "the file does not fit its own hyperparameters; write it again");
        const auto& tensor = found->second;
        if (tensor.shape != info.shape || tensor.values.size() != info.size)
            throw FileError("the tensor " + info.name + " has shape " + shape_text(tensor.shape) + ", its hyperparameters ask for " +
                                shape_text(info.shape),
                            where);
        if (!std::all_of(tensor.values.begin(), tensor.values.end(), [](double x) { return std::isfinite(x); }))
            throw FileError("the tensor " + info.name + " holds values that are not finite", where);
    }
    for (const auto& [name, tensor] : file.tensors)
        if (!name.starts_with(ForceUncertainty::prefix) && !names.contains(name))
            throw FileError("holds the tensor " + name + ", which its model does not have", where,
                            base::did_you_mean(name, std::vector<std::string>(names.begin(), names.end())));
}

nlohmann::json units_of_models() { return {{"energy", "eV"}, {"length", "angstrom"}, {"stress", "eV/angstrom^3, positive in tension"}}; }

/// What a file says of itself besides the hyperparameters must agree with them. Imported models may not say it.
void check_statement(const io::TensorFile& file, const std::string& key, const nlohmann::json& expected, const std::string& where) {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end()) return;
    const auto given = config::parse_json(found->second, where + ", metadata '" + key + "'", metadata_limits);
    if (given != expected)
        throw FileError("its metadata say that its " + key + " are " + shown(given) + ", those of the model are " + shown(expected), where,
                        "write the file again by alkali train or alkali import");
}

constexpr const char* calibration_key = "calibration";

/// SHA-256 of the model's parameters and the tensors of its calibration: that these belong together.
std::string calibration_hash(const io::TensorFile& file, std::span<const ParameterInfo> layout) {
    dataset::Sha256 hash;
    const auto add = [&](const std::string& name, const io::Tensor& tensor) {
        hash.add(name);
        hash.add({reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(double)});
    };
    for (const auto& info : layout) add(info.name, file.tensors.at(info.name));
    for (const auto& [name, tensor] : file.tensors)
        if (name.starts_with(ForceUncertainty::prefix)) add(name, tensor);
    return hash.hex();
}

void check_calibration(const io::TensorFile& file, const LoadedModel& loaded, const std::string& where) {
    const auto stated = file.metadata.find(calibration_key);
    if (!loaded.uncertainty && stated == file.metadata.end()) return;
    const std::string hint = "calibrate the model again (alkali calibrate)";
    if (!loaded.uncertainty) throw FileError("says that it was calibrated, and lacks the tensors of that", where, hint);
    if (stated == file.metadata.end())
        throw FileError("holds a calibration that does not tell of which model it is, as older alkali wrote them", where, hint);
    if (stated->second != calibration_hash(file, loaded.model->layout()))
        throw FileError("holds the calibration of another model, or one that was changed", where, hint);
}

std::vector<double> parameters_from(const io::TensorFile& file, const TrainableModel& model) {
    std::vector<double> values(model.parameters().size());
    for (const auto& info : model.layout())
        std::ranges::copy(file.tensors.at(info.name).values, values.begin() + static_cast<std::ptrdiff_t>(info.offset));
    return values;
}

}  // namespace

void save_model(const std::filesystem::path& path, const TrainableModel& model, const KindRegistry& kinds, const nlohmann::json& provenance,
                const std::optional<ForceUncertainty>& uncertainty) {
    save_model(path, model, model.parameters(), kinds, provenance, uncertainty);
}

void save_model(const std::filesystem::path& path, const TrainableModel& model, std::span<const double> parameters,
                const KindRegistry& kinds, const nlohmann::json& provenance, const std::optional<ForceUncertainty>& uncertainty) {
    if (parameters.size() != model.parameters().size()) throw InternalError("parameters of the wrong number to save", path.string());
    const auto& kind = kinds.at(model.kind());
    io::TensorFile file;
    for (const auto& info : model.layout()) {
        const auto values = parameters.subspan(info.offset, info.size);
        if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }))
            throw InternalError("the parameters " + info.name + " are not finite", path.string());
        file.tensors[info.name] = {info.shape, {values.begin(), values.end()}};
    }
    if (uncertainty) {
        if (const auto fault = uncertainty->fault(); !fault.empty())
            throw InternalError("an uncertainty that cannot be used: " + fault, path.string());
        uncertainty->store(file);
    }
    file.metadata["format"] = "alkali-model";
    file.metadata["format_version"] = std::to_string(model_format_version);
    file.metadata["kind"] = model.kind();
    file.metadata["hyperparameters"] = config::json_text(model.hyperparameters());
    file.metadata["derived"] = kind.derived ? config::json_text(kind.derived(model)) : "{}";
    file.metadata["species"] = config::json_text(model.type_names());
    file.metadata["units"] = config::json_text(units_of_models());
    if (uncertainty) file.metadata[calibration_key] = calibration_hash(file, model.layout());
    file.metadata["provenance"] = config::json_text(provenance);
    file.save(path);
}

LoadedModel load_model(const std::filesystem::path& path, const KindRegistry& kinds, std::optional<Precision> precision) {
    if (const auto foreign = io::foreign_model(path)) throw FileError(foreign->what, path.string(), foreign->hint);
    return parse_model(base::read_file(path), path.string(), kinds, precision);
}

LoadedModel parse_model(std::string_view bytes, const std::string& where, const KindRegistry& kinds, std::optional<Precision> precision) {
    const auto file = io::TensorFile::parse(bytes, where);
    check_format(file, where);
    LoadedModel loaded;
    loaded.kind = metadata(file, "kind", where);
    const auto& kind = kind_of(kinds, loaded.kind, where);
    const auto hyperparameters = json_metadata(file, "hyperparameters", where);
    const auto derived = file.metadata.contains("derived") ? json_metadata(file, "derived", where) : nlohmann::json::object();
    loaded.provenance = file.metadata.contains("provenance") ? json_metadata(file, "provenance", where) : nlohmann::json::object();
    const auto refuse = [&](const std::exception& error) {
        throw FileError("its hyperparameters cannot be used: " + std::string(error.what()), where);
    };
    try {
        if (kind.layout) check_tensors(file, kind.layout(hyperparameters), where);
        loaded.model = kind.build(hyperparameters, derived, precision);
        check_tensors(file, loaded.model->layout(), where);
        check_statement(file, "species", loaded.model->type_names(), where);
        check_statement(file, "units", units_of_models(), where);
    } catch (const FileError&) {
        throw;
    } catch (const Error& error) {
        refuse(error);
    } catch (const nlohmann::json::exception& error) {
        refuse(error);
    } catch (const std::bad_alloc&) {
        throw FileError("is a model that the memory of this machine cannot hold", where);
    }
    loaded.model->set_parameters(parameters_from(file, *loaded.model));
    loaded.uncertainty = ForceUncertainty::from(file, loaded.model->num_features(), loaded.model->type_names().size(), where);
    check_calibration(file, loaded, where);
    return loaded;
}

}  // namespace alkali::models
