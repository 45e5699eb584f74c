#include "alkali/io/compression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <streambuf>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/owning_stream.hpp"
#include "alkali/io/codec.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

constexpr std::size_t buffer_size = 1 << 16;

// First bytes of what zstd passes over: any of sixteen.
const std::vector<std::string_view>& zstd_magic() {
    using namespace std::string_view_literals;
    static const std::vector<std::string_view> all{
        "\x28\xb5\x2f\xfd"sv, "\x50\x2a\x4d\x18"sv, "\x51\x2a\x4d\x18"sv, "\x52\x2a\x4d\x18"sv, "\x53\x2a\x4d\x18"sv, "\x54\x2a\x4d\x18"sv,
        "\x55\x2a\x4d\x18"sv, "\x56\x2a\x4d\x18"sv, "\x57\x2a\x4d\x18"sv, "\x58\x2a\x4d\x18"sv, "\x59\x2a\x4d\x18"sv, "\x5a\x2a\x4d\x18"sv,
        "\x5b\x2a\x4d\x18"sv, "\x5c\x2a\x4d\x18"sv, "\x5d\x2a\x4d\x18"sv, "\x5e\x2a\x4d\x18"sv, "\x5f\x2a\x4d\x18"sv};
    return all;
}

struct Kind {
    Compression compression;
    std::string_view name, ending, package;
    std::vector<std::string_view> magic;  ///< first bytes
    std::unique_ptr<Codec> (*codec)(Direction);
};

const std::vector<Kind>& kinds() {
    using namespace std::string_view_literals;
    static const std::vector<Kind> all{
        {Compression::gzip, "gzip", ".gz", "zlib1g-dev", {"\x1f\x8b"sv}, gzip_codec},
        {Compression::xz, "xz", ".xz", "liblzma-dev", {"\xfd\x37zXZ\0"sv}, xz_codec},
        {Compression::zstd, "zstd", ".zst", "libzstd-dev", zstd_magic(), zstd_codec},
    };
    return all;
}

/// Kinds that alkali does not read: first bytes, name, ending, and the program that uncompresses them.
struct Foreign {
    std::string_view magic, name, ending, remedy;
};
constexpr std::array<Foreign, 5> foreign{{{"BZh", "bzip2", ".bz2", "bunzip2"},
                                          {"\x1f\x9d", "compress", ".Z", "uncompress"},
                                          {"PK\x03\x04", "zip", ".zip", "unzip"},
                                          {"7z\xbc\xaf\x27\x1c", "7-Zip", ".7z", "7z x"},
                                          {"\x04\x22\x4d\x18", "lz4", ".lz4", "unlz4"}}};

bool ends_with(std::string_view name, std::string_view ending) {
    return name.size() > ending.size() && matches(ending, name.substr(name.size() - ending.size()));
}

const Kind* kind_of(std::string_view bytes) {
    for (const auto& kind : kinds())
        for (const auto magic : kind.magic)
            if (bytes.starts_with(magic)) return &kind;
    return nullptr;
}

std::unique_ptr<Codec> codec_of(const Kind& kind, Direction direction, const std::string& where) {
    auto codec = kind.codec(direction);
    if (!codec)
        throw FileError(fmt::format("{}; this alkali was built without {}",
                                    direction == Direction::uncompress ? fmt::format("is compressed by {}", kind.name)
                                                                       : fmt::format("is to be compressed by {}", kind.name),
                                    kind.name),
                        where,
                        direction == Direction::uncompress
                            ? fmt::format("uncompress it first, or install {} and build alkali again", kind.package)
                            : fmt::format("choose a name without {}, or install {} and build alkali again", kind.ending, kind.package));
    return codec;
}

/// The content of a compressed file; memory is two buffers and what the codec needs.
class Uncompressing final : public std::streambuf {
public:
    Uncompressing(std::unique_ptr<std::istream> file, std::unique_ptr<Codec> codec, std::string where)
        : file_(std::move(file)), codec_(std::move(codec)), where_(std::move(where)), input_(buffer_size), output_(buffer_size) {}

protected:
    int_type underflow() override {
        if (failed_) return traits_type::eof();
        try {
            const std::size_t count = fill();
            if (!std::exchange(begun_, true) && kind_of({output_.data(), count}) != nullptr) throw FileError("is compressed twice");
            setg(output_.data(), output_.data(), output_.data() + count);
            return count == 0 ? traits_type::eof() : traits_type::to_int_type(output_.front());
        } catch (const FileError& error) {
            failed_ = true;
            throw FileError(error.fault(), where_, "copy it again, or compress the original again");
        }
    }

private:
    std::size_t fill() {
        for (;;) {
            if (rest_.empty() && !ended_) {
                file_->read(input_.data(), static_cast<std::streamsize>(input_.size()));
                rest_ = {input_.data(), static_cast<std::size_t>(file_->gcount())};
                ended_ = !*file_;
            }
            const std::size_t before = rest_.size(), count = codec_->run(rest_, ended_, output_);
            if (count > 0) return count;
            if (before != rest_.size() || (before == 0 && !ended_)) continue;
            if (!codec_->complete()) throw FileError("the compressed file is truncated");
            return 0;
        }
    }

