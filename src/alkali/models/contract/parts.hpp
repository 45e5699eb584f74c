#pragma once

/// Names of the parts of an evaluation in a base::Profile, the same for every kind of model.
namespace alkali::models::part {

inline constexpr const char* neighbour_list = "neighbour_list";                    ///< list, types, graph
inline constexpr const char* geometry = "geometry";                                ///< lengths, harmonics, and back to edge vectors
inline constexpr const char* radial = "radial";                                    ///< radial weights, where they are not part of a kernel
inline constexpr const char* tensor_product_forward = "tensor_product_forward";    ///< the convolution over neighbours
inline constexpr const char* tensor_product_backward = "tensor_product_backward";  ///< its gradient
inline constexpr const char* linear = "linear";                                    ///< maps between channels, both ways
inline constexpr const char* gate = "gate";                                        ///< activations and gates, both ways
inline constexpr const char* descriptor_forward = "descriptor_forward";            ///< sums over neighbours
inline constexpr const char* descriptor_backward = "descriptor_backward";          ///< and back to edge vectors
inline constexpr const char* fitting = "fitting";                                  ///< network from descriptor to energy, both ways
inline constexpr const char* readout = "readout";                                  ///< features to energies, and back
inline constexpr const char* assembly = "assembly";                                ///< edge gradients to forces and virial
inline constexpr const char* uncertainty = "uncertainty";                          ///< expected errors of the forces

}  // namespace alkali::models::part
