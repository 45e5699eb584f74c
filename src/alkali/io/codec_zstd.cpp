#include "alkali/io/codec.hpp"

#ifdef ALKALI_WITH_ZSTD
#include <zstd.h>

#include <new>

#include "alkali/base/error.hpp"

namespace alkali::io {
namespace {

class ZstdReader final : public Codec {
public:
    ZstdReader() : stream_(ZSTD_createDStream(), ZSTD_freeDStream) {
        if (!stream_) throw std::bad_alloc();
    }

    std::size_t run(std::string_view& input, bool, std::span<char> output) override {
        if (complete_ && input.empty()) return 0;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{output.data(), output.size(), 0};
        const auto left = ZSTD_decompressStream(stream_.get(), &out, &in);
        if (ZSTD_isError(left) != 0) throw FileError(std::string("the zstd file is damaged (") + ZSTD_getErrorName(left) + ")");
        input.remove_prefix(in.pos);
        complete_ = left == 0;
        return out.pos;
    }
    bool complete() const override { return complete_; }

private:
    std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
    bool complete_ = true;
};

class ZstdWriter final : public Codec {
public:
    ZstdWriter() : stream_(ZSTD_createCStream(), ZSTD_freeCStream) {
        if (!stream_) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(stream_.get(), ZSTD_c_checksumFlag, 1);
    }

    std::size_t run(std::string_view& input, bool last, std::span<char> output) override {
        if (complete_) return 0;
        ZSTD_inBuffer in{input.data(), input.size(), 0};
        ZSTD_outBuffer out{output.data(), output.size(), 0};
        const auto left = ZSTD_compressStream2(stream_.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left) != 0) throw FileError(std::string("zstd failed (") + ZSTD_getErrorName(left) + ")");
        input.remove_prefix(in.pos);
        complete_ = last && left == 0;
        return out.pos;
    }
    bool complete() const override { return complete_; }

private:
    std::unique_ptr<ZSTD_CStream, decltype(&ZSTD_freeCStream)> stream_;
    bool complete_ = false;
};

}  // namespace

std::unique_ptr<Codec> zstd_codec(Direction direction) {
    if (direction == Direction::compress) return std::make_unique<ZstdWriter>();
    return std::make_unique<ZstdReader>();
}

}  // namespace alkali::io
#else
namespace alkali::io {
std::unique_ptr<Codec> zstd_codec(Direction) { return nullptr; }
}  // namespace alkali::io
#endif
