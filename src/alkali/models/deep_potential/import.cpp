#include "alkali/models/deep_potential/import.hpp"

#include "alkali/base/error.hpp"

namespace alkali::models::deep_potential {
namespace {

/// Statistics of se_e2_r have one component in deepmd-kit, four here: those of the directions, which it does not use, are 0 and 1.
io::Tensor with_directions(const io::Tensor& radial, double direction) {
    io::Tensor full{{radial.shape[0], radial.shape[1], 4}, {}};
    for (const double value : radial.values) full.values.insert(full.values.end(), {value, direction, direction, direction});
    return full;
}

/// What a file holds of one array, in the shape that it must have.
io::Tensor tensor_of(const io::DeepmdModel& given, const ParameterInfo& info, const std::string& source) {
    const auto found = given.tensors.find(info.name);
    if (found == given.tensors.end()) throw FileError("lacks " + info.name, source);
    io::Tensor tensor = found->second;
    if (tensor.shape.size() == 3 && tensor.shape[2] == 1 && info.shape.size() == 3 && info.shape[2] == 4)
        tensor = with_directions(tensor, info.name == "dstd" ? 1.0 : 0.0);
    if (tensor.shape != info.shape) throw FileError("holds " + info.name + " in another shape than its hyperparameters ask for", source);
    return tensor;
}

}  // namespace

std::unique_ptr<DeepPotential> from_deepmd(const io::DeepmdModel& given, const std::string& source) {
    try {
        const auto hyperparameters = Hyperparameters::from_json(given.hyperparameters);
        const Architecture architecture(hyperparameters);
        std::vector<double> parameters;
        for (const auto& info : architecture.parameters) {
            const auto tensor = tensor_of(given, info, source);
            parameters.insert(parameters.end(), tensor.values.begin(), tensor.values.end());
        }
        auto model = std::make_unique<DeepPotential>(hyperparameters);
        model->set_parameters(parameters);
        return model;
    } catch (const InputError& error) {
        throw FileError("cannot be used: " + std::string(error.what()), source);
    }
}

}  // namespace alkali::models::deep_potential
