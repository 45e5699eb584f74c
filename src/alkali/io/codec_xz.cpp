#include "alkali/io/codec.hpp"

#ifdef ALKALI_WITH_XZ
#include <lzma.h>

#include <new>

#include "alkali/base/error.hpp"

namespace alkali::io {
namespace {

// What decoding may take; xz -9 needs 65 MB.
constexpr std::uint64_t memory_limit = std::uint64_t{1} << 30;

class Xz final : public Codec {
public:
    explicit Xz(Direction direction) {
        const auto result = direction == Direction::compress ? lzma_easy_encoder(&stream_, LZMA_PRESET_DEFAULT, LZMA_CHECK_CRC64)
                                                             : lzma_stream_decoder(&stream_, memory_limit, LZMA_CONCATENATED);
        if (result != LZMA_OK) throw std::bad_alloc();
    }
    ~Xz() override { lzma_end(&stream_); }

    std::size_t run(std::string_view& input, bool last, std::span<char> output) override {
        if (complete_) return 0;
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        stream_.avail_in = input.size();
        stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
        stream_.avail_out = output.size();
        const auto result = lzma_code(&stream_, last ? LZMA_FINISH : LZMA_RUN);
        input.remove_prefix(input.size() - stream_.avail_in);
        if (result == LZMA_MEM_ERROR) throw std::bad_alloc();
        if (result == LZMA_MEMLIMIT_ERROR) throw FileError("the xz file needs more than 1 GB of memory to uncompress");
        if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR) throw FileError("the xz file is damaged");
        complete_ = result == LZMA_STREAM_END;
        return output.size() - stream_.avail_out;
    }
    bool complete() const override { return complete_; }

private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool complete_ = false;
};

}  // namespace

std::unique_ptr<Codec> xz_codec(Direction direction) { return std::make_unique<Xz>(direction); }

}  // namespace alkali::io
#else
namespace alkali::io {
std::unique_ptr<Codec> xz_codec(Direction) { return nullptr; }
}  // namespace alkali::io
#endif
