#include "alkali/labelling/queue/scratch.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/labelling/key.hpp"

namespace alkali::labelling {
namespace {

namespace fs = std::filesystem;

// Longer than a killed program is given to end.
constexpr auto patience = std::chrono::seconds(30);

bool is_number(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Id of a process whose working directory is the folder or below; empty if there is none.
std::string process_in(const fs::path& folder) {
    const std::string wanted = folder.string();
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/proc", fs::directory_options::skip_permission_denied, failure)) {
        if (!is_number(entry.path().filename().string())) continue;
        std::error_code unreadable;
        const auto at = fs::read_symlink(entry.path() / "cwd", unreadable).string();
        if (!unreadable && (at == wanted || at.starts_with(wanted + "/"))) return entry.path().filename().string();
    }
    return {};
}

}  // namespace

fs::path scratch_root(const fs::path& root, const fs::path& store) {
    const fs::path memory = "/dev/shm";
    const fs::path base = !root.empty()                         ? fs::absolute(root)
                          : ::access(memory.c_str(), W_OK) == 0 ? memory / ("alkali-" + std::to_string(::getuid()))
                                                                : fs::temp_directory_path() / ("alkali-" + std::to_string(::getuid()));
    return base / ("label-" + content_hash(fs::weakly_canonical(fs::absolute(store)).string()).substr(0, 16));
}

ScratchFolder::ScratchFolder(const fs::path& root, const std::string& key, const std::atomic<bool>* stop) {
    std::error_code failure;
    // A folder name of 16 digits keeps paths short for programs with fixed buffers.
    const fs::path folder = root / key.substr(0, 16);
    fs::create_directories(folder, failure);
    // Another run of the same store may have removed the root, empty at its end, in between.
    if (failure) fs::create_directories(folder, failure);
    if (failure)
        throw FileError("the scratch folder cannot be made (" + failure.message() + ")", folder.string(),
                        "free space there, or give another `scratch`");
    path_ = fs::canonical(folder);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (auto process = process_in(path_); !process.empty(); process = process_in(path_)) {
        if (stop != nullptr && *stop) return;
        if (std::chrono::steady_clock::now() > deadline)
            throw FileError("process " + process + " of an earlier run still works in the scratch folder", path_.string(),
                            "end that process and run again");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void ScratchFolder::discard() noexcept {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace alkali::labelling
