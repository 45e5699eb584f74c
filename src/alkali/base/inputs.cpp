#include "alkali/base/inputs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "alkali/base/error.hpp"

namespace alkali::base {
namespace {

namespace fs = std::filesystem;

// Outputs are opened in every layer, by functions that know nothing of the task.
std::mutex tasks_mutex;
std::vector<InputFiles*>& tasks() {
    static std::vector<InputFiles*> all;
    return all;
}

using Identity = std::pair<dev_t, ino_t>;

/// Of a file or folder; nothing for what is not there, or is a device or pipe, which is not lost by being written to.
std::optional<Identity> identity(const fs::path& path) {
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))) return std::nullopt;
    return Identity{status.st_dev, status.st_ino};
}

}  // namespace

InputFiles::InputFiles() {
    const std::lock_guard lock(tasks_mutex);
    tasks().push_back(this);
}

InputFiles::~InputFiles() {
    const std::lock_guard lock(tasks_mutex);
    std::erase(tasks(), this);
}

void InputFiles::add(fs::path file) {
    const std::lock_guard lock(tasks_mutex);
    files_.push_back(std::move(file));
}

void InputFiles::add_folder(List list) {
    const std::lock_guard lock(tasks_mutex);
    folders_.push_back(std::move(list));
}

fs::path InputFiles::same_as(const fs::path& output) {
    const auto wanted = identity(output);
    if (!wanted) return {};
    const auto same = [&](const fs::path& input) { return identity(input) == wanted; };
    if (const auto file = std::ranges::find_if(files_, same); file != files_.end()) return *file;
    for (const auto& list : std::exchange(folders_, {}))
        for (auto& path : list())
            if (const auto id = identity(path)) in_folders_.emplace(*id, std::move(path));
    const auto found = in_folders_.find(*wanted);
    return found == in_folders_.end() ? fs::path() : found->second;
}

void refuse_input_as_output(const fs::path& output) {
    const std::lock_guard lock(tasks_mutex);
    for (auto* task : tasks()) {
        const auto input = task->same_as(output);
        if (input.empty()) continue;
        const bool same_name = input == output;
        throw InputError(same_name ? "is an input of this command and would be overwritten"
                                   : "is the same file as the input " + input.string() + ", which would be overwritten",
                         output.string(), "give the output another name or folder");
    }
}

}  // namespace alkali::base
