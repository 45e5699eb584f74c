#include "alkali/io/foreign_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

// How much of the beginning and of the end is searched for words: names of a zip's members stand at its end.
constexpr std::size_t searched = std::size_t{1} << 20;

struct Bytes {
    std::string begin, end;
    std::uintmax_t size = 0;
    [[nodiscard]] bool has(std::string_view word) const {
        return begin.find(word) != std::string::npos || end.find(word) != std::string::npos;
    }
    [[nodiscard]] bool is_text() const {
        const std::string_view head = std::string_view(begin).substr(0, 4096);
        return !head.empty() && std::none_of(head.begin(), head.end(), [](char c) {
            return static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\r' && c != '\t' && c != '\f';
        });
    }
};

Bytes read_ends(const fs::path& path) {
    Bytes bytes;
    std::ifstream file(path, std::ios::binary);
    if (!file) return bytes;
    bytes.size = fs::file_size(path);
    const auto read = [&](std::string& out, std::uintmax_t from) {
        file.clear();
        file.seekg(static_cast<std::streamoff>(from));
        out.resize(std::min<std::uintmax_t>(searched, bytes.size - from));
        file.read(out.data(), static_cast<std::streamsize>(out.size()));
    };
    read(bytes.begin, 0);
    read(bytes.end, bytes.size > searched ? bytes.size - searched : 0);
    return bytes;
}

std::string convert_backend(const fs::path& path) {
    return fmt::format(
        "write it in deepmd-kit's own form, then import that: dp convert-backend {} model.yaml && alkali import model.yaml "
        "-o model.safetensors",
        path.filename().string());
}
std::string import_it(const fs::path& path) {
    return fmt::format("import it: alkali import {} -o model.safetensors", path.filename().string());
}
constexpr const char* readable =
    "alkali uses its own models (.safetensors), and imports those of nequip (.ckpt, .nequip.zip) and of deepmd-kit "
    "(.yaml by dp convert-backend)";

ForeignModel of_deepmd(const fs::path& path, const std::string& form) {
    return {fmt::format("is a model of deepmd-kit ({})", form), convert_backend(path), Importable::converted};
}
ForeignModel compiled_nequip() {
    return {"is a compiled model of nequip",
            "compiled models cannot be imported: import the checkpoint (.ckpt) or package (.nequip.zip) that "
            "it was compiled from, with alkali import",
            Importable::no};
}

ForeignModel zip_model(const fs::path& path, const Bytes& bytes) {
    const auto name = path.filename().string();
    if (matches("*.nequip.zip", name)) return {"is a package of nequip", import_it(path), Importable::directly};
    if (matches("*.ckpt", name)) return {"is a checkpoint, as nequip writes it", import_it(path), Importable::directly};
    if (matches("*.nequip.p*", name) || bytes.has("__torch__/nequip") || bytes.has("__torch__.nequip")) return compiled_nequip();
    if (bytes.has("__torch__/deepmd") || bytes.has("deepmd") || bytes.has("fitting_net")) return of_deepmd(path, "PyTorch");
    if (matches("*.zip", name) && bytes.has("nequip")) return {"is a package, as nequip writes it", import_it(path), Importable::directly};
    if (bytes.has("data.pkl") || bytes.has("constants.pkl"))
        return {"is a model or checkpoint of PyTorch, and does not tell of which program",
                std::string("if it is deepmd-kit's: ") + convert_backend(path) +
                    "; nequip's checkpoints end in .ckpt; others cannot be imported",
                Importable::converted};
    return {"is a zip archive", readable, Importable::no};
}

// The keys at the beginning of lines, or in quotes.
bool has_key(const Bytes& bytes, const std::string& key) {
    const std::string& text = bytes.begin;
    return text.starts_with(key + ":") || text.find("\n" + key + ":") != std::string::npos ||
           text.find("\"" + key + "\"") != std::string::npos || text.find("'" + key + "'") != std::string::npos;
}

