#include "failure.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "alkali/base/error.hpp"

namespace alkali::app {
namespace {

std::string of_file_system(const std::filesystem::filesystem_error& error) {
    std::string where = error.path1().string();
    if (!error.path2().empty()) where += " -> " + error.path2().string();
    if (where.empty()) return error.what();
    const bool temporary = std::string_view(error.what()).find("temp_directory_path") != std::string_view::npos;
    return fmt::format("{}: {}; {}", where, error.code().message(),
                       temporary ? "set TMPDIR to a folder that is there and can be written" : "check the name, links and permissions");
}

}  // namespace

std::string message_of(const std::exception& error, std::span<const std::string> inputs) {
    if (dynamic_cast<const Error*>(&error) != nullptr) return error.what();
    if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) return of_file_system(*files);
    if (const auto* system = dynamic_cast<const std::system_error*>(&error)) return fmt::format("the system refused: {}", system->what());
    if (dynamic_cast<const nlohmann::json::exception*>(&error) != nullptr)
        return fmt::format("{}: holds JSON of another form than expected ({}); make it anew", fmt::join(inputs, " or "), error.what());
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || dynamic_cast<const std::length_error*>(&error) != nullptr)
        return "out of memory; use a smaller batch or fewer atoms";
    return fmt::format("unexpected failure: {}", error.what());
}

}  // namespace alkali::app
