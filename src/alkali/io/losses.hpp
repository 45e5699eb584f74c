#pragma once
#include <map>
#include <string>

#include "alkali/io/format.hpp"

namespace alkali::io {

/// What frames hold and the format they are written in does not: counted frame by frame, told once.
class Losses {
public:
    explicit Losses(FormatInfo format) : format_(std::move(format)) {}
    void add(const Frame& frame);
    /// Warns of labels, weights, open directions and columns that are not written; says which header keys are not.
    /// Nothing lost, nothing told.
    void tell(base::LogSink& log) const;

private:
    using Counts = std::map<std::string, std::size_t>;
    void add_labels(const Frame& frame);

    FormatInfo format_;
    Counts labels_, columns_, keys_;
    std::size_t weighted_ = 0, closed_ = 0;
};

}  // namespace alkali::io
