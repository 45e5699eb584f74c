#include "alkali/base/file_ends.hpp"

#include <fstream>
#include <system_error>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"

namespace alkali::base {
namespace {

std::string piece(std::ifstream& file, std::int64_t from, std::size_t length) {
    std::string text(length, '\0');
    file.seekg(from);
    file.read(text.data(), static_cast<std::streamsize>(length));
    text.resize(static_cast<std::size_t>(file.gcount()));
    file.clear();
    return text;
}

}  // namespace

FileEnds read_ends(const std::filesystem::path& path, std::size_t most) {
    std::error_code unknown;
    const auto size = std::filesystem::file_size(path, unknown);
    if (unknown || size <= most) {
        auto text = read_file(path);
        const auto length = static_cast<std::int64_t>(text.size());
        return {std::move(text), length, true};
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) throw FileError("cannot be read", path.string(), "check its permissions");
    const auto half = most / 2;
    const auto bytes = static_cast<std::int64_t>(size);
    return {piece(file, 0, half) + "\n...\n" + piece(file, bytes - static_cast<std::int64_t>(half), half), bytes, false};
}

}  // namespace alkali::base
