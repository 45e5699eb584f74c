#include "alkali/io/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/config/json.hpp"

namespace alkali::io {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");
using Json = nlohmann::json;
// The specification's limit for the header, which keeps a damaged length from asking for all memory.
constexpr std::uint64_t longest_header = 100'000'000;
// Far more tensors than any model has, about seven values each.
constexpr config::JsonLimits header_limits{8, 1'000'000};
constexpr const char* damaged = "the file is damaged or not a safetensors file; write or copy it again";

struct Extent {
    std::uint64_t begin, end;
    std::string name;
};

Json parse_header(std::string_view text, const std::string& where) {
    if (text.empty() || text[0] != '{') throw FileError("the header does not start with '{'", where, damaged);
    try {
        return config::parse_json(text, where, header_limits);
    } catch (const FileError& error) {
        throw FileError("its header cannot be used: it " + error.fault(), where, damaged);
    }
}

std::size_t width_of(const std::string& type, const std::string& where) {
    if (type == "F64" || type == "I64") return 8;
    if (type == "F32") return 4;
    throw FileError(fmt::format("numbers of type '{}' are not supported", type), where, "store the tensor as F64, F32 or I64");
}

template <class T>
void append_values(std::string_view bytes, std::vector<double>& values) {
    for (std::size_t offset = 0; offset < bytes.size(); offset += sizeof(T)) {
        T value;
        std::memcpy(&value, bytes.data() + offset, sizeof(T));
        values.push_back(static_cast<double>(value));
    }
}

std::uint64_t unsigned_at(const Json& json, const std::string& what, const std::string& where) {
    if (!json.is_number_unsigned()) throw FileError(what + " is not a whole number", where, damaged);
    return json.get<std::uint64_t>();
}

Tensor read_tensor(const Json& entry, std::string_view data, const std::string& where, Extent& extent) {
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets") ||
        !entry["dtype"].is_string() || !entry["shape"].is_array() || !entry["data_offsets"].is_array() || entry["data_offsets"].size() != 2)
        throw FileError("the entry lacks dtype, shape or data_offsets", where, damaged);
    extent.begin = unsigned_at(entry["data_offsets"][0], "data_offsets", where);
    extent.end = unsigned_at(entry["data_offsets"][1], "data_offsets", where);
    if (extent.begin > extent.end || extent.end > data.size())
        throw FileError(fmt::format("its bytes {}..{} lie outside the file's {} bytes of numbers", extent.begin, extent.end, data.size()),
                        where, "the file is truncated or damaged; copy it again");
    const std::string type = entry["dtype"];
    const std::size_t width = width_of(type, where), available = (extent.end - extent.begin) / width;
    Tensor tensor;
    std::size_t count = 1;
    for (const auto& length : entry["shape"]) {
        tensor.shape.push_back(unsigned_at(length, "shape", where));
        // Bounded at each step, so that the product cannot overflow; zero stays zero.
        if (tensor.shape.back() != 0 && count > available / tensor.shape.back() && count != 0)
            count = available + 1;
        else
            count *= tensor.shape.back();
    }
    if (count != available || (extent.end - extent.begin) % width != 0)
        throw FileError("its shape does not fit its number of bytes", where, damaged);
    const auto bytes = data.substr(extent.begin, extent.end - extent.begin);
    tensor.values.reserve(count);
    if (type == "F64") append_values<double>(bytes, tensor.values);
    if (type == "F32") append_values<float>(bytes, tensor.values);
    if (type == "I64") append_values<std::int64_t>(bytes, tensor.values);
    return tensor;
}

// The specification allows neither overlaps nor holes.
void check_coverage(std::vector<Extent> extents, std::size_t size, const std::string& where) {
    std::sort(extents.begin(), extents.end(),
              [](const Extent& a, const Extent& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    std::uint64_t covered = 0;
    for (const auto& extent : extents) {
        if (extent.begin != covered)
            throw FileError(
                fmt::format("the bytes of '{}' {} those before", extent.name, extent.begin < covered ? "overlap" : "leave a hole after"),
                where, damaged);
        covered = extent.end;
    }
    if (covered != size) throw FileError(fmt::format("{} bytes at the end belong to no tensor", size - covered), where, damaged);
}

std::map<std::string, std::string> read_metadata(const Json& json, const std::string& where) {
    std::map<std::string, std::string> metadata;
    if (!json.is_object()) throw FileError("__metadata__ is not a map of texts", where, damaged);
    for (const auto& [key, value] : json.items()) {
        if (!value.is_string()) throw FileError(fmt::format("the metadata '{}' is not a text", key), where, damaged);
        metadata[key] = value.get<std::string>();
    }
    return metadata;
}

std::size_t count_of(const Tensor& tensor) {
    std::size_t count = 1;
    for (const auto length : tensor.shape) count *= length;
    return count;
}

}  // namespace

const Tensor& TensorFile::at(const std::string& name) const {
    if (const auto found = tensors.find(name); found != tensors.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [other, tensor] : tensors) known.push_back(other);
    throw FileError(fmt::format("the file has no tensor '{}'", name), {}, base::did_you_mean(name, known));
}

std::string TensorFile::serialised() const {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::uint64_t offset = 0;
    for (const auto& [name, tensor] : tensors) {
        if (count_of(tensor) != tensor.values.size())
            throw InternalError(fmt::format("tensor '{}' has {} values, its shape holds {}", name, tensor.values.size(), count_of(tensor)));
        const std::uint64_t end = offset + 8 * tensor.values.size();
        header[name] = {{"dtype", "F64"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = config::json_text(header);
    text.append((8 - text.size() % 8) % 8, ' ');  // numbers start at a multiple of 8 bytes
    std::string bytes;
    bytes.reserve(8 + text.size() + offset);
    const std::uint64_t length = text.size();
    bytes.append(reinterpret_cast<const char*>(&length), 8);
    bytes += text;
    for (const auto& [name, tensor] : tensors) bytes.append(reinterpret_cast<const char*>(tensor.values.data()), 8 * tensor.values.size());
    return bytes;
}

void TensorFile::save(const std::filesystem::path& path) const { base::write_file(path, serialised()); }

TensorFile TensorFile::load(const std::filesystem::path& path) { return parse(base::read_file(path), path.string()); }

TensorFile TensorFile::parse(std::string_view bytes, const std::string& where) {
    if (bytes.size() < 8) throw FileError("the file is shorter than its first 8 bytes", where, damaged);
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    if (length > longest_header || length > bytes.size() - 8)
        throw FileError(fmt::format("the header should have {} bytes, more than the file", length), where, damaged);
    const Json header = parse_header(bytes.substr(8, length), where);
    const auto data = bytes.substr(8 + length);
    TensorFile file;
    std::vector<Extent> extents;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            file.metadata = read_metadata(entry, where);
            continue;
        }
        Extent extent{0, 0, name};
        file.tensors[name] = read_tensor(entry, data, fmt::format("{}, tensor '{}'", where, name), extent);
        extents.push_back(std::move(extent));
    }
    check_coverage(std::move(extents), data.size(), where);
    return file;
}

}  // namespace alkali::io
