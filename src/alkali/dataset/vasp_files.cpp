#include "alkali/dataset/vasp_files.hpp"

#include <algorithm>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/io/compression.hpp"

namespace alkali::dataset {
namespace {

constexpr std::size_t piece = 1 << 20, overlap = 64;  // a mark may lie across two pieces

/// What a file holds once a step is complete, and at its very end.
struct Marks {
    std::string_view step, end;
};

/// What the last mark in a part of a file says; nothing: none is there. Another run may follow behind the end of one.
Extent last_mark(std::string_view text, const Marks& marks) {
    const auto step = text.rfind(marks.step), end = text.rfind(marks.end);
    if (step == std::string_view::npos && end == std::string_view::npos) return Extent::nothing;
    return end != std::string_view::npos && (step == std::string_view::npos || end > step) ? Extent::whole : Extent::steps;
}

/// From the end on, so that usually one piece is read.
Extent extent_backwards(std::istream& content, const Marks& marks, std::size_t size) {
    std::string text;
    for (std::size_t begin = size; begin > 0;) {
        const auto end = std::min(size, begin + overlap);
        begin -= std::min(begin, piece);
        text.resize(end - begin);
        content.seekg(static_cast<std::streamoff>(begin));
        content.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(content.gcount()));
        content.clear();
        if (const auto found = last_mark(text, marks); found != Extent::nothing) return found;
    }
    return Extent::nothing;
}

/// What is compressed has to be read from its begin on. Damage is told when its frames are read.
Extent extent_forwards(std::istream& content, const Marks& marks) {
    std::string text;
    Extent extent = Extent::nothing;
    bool steps = false;
    try {
        do {
            const std::size_t kept = text.size();
            text.resize(kept + piece);
            content.read(text.data() + kept, static_cast<std::streamsize>(piece));
            text.resize(kept + static_cast<std::size_t>(content.gcount()));
            if (const auto found = last_mark(text, marks); found != Extent::nothing) extent = found;
            steps = steps || text.find(marks.step) != std::string::npos;
            text.erase(0, text.size() - std::min(text.size(), overlap));
        } while (content);
    } catch (const FileError&) {
        return steps ? Extent::steps : Extent::nothing;
    }
    return extent;
}

Extent extent(const std::filesystem::path& path, const Marks& marks) {
    std::unique_ptr<std::istream> content;
    try {
        content = io::open_content(path);
    } catch (const FileError&) {
        return Extent::nothing;  // told when its frames are read
    }
    const auto size = content->seekg(0, std::ios::end).tellg();
    content->clear();
    return size < 0 ? extent_forwards(*content, marks) : extent_backwards(*content, marks, static_cast<std::size_t>(size));
}

}  // namespace

Extent extent_of_vasprun(const std::filesystem::path& path) { return extent(path, {"</calculation>", "</modeling>"}); }

Extent extent_of_outcar(const std::filesystem::path& path) { return extent(path, {"free  energy", "General timing and accounting"}); }

}  // namespace alkali::dataset
