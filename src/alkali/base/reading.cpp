#include <sys/stat.h>

#include <cerrno>
#include <fstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/owning_stream.hpp"
#include "alkali/base/pipe.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

// More than any model or config; a pipe may give bytes for ever.
constexpr std::size_t longest_piped = std::size_t{4} << 30;
constexpr std::size_t piece = 1 << 16;

[[noreturn]] void reading_failed(const fs::path& path) {
    throw FileError("reading failed (" + reason_of(errno) + ")", path.string(), "is the disk broken?");
}

class PipeBuffer final : public std::streambuf {
public:
    PipeBuffer(Source source, fs::path path) : source_(std::move(source)), path_(std::move(path)), buffer_(std::move(source_.first)) {
        setg(buffer_.data(), buffer_.data(), buffer_.data() + buffer_.size());
    }

protected:
    int_type underflow() override {
        buffer_.resize(piece);
        const auto got = read_some(source_.descriptor.get(), buffer_.data(), buffer_.size());
        if (got < 0) reading_failed(path_);
        setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
        return got == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_.front());
    }

private:
    Source source_;
    fs::path path_;
    std::string buffer_;
};

}  // namespace

std::string read_file(const fs::path& path) {
    auto source = open_to_read(path);
    std::string content = std::move(source.first);
    struct stat status = {};
    if (source.is_file && ::fstat(source.descriptor.get(), &status) == 0) content.reserve(static_cast<std::size_t>(status.st_size) + 1);
    for (;;) {
        const auto held = content.size();
        content.resize(held < content.capacity() ? content.capacity() : held + piece);
        const auto got = read_some(source.descriptor.get(), content.data() + held, content.size() - held);
        if (got < 0) reading_failed(path);
        content.resize(held + static_cast<std::size_t>(got));
        if (got == 0) return content;
        if (!source.is_file && content.size() > longest_piped)
            throw FileError("gives more than 4 GB and does not end", path.string(), "give a file");
    }
}

std::unique_ptr<std::istream> open_input(const fs::path& path) {
    auto source = open_to_read(path);
    if (!source.is_file) return std::make_unique<OwningStream>(std::make_unique<PipeBuffer>(std::move(source), path));
    auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
    if (!*file) throw FileError("cannot be read (" + reason_of(errno) + ")", path.string());
    return file;
}

void require_file(const fs::path& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0)
        throw FileError("cannot be read (" + reason_of(errno) + ")", path.string(), "check the name and the permissions");
    if (S_ISDIR(status.st_mode)) throw FileError("is a folder, not a file", path.string());
    if (!S_ISREG(status.st_mode)) throw FileError("is a pipe or device, and is read to and fro", path.string(), "give a file");
}

}  // namespace alkali::base
