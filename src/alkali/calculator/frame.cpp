#include "alkali/calculator/frame.hpp"

#include "alkali/base/error.hpp"

namespace alkali::calculator {

Result compute(Calculator& calculator, const structure::Frame& frame, const Request& request) {
    try {
        return calculator.compute(frame.structure, request);
    } catch (const InputError& error) {
        throw InputError(error.fault(), frame.where() + (error.where().empty() ? "" : ", " + error.where()), error.hint());
    }
}

}  // namespace alkali::calculator
