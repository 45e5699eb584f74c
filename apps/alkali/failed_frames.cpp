#include "failed_frames.hpp"

#include <fmt/format.h>

namespace alkali::app {
namespace {

// Kinds of failure that are told.
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
    if (++count_ == 1) first_ = std::current_exception();
    const bool named = where.empty() || error.where().find(where) != std::string::npos;
    const std::string& place = named ? error.where() : where;
    reasons_.add(place, base::Repeats::text_of(error.what(), place));
}

void FailedFrames::judge(std::size_t good, const std::filesystem::path& output) {
    if (count_ == 0) return;
    if (good == 0 && count_ == 1) std::rethrow_exception(first_);
    reasons_.tell(log_, most_told);
    if (good == 0) std::rethrow_exception(first_);
    throw Error(fmt::format("{} of {} frames failed", count_, count_ + good), input_.string(),
                fmt::format("the reasons are above; the other {} frames are in {}", good, output.string()));
}

}  // namespace alkali::app
