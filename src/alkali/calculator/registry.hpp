#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/calculator/calculator.hpp"

namespace alkali::calculator {

/// Settings that every way of opening a calculator may use.
struct OpenOptions {
    std::string precision;  ///< empty: as the model says; float32, mixed, float64
    int threads = 0;        ///< 0: as many of all as turn out fastest
};

/// Whether calculators of a kind compute in the precision that one asks for.
enum class Precisions { one, several };

/// Turns the CALC argument of the command line into a Calculator. The program fills one with a line per kind
/// ("kim:", "qe:", model files); nothing global.
class Registry {
public:
    using Open = std::function<std::unique_ptr<Calculator>(const std::string& rest, const OpenOptions&, base::LogSink&)>;
    /// prefix such as "kim"; "" is what opens a plain file name. help: one line.
    void add(std::string prefix, std::string help, Open open, Precisions precisions = Precisions::several);
    /// Errors: InputError for an unknown prefix (nearest named), for nothing behind it, for a precision where there is no choice, and what
    /// the opener throws. A comma-separated list of files is left to the opener of "".
    [[nodiscard]] std::unique_ptr<Calculator> open(const std::string& spec, const OpenOptions& options, base::LogSink& log) const;
    [[nodiscard]] std::string help() const;

private:
    struct Entry {
        std::string prefix, help;
        Open open;
        Precisions precisions;
    };
    std::vector<Entry> entries_;
};

}  // namespace alkali::calculator
