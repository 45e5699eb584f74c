#pragma once
#include <cstddef>
#include <vector>

#include "alkali/kernels/contract/activation.hpp"
#include "alkali/kernels/contract/convolution.hpp"
#include "alkali/models/contract/model.hpp"
#include "alkali/models/nequip/hyperparameters.hpp"

/// From hyperparameters to the shapes of everything: irreducible representations per layer, coupling paths, linear
/// maps, gates, and where each parameter lives. Follows nequip 0.19 and e3nn 0.6 in order and normalisation, so that
/// their weights can be read in.
namespace alkali::models::nequip {

struct Irrep {
    int l = 0, p = 1;
    auto operator<=>(const Irrep&) const = default;  ///< e3nn's order: by l, then parity
};

/// A block of equal irreps in a padded feature row.
struct Block {
    Irrep irrep;
    int count = 0;     ///< true number of channels
    int channels = 0;  ///< padded
    int offset = 0;
};

struct RowLayout {
    std::vector<Block> blocks;
    int width = 0;
    void add(Irrep irrep, int count);
};

/// out[.., w] += norm * sum_u in[.., u] W[row + u, column + w] for each of the 2l+1 components.
struct LinearBlock {
    int input = 0, output = 0;  ///< offsets in the rows
    int components = 1;
    int in_count = 0, in_channels = 0, out_count = 0, out_channels = 0;
    std::size_t group = 0;            ///< offset of the irrep's matrix in the flat parameter array of the map
    std::size_t row = 0, column = 0;  ///< of the block's corner in that matrix
    std::size_t row_stride = 0;       ///< its number of columns
    double norm = 1;
    std::size_t packed = 0;   ///< offset of the padded matrix among the packed ones
    bool first = false;       ///< first to write its output block
    bool first_back = false;  ///< first to write its input block in the transposed map
};

struct LinearPlan {
    std::vector<LinearBlock> blocks;
    std::size_t weights = 0;      ///< length of the flat parameter array
    std::size_t packed_size = 0;  ///< values of all padded matrices (inputs x outputs, and as many transposed)
    int input_width = 0, output_width = 0;
    std::vector<std::pair<int, int>> unwritten;       ///< (offset, length) of output blocks no map reaches
    std::vector<std::pair<int, int>> unwritten_back;  ///< of input blocks no map uses
};

struct ScalarActivation {
    int input = 0, output = 0, channels = 0;
    kernels::Activation activation = kernels::Activation::silu;
    double scale = 1;
};
struct GatedBlock {
    int gate = 0, input = 0, output = 0, channels = 0, components = 0;
    kernels::Activation activation = kernels::Activation::silu;
    double scale = 1;
};
struct GatePlan {
    std::vector<ScalarActivation> scalars;
    std::vector<GatedBlock> gated;
};

struct LayerPlan {
    RowLayout input;      ///< features that enter
    RowLayout convolved;  ///< before the gate
    RowLayout output;     ///< after it
    kernels::ConvolutionPlan convolution;
    LinearPlan linear_1, linear_2;
    bool self_connection = false;
    LinearPlan self;  ///< shapes of one type's effective matrices; weights counts those of one attribute
    GatePlan gate;
    std::vector<int> path_weight;  ///< offset of each path in nequip's unpadded weight row
    int raw_weight_width = 0;      ///< length of that row
    std::vector<int> path_count;   ///< true channels of each path
};

/// Positions in ParameterTable of the arrays of one layer.
struct LayerParameters {
    std::size_t linear_1 = 0, linear_2 = 0, self = 0;
    std::vector<std::size_t> radial;  ///< one per layer of the radial network
};

struct Architecture {
    explicit Architecture(Hyperparameters hyperparameters);
    Hyperparameters hyper;
    std::vector<LayerPlan> layers;
    // Parameters: arrays in order, and their positions in `parameters`.
    std::vector<ParameterInfo> parameters;
    std::size_t parameter_count = 0;
    std::size_t type_embed = 0, bessel = 0, scales = 0, shifts = 0;
    std::vector<LayerParameters> layer_parameters;
    std::vector<std::size_t> readout;

    [[nodiscard]] const ParameterInfo& info(std::size_t index) const { return parameters[index]; }

private:
    std::size_t add_parameter(std::string name, std::vector<std::size_t> shape, bool trainable = true);
    void plan_layer(int index, const std::vector<std::pair<Irrep, int>>& input, std::vector<std::pair<Irrep, int>>& output);
};

}  // namespace alkali::models::nequip
