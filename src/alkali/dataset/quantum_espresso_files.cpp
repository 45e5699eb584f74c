#include "alkali/dataset/quantum_espresso_files.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/text.hpp"

namespace alkali::dataset {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema = "data-file-schema.xml";

/// The file's name without the ending of what is compressed.
fs::path plain(const fs::path& file) { return file.parent_path() / io::without_compression(file.filename().string()); }

/// OUTDIR/PREFIX.save, the folder that an XML file of pw.x belongs to.
fs::path save_folder(const fs::path& xml) {
    if (xml.filename() == schema) return xml.parent_path();
    return fs::path(xml).replace_extension(".save");
}

/// The folder of its run that a text output names ("Writing output data file ./pw/alkali.save/"); empty: none.
fs::path named_folder(const fs::path& text) {
    try {
        const auto content = io::open_content(text);
        io::Lines lines(*content);
        for (std::string line; lines.next(line);) {
            const auto end = line.find(".save");
            if (end == std::string::npos || line.find("Writing") == std::string::npos) continue;
            const auto begin = line.find_last_of(" '", end);
            return {line.substr(begin == std::string::npos ? 0 : begin + 1, end + 5 - (begin == std::string::npos ? 0 : begin + 1))};
        }
    } catch (const FileError&) {  // told when its frames are read
    }
    return {};
}

/// A relative name counts from where pw.x ran, which is where its output usually is. A full one may be of another machine: its
/// last two parts count.
bool is_of(const fs::path& folder, const fs::path& named, const fs::path& text) {
    if (named.empty()) return false;
    if (named.is_relative()) return fs::weakly_canonical(text.parent_path() / named) == fs::weakly_canonical(folder);
    const auto full = fs::weakly_canonical(folder);
    return full == named.lexically_normal() ||
           (full.filename() == named.filename() && full.parent_path().filename() == named.parent_path().filename());
}

}  // namespace

std::vector<fs::path> take_out_twins(std::vector<fs::path>& files) {
    std::vector<fs::path> xmls, twins;
    std::vector<std::pair<fs::path, fs::path>> texts;  // with the folder they name
    const auto of_format = [](const fs::path& file, const char* format) {
        return fs::is_regular_file(file) && io::detect_format(file) == format;
    };
    std::ranges::copy_if(files, std::back_inserter(xmls), [&](const auto& file) { return of_format(file, "qe-xml"); });
    if (xmls.empty()) return twins;
    for (const auto& file : files)
        if (of_format(file, "qe-output")) texts.emplace_back(file, named_folder(file));
    for (const auto& xml : xmls) {
        const auto name = plain(xml), folder = save_folder(name);
        const bool copied =
            name.filename() != schema && std::ranges::any_of(xmls, [&](const auto& other) { return plain(other) == folder / schema; });
        const bool told = std::ranges::any_of(texts, [&](const auto& text) { return is_of(folder, text.second, text.first); });
        if (copied || told) twins.push_back(xml);
    }
    std::erase_if(files, [&](const auto& file) { return std::ranges::find(twins, file) != twins.end(); });
    return twins;
}

}  // namespace alkali::dataset
