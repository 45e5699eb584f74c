#pragma once
#include <string>

#include "alkali/base/repeats.hpp"
#include "alkali/io/format.hpp"

namespace alkali::io {

/// Tells a log what readers note beside their frames: warnings and what was left out. Each kind is told once, with how often it was met
/// and where first: at the end of a path, or when reading ends otherwise.
class NoteLog {
public:
    explicit NoteLog(base::LogSink& log) : log_(log) {}
    ~NoteLog();
    NoteLog(const NoteLog&) = delete;
    NoteLog& operator=(const NoteLog&) = delete;
    /// Of the frame read last.
    void add(const Frame& frame, const FrameNotes& notes);
    /// Of a file as a whole.
    void add(const std::filesystem::path& file, const std::string& warning) { repeats_.add(file.string(), warning); }
    /// At the end of a file.
    void end_file(const FrameReader& reader);
    /// At the end of all files of a path: tells. FileError, with what was left out, if they gave no frame.
    void end_path(const std::filesystem::path& path);

private:
    void add_left_out(const FrameNotes& notes);
    void tell();

    base::LogSink& log_;
    base::Repeats repeats_;
    std::size_t frames_ = 0;  // of all files
    std::string left_out_;    // the first that was
};

}  // namespace alkali::io
