#pragma once
#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::io {

/// How a file is compressed. gzip is always at hand, the others where their libraries were found when alkali was built.
enum class Compression { none, gzip, xz, zstd };

/// "gzip", "xz", "zstd": those that this build reads and writes.
[[nodiscard]] std::vector<std::string> compressions();
/// What the ending of a name (.gz, .xz, .zst) says.
[[nodiscard]] Compression compression_by_name(const std::filesystem::path& path);
/// The name without the ending of a compressed file (also of kinds that alkali does not read, such as .bz2): "OUTCAR.gz" is "OUTCAR".
[[nodiscard]] std::string without_compression(const std::string& name);

/// What a file holds, uncompressed piece by piece if its first bytes say that it is compressed, whatever its name. Several
/// compressed files one behind the other are one. Memory does not grow with the content.
/// Errors: FileError if it cannot be opened or is compressed in a way that this build does not read; the stream throws FileError
/// naming the file where the compressed file is truncated or damaged.
[[nodiscard]] std::unique_ptr<std::istream> open_content(const std::filesystem::path& path);

/// Errors: FileError if this build does not write it; InputError if it is none, but the target's name says one that alkali does not know.
void require_compression(Compression compression, const std::filesystem::path& target);
/// Writes all that `content` gives, compressed, under the target's name once it is complete. Errors: FileError.
void write_compressed(std::istream& content, const std::filesystem::path& target, Compression compression);
/// The same into a stream. `where` names it in errors.
void compress(std::istream& content, std::ostream& out, Compression compression, const std::string& where);

}  // namespace alkali::io
