#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "alkali/io/compression.hpp"

// What the kinds of compression share. Memory that a file may ask for is bounded by the libraries' usual limits.
namespace alkali::io {

/// Bytes in, bytes out, for either direction.
class Codec {
public:
    virtual ~Codec() = default;
    /// Takes bytes off the front of `input` and writes some to `output`; how many. `last`: nothing follows `input`.
    /// Zero with `input` empty: more input is needed, or (last) all is done.
    /// Errors: FileError without a place, where the bytes are no such compressed file.
    virtual std::size_t run(std::string_view& input, bool last, std::span<char> output) = 0;
    /// True between compressed files, where the input may end.
    [[nodiscard]] virtual bool complete() const = 0;
};

enum class Direction { compress, uncompress };

[[nodiscard]] std::unique_ptr<Codec> gzip_codec(Direction direction);
/// Null if alkali was built without the library.
[[nodiscard]] std::unique_ptr<Codec> xz_codec(Direction direction);
[[nodiscard]] std::unique_ptr<Codec> zstd_codec(Direction direction);

}  // namespace alkali::io
