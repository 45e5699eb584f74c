#include "failed_frames.hpp"

#include <fmt/format.h>

namespace alkali::app {
namespace {

// Failures told in full.
constexpr std::size_t most_told = 20;

}  // namespace

bool FailedFrames::attempt(const io::Frame& frame, const std::function<void()>& work) {
    try {
        work();
        return true;
    } catch (const Error& error) {
        add(error, frame.where());
        return false;
    }
}

void FailedFrames::add(const Error& error, const std::string& where) {
    const bool named = where.empty() || std::string_view(error.what()).find(where) != std::string_view::npos;
    const auto text = fmt::format("{}{}", named ? "" : where + ": ", error.what());
    if (++count_ == 1) {  // told once it is clear whether it is the only one
        first_ = std::current_exception();
        first_text_ = text;
        return;
    }
    if (count_ == 2) log_.warning(first_text_);
    if (count_ <= most_told) log_.warning(text);
}

void FailedFrames::judge(std::size_t good, const std::filesystem::path& output) const {
    if (count_ == 0) return;
    if (good == 0) std::rethrow_exception(first_);
    if (count_ == 1) log_.warning(first_text_);
    throw Error(fmt::format("{} of {} frames failed", count_, count_ + good), input_.string(),
                fmt::format("the reasons are above{}; the other {} frames are in {}",
                            count_ > most_told ? fmt::format(" (of the first {})", most_told) : "", good, output.string()));
}

}  // namespace alkali::app