std::optional<ForeignModel> text_model(const fs::path& path, const Bytes& bytes) {
    const auto name = path.filename().string();
    const bool config = matches("*.yaml", name) || matches("*.yml", name) || matches("*.json", name);
    if (config && bytes.has("@class") && (bytes.has("Descriptor") || bytes.has("@variables")))
        return ForeignModel{"is a model of deepmd-kit in its own form", import_it(path), Importable::directly};
    if (config && has_key(bytes, "model") && (has_key(bytes, "training") || has_key(bytes, "data") || has_key(bytes, "loss")))
        return ForeignModel{"is the config of a training, not a model",
                            fmt::format("train with it first: alkali train {} -o run, then give run/best.safetensors", name),
                            Importable::no};
    if (config && (has_key(bytes, "run") || has_key(bytes, "training_module")))
        return ForeignModel{"is a training config of nequip, not a model",
                            fmt::format("give the checkpoint that nequip-train made of it to alkali import"), Importable::no};
    if (config && (has_key(bytes, "pseudopotentials") || has_key(bytes, "qe") || has_key(bytes, "ecutwfc")))
        return ForeignModel{"is a config of Quantum ESPRESSO, not a model file", fmt::format("use it as qe:{}", path.string()),
                            Importable::no};
    static const std::map<std::string, std::string> potentials{{"*.eam*", "an embedded-atom potential"},
                                                               {"*.meam*", "a MEAM potential"},
                                                               {"*.snap*", "a SNAP potential"},
                                                               {"*.mtp", "a moment tensor potential"},
                                                               {"*.almtp", "a moment tensor potential"},
                                                               {"*.tersoff*", "a Tersoff potential"},
                                                               {"nep*.txt", "a NEP of GPUMD"},
                                                               {"*.ace", "an ACE potential"},
                                                               {"*.yace", "an ACE potential"}};
    for (const auto& [pattern, what] : potentials)
        if (matches(pattern, name))
            return ForeignModel{"is " + what, "it cannot be imported; potentials of other kinds are used through the KIM-API: kim:MODEL_ID",
                                Importable::no};
    try {
        const auto format = detect_format(path);
        return ForeignModel{fmt::format("is a file of structures ({}), not a model", format),
                            "the model comes first, the structures behind it", Importable::no};
    } catch (const InputError&) {}
    return ForeignModel{"is a text file, not a model", readable, Importable::no};
}

// The best model that a training left in a folder; empty if there is none.
fs::path trained_model(const fs::path& folder) {
    for (const char* name : {"best.safetensors", "last.safetensors", "init.safetensors"})
        if (fs::exists(folder / name)) return folder / name;
    return {};
}

std::vector<std::string> members_models(const fs::path& folder) {
    std::vector<std::string> models;
    for (int member = 1; fs::is_directory(folder / fmt::format("member_{}", member)); ++member)
        if (const auto model = trained_model(folder / fmt::format("member_{}", member)); !model.empty()) models.push_back(model.string());
    return models;
}

std::optional<ForeignModel> folder_model(const fs::path& path) {
    if (const auto model = trained_model(path); !model.empty())
        return ForeignModel{"is a folder", fmt::format("give the model in it: {}", model.string()), Importable::no};
    if (const auto models = members_models(path); !models.empty())
        return ForeignModel{"is the folder of a committee",
                            fmt::format("give its members: {}{}", fmt::join(models, ","), models.size() > 1 ? ", or one of them" : ""),
                            Importable::no};
    if (fs::exists(path / "saved_model.pb")) return of_deepmd(path, "TensorFlow, SavedModel");
    return ForeignModel{"is a folder, not a model file", readable, Importable::no};
}

// The header's length in the first eight bytes, and the { that it begins with.
bool may_be_safetensors(const Bytes& bytes) {
    std::uint64_t length = 0;
    if (bytes.begin.size() < 9) return false;
    std::memcpy(&length, bytes.begin.data(), 8);
    return bytes.begin[8] == '{' && length < 100'000'000;
}

}  // namespace

std::optional<ForeignModel> foreign_model(const fs::path& path) {
    if (fs::is_directory(path)) return folder_model(path);
    if (!fs::is_regular_file(path)) return std::nullopt;
    const auto bytes = read_ends(path);
    const auto name = path.filename().string();
    const std::string_view begin = bytes.begin;
    if (begin.empty() || may_be_safetensors(bytes) || matches("*.safetensors", name)) return std::nullopt;
    if (begin.starts_with("\x89HDF\r\n\x1a\n")) return of_deepmd(path, "HDF5, as far as its form tells");
    if (begin.starts_with("PK\x03\x04")) return zip_model(path, bytes);
    if (bytes.is_text()) return text_model(path, bytes);
    if (matches("*.pb", name) || bytes.has("descrpt_attr") || bytes.has("fitting_attr")) return of_deepmd(path, "TensorFlow");
    if (matches("*.meta", name) || matches("*.savedmodel", name) || matches("*.hlo", name) || matches("*.pte", name))
        return of_deepmd(path, "as its ending tells");
    if (begin.starts_with('\x80')) return ForeignModel{"is a pickle of Python", readable, Importable::no};
    return ForeignModel{"is no model file that alkali knows", readable, Importable::no};
}

}  // namespace alkali::io
