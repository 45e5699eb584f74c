#include "alkali/io/notes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"

namespace alkali::io {
namespace {

// Texts of one file that are told in full.
constexpr std::size_t most_told = 10;

}  // namespace

bool leaves_out(const FrameNotes& notes, std::string_view label) {
    return std::find(notes.without_weight.begin(), notes.without_weight.end(), label) != notes.without_weight.end();
}

void NoteLog::add(const Frame& frame, const FrameNotes& notes) {
    ++frames_;
    ++in_file_;
    tell_left_out(notes);
    for (const auto& warning : notes.warnings) tell(frame.where(), warning);
}

void NoteLog::end_file(const FrameReader& reader, const std::filesystem::path& file) {
    tell_left_out(reader.notes());
    for (const auto& [text, times] : times_)
        if (times > 1) log_.warning(fmt::format("{}: {} more times: {}", file.string(), times - 1, text));
    if (untold_ > 0) log_.warning(fmt::format("{}: {} more warnings; `alkali data check` lists them", file.string(), untold_));
    if (in_file_ == 0 && times_.empty()) log_.warning(file.string() + ": the file has no frames");
    times_.clear();
    untold_ = in_file_ = 0;
}

void NoteLog::require_frames(const std::filesystem::path& path) const {
    if (frames_ == 0) throw FileError("the file has no frames", path.string(), left_out_);
}

void NoteLog::tell_left_out(const FrameNotes& notes) {
    for (const auto& part : notes.left_out) {
        if (left_out_.empty()) left_out_ = fmt::format("{}: left out: {}", part.where, part.why);
        tell(part.where, "left out: " + part.why);
    }
}

void NoteLog::tell(const std::string& where, const std::string& text) {
    if (const auto known = times_.find(text); known != times_.end()) {
        ++known->second;
    } else if (times_.size() == most_told) {
        ++untold_;
    } else {
        times_[text] = 1;
        log_.warning(where + ": " + text);
    }
}

}  // namespace alkali::io
