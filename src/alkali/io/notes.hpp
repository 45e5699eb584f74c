#pragma once
#include <map>
#include <string>

#include "alkali/io/format.hpp"

namespace alkali::io {

/// Tells a log what readers note beside their frames: warnings and what was left out. Of each text in a file the first
/// is told with its place, the others are counted.
class NoteLog {
public:
    explicit NoteLog(base::LogSink& log) : log_(log) {}
    /// Of the frame read last.
    void add(const Frame& frame, const FrameNotes& notes);
    /// At the end of a file.
    void end_file(const FrameReader& reader, const std::filesystem::path& file);
    /// At the end of all files of a path. FileError, with what was left out, if they gave no frame.
    void require_frames(const std::filesystem::path& path) const;

private:
    void tell_left_out(const FrameNotes& notes);
    void tell(const std::string& where, const std::string& text);

    base::LogSink& log_;
    std::map<std::string, std::size_t> times_;  // of each text in this file
    std::size_t untold_ = 0, in_file_ = 0;
    std::size_t frames_ = 0;  // of all files
    std::string left_out_;    // the first that was
};

}  // namespace alkali::io
