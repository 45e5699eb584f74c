#pragma once
#include "alkali/calculator/calculator.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::calculator {

/// A calculator that heeds what frames ask for in their info, such as a k-mesh, and can tell what made their labels.
class HeedsFrames {
public:
    virtual ~HeedsFrames() = default;
    /// Of the frame whose structure, and those that come of it, is computed from now on. Errors: InputError naming the frame.
    virtual void heed(const structure::Frame& frame) = 0;
    /// Into the frame's info: what the last computation was made with.
    virtual void describe(structure::Frame& frame) const = 0;
};

/// Tells the calculator of the frame, if it heeds frames.
void heed(Calculator& calculator, const structure::Frame& frame);
/// Lets the calculator tell in the frame's info what made its labels, if it can.
void describe(const Calculator& calculator, structure::Frame& frame);

/// calculator.compute() of a frame's structure, whose wishes are heeded and whose file and number its InputErrors name.
[[nodiscard]] Result compute(Calculator& calculator, const structure::Frame& frame, const Request& request = {});

}  // namespace alkali::calculator
