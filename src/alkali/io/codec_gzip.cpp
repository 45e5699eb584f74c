#include <zlib.h>

#include <algorithm>
#include <limits>
#include <new>

#include "alkali/base/error.hpp"
#include "alkali/io/codec.hpp"

namespace alkali::io {
namespace {

constexpr int gzip_window = 15 + 16;  // zlib: largest window, gzip's header and check sum

void set_buffers(z_stream& z, std::string_view input, std::span<char> output) {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    z.avail_in = static_cast<uInt>(std::min(input.size(), most));
    z.next_out = reinterpret_cast<Bytef*>(output.data());
    z.avail_out = static_cast<uInt>(std::min(output.size(), most));
}

class Inflate final : public Codec {
public:
    Inflate() {
        if (inflateInit2(&z_, gzip_window) != Z_OK) throw std::bad_alloc();
    }
    ~Inflate() override { inflateEnd(&z_); }

    std::size_t run(std::string_view& input, bool, std::span<char> output) override {
        if (complete_ && !next_member(input)) return 0;
        set_buffers(z_, input, output);
        const std::size_t before = z_.avail_in, room = z_.avail_out;
        const int result = inflate(&z_, Z_NO_FLUSH);
        input.remove_prefix(before - z_.avail_in);
        if (result == Z_MEM_ERROR) throw std::bad_alloc();
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            throw FileError(std::string("the gzip file is damaged") + (z_.msg != nullptr ? std::string(" (") + z_.msg + ")" : ""));
        complete_ = result == Z_STREAM_END;
        return room - z_.avail_out;
    }
    bool complete() const override { return complete_; }

private:
    // Files one behind the other are one file; zeros behind the last are padding of tapes and blocks.
    bool next_member(std::string_view& input) {
        if (begun_) {
            for (; !input.empty() && input.front() == '\0'; input.remove_prefix(1)) padded_ = true;
            if (input.empty()) return false;
            if (padded_ || input.front() != '\x1f') throw FileError("something else stands behind the end of the gzip file");
            inflateReset(&z_);
        }
        begun_ = true;
        complete_ = false;
        return true;
    }

    z_stream z_{};
    bool begun_ = false, complete_ = true, padded_ = false;
};

class Deflate final : public Codec {
public:
    Deflate() {
        if (deflateInit2(&z_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    }
    ~Deflate() override { deflateEnd(&z_); }

    std::size_t run(std::string_view& input, bool last, std::span<char> output) override {
        if (complete_) return 0;
        set_buffers(z_, input, output);
        const std::size_t before = z_.avail_in, room = z_.avail_out;
        complete_ = deflate(&z_, last ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
        input.remove_prefix(before - z_.avail_in);
        return room - z_.avail_out;
    }
    bool complete() const override { return complete_; }

private:
    z_stream z_{};
    bool complete_ = false;
};

}  // namespace

std::unique_ptr<Codec> gzip_codec(Direction direction) {
    if (direction == Direction::compress) return std::make_unique<Deflate>();
    return std::make_unique<Inflate>();
}

}  // namespace alkali::io
