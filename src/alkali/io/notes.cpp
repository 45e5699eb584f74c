#include "alkali/io/notes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"

namespace alkali::io {
namespace {

// Kinds of one path that are told.
constexpr std::size_t most_told = 20;

}  // namespace

bool leaves_out(const FrameNotes& notes, std::string_view label) {
    return std::find(notes.without_weight.begin(), notes.without_weight.end(), label) != notes.without_weight.end();
}

NoteLog::~NoteLog() {
    try {
        tell();
    } catch (...) {  // a log that cannot be written to keeps no reader from ending
    }
}

void NoteLog::add(const Frame& frame, const FrameNotes& notes) {
    ++frames_;
    add_left_out(notes);
    for (const auto& warning : notes.warnings) repeats_.add(frame.where(), warning);
}

void NoteLog::end_file(const FrameReader& reader) { add_left_out(reader.notes()); }

void NoteLog::end_path(const std::filesystem::path& path) {
    tell();
    if (frames_ == 0) throw FileError("the file has no frames", path.string(), left_out_);
}

void NoteLog::add_left_out(const FrameNotes& notes) {
    for (const auto& part : notes.left_out) {
        if (left_out_.empty()) left_out_ = fmt::format("{}: left out: {}", part.where, part.why);
        repeats_.add(part.where, "left out: " + part.why);
    }
}

void NoteLog::tell() { repeats_.tell(log_, most_told, "`alkali data check` lists them"); }

}  // namespace alkali::io
