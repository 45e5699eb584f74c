#pragma once
#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/base/log.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/io/format.hpp"

namespace alkali::app {

/// Frames of an input that could not be computed: the others go on, and when they are written the reasons are told, each once with the
/// first frames it holds for, and the command ends with status 1.
class FailedFrames {
public:
    FailedFrames(std::filesystem::path input, base::LogSink& log) : input_(std::move(input)), log_(log) {}

    /// Does what is to be done with a frame; false if that failed.
    bool attempt(const io::Frame& frame, const std::function<void()>& work);
    /// Errors: the first failure, if no frame is good; Error with their number, if some are not.
    void judge(std::size_t good, const std::filesystem::path& output);

private:
    void add(const Error& error, const std::string& where);

    std::filesystem::path input_;
    base::LogSink& log_;
    std::size_t count_ = 0;
    std::exception_ptr first_;
    base::Repeats reasons_;
};

}  // namespace alkali::app
