#pragma once
#include <istream>
#include <memory>
#include <streambuf>
#include <utility>

namespace alkali::base {

/// An input stream that owns its buffer and lets the buffer's exceptions through.
class OwningStream final : public std::istream {
public:
    explicit OwningStream(std::unique_ptr<std::streambuf> buffer) : std::istream(buffer.get()), buffer_(std::move(buffer)) {
        exceptions(std::ios::badbit);
    }

private:
    std::unique_ptr<std::streambuf> buffer_;
};

}  // namespace alkali::base