    std::unique_ptr<std::istream> file_;
    std::unique_ptr<Codec> codec_;
    std::string where_;
    std::vector<char> input_, output_;
    std::string_view rest_;
    bool begun_ = false, ended_ = false, failed_ = false;
};

/// The next bytes, which stay to be read; of a pipe those that are there.
std::string first_bytes(std::istream& content) {
    std::string bytes;
    auto& buffer = *content.rdbuf();
    if (content.peek() == std::char_traits<char>::eof()) {
        content.clear();
        return bytes;
    }
    bytes.resize(static_cast<std::size_t>(std::clamp<std::streamsize>(buffer.in_avail(), 1, 8)));
    bytes.resize(static_cast<std::size_t>(buffer.sgetn(bytes.data(), static_cast<std::streamsize>(bytes.size()))));
    for (std::size_t i = 0; i < bytes.size(); ++i) buffer.sungetc();
    return bytes;
}

}  // namespace

std::vector<std::string> compressions() {
    std::vector<std::string> names;
    for (const auto& kind : kinds())
        if (kind.codec(Direction::uncompress)) names.emplace_back(kind.name);
    return names;
}

Compression compression_by_name(const std::filesystem::path& path) {
    const auto name = path.filename().string();
    for (const auto& kind : kinds())
        if (ends_with(name, kind.ending)) return kind.compression;
    return Compression::none;
}

std::string without_compression(const std::string& name) {
    for (const auto& kind : kinds())
        if (ends_with(name, kind.ending)) return name.substr(0, name.size() - kind.ending.size());
    for (const auto& kind : foreign)
        if (ends_with(name, kind.ending)) return name.substr(0, name.size() - kind.ending.size());
    return name;
}

std::unique_ptr<std::istream> open_content(const std::filesystem::path& path) {
    auto file = base::open_input(path);
    const auto bytes = first_bytes(*file);
    if (const auto* kind = kind_of(bytes)) {
        return std::make_unique<base::OwningStream>(
            std::make_unique<Uncompressing>(std::move(file), codec_of(*kind, Direction::uncompress, path.string()), path.string()));
    }
    for (const auto& kind : foreign)
        if (bytes.starts_with(kind.magic))
            throw FileError(fmt::format("is compressed by {}, which alkali does not read", kind.name), path.string(),
                            fmt::format("uncompress it first ({}), or compress it by gzip", kind.remedy));
    return file;
}

void require_compression(Compression compression, const std::filesystem::path& target) {
    for (const auto& kind : kinds())
        if (kind.compression == compression) static_cast<void>(codec_of(kind, Direction::compress, target.string()));
    const auto name = target.filename().string();
    if (compression == Compression::none && without_compression(name) != name)
        throw InputError("files of this kind of compression are not written", target.string(), "choose a name that ends in .gz");
}

void write_compressed(std::istream& content, const std::filesystem::path& target, Compression compression) {
    base::AtomicFile file(target);
    compress(content, file.stream(), compression, target.string());
    file.commit();
}

void compress(std::istream& content, std::ostream& out, Compression compression, const std::string& where) {
    std::vector<char> input(buffer_size), output(buffer_size);
    for (const auto& kind : kinds()) {
        if (kind.compression != compression) continue;
        const auto codec = codec_of(kind, Direction::compress, where);
        while (!codec->complete()) {
            content.read(input.data(), static_cast<std::streamsize>(input.size()));
            std::string_view rest{input.data(), static_cast<std::size_t>(content.gcount())};
            const bool last = !content;
            do {
                const auto count = codec->run(rest, last, output);
                out.write(output.data(), static_cast<std::streamsize>(count));
            } while (!rest.empty() || (last && !codec->complete()));
        }
    }
}

}  // namespace alkali::io
