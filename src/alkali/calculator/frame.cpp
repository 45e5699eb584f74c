#include "alkali/calculator/frame.hpp"

#include "alkali/base/error.hpp"

namespace alkali::calculator {

void heed(Calculator& calculator, const structure::Frame& frame) {
    if (auto* heeding = dynamic_cast<HeedsFrames*>(&calculator)) heeding->heed(frame);
}

void describe(const Calculator& calculator, structure::Frame& frame) {
    if (const auto* heeding = dynamic_cast<const HeedsFrames*>(&calculator)) heeding->describe(frame);
}

Result compute(Calculator& calculator, const structure::Frame& frame, const Request& request) {
    heed(calculator, frame);
    try {
        return calculator.compute(frame.structure, request);
    } catch (const InputError& error) {
        throw InputError(error.fault(), frame.where() + (error.where().empty() ? "" : ", " + error.where()), error.hint());
    }
}

}  // namespace alkali::calculator
