#include "alkali/dataset/vasp_files.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/io/compression.hpp"

namespace alkali::dataset {
namespace {

/// The file is looked through piece by piece; a mark may lie across two pieces.
Extent extent(const std::filesystem::path& path, std::string_view step, std::string_view end) {
    constexpr std::size_t piece = 1 << 20, overlap = 64;
    bool steps = false, whole = false;
    try {
        const auto content = io::open_content(path);
        std::string text;
        do {
            const std::size_t kept = text.size();
            text.resize(kept + piece);
            content->read(text.data() + kept, static_cast<std::streamsize>(piece));
            text.resize(kept + static_cast<std::size_t>(content->gcount()));
            const auto last_step = text.rfind(step), last_end = text.rfind(end);
            const bool has_step = last_step != std::string::npos, has_end = last_end != std::string::npos;
            steps = steps || has_step;
            // Another run may follow behind the end of one.
            if (has_step || has_end) whole = has_end && (!has_step || last_end > last_step);
            text.erase(0, text.size() - std::min(text.size(), overlap));
        } while (*content);
    } catch (const FileError&) {
        whole = false;  // told when its frames are read
    }
    return whole ? Extent::whole : steps ? Extent::steps : Extent::nothing;
}

}  // namespace

Extent extent_of_vasprun(const std::filesystem::path& path) { return extent(path, "</calculation>", "</modeling>"); }

Extent extent_of_outcar(const std::filesystem::path& path) { return extent(path, "free  energy", "General timing and accounting"); }

}  // namespace alkali::dataset
