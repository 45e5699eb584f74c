#include "alkali/labelling/queue/scratch.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/hash.hpp"
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

/// Names of folders may be of any bytes.
std::string hash_of(const std::string& name) {
    if (config::is_utf8(name)) return content_hash(name);
    dataset::Sha256 hash;
    hash.add(name);
    return hash.hex();
}

fs::path made(const fs::path& root, const fs::path& folder) {
    (void)base::private_folder(root);
    return base::private_folder(folder);
}

}  // namespace

fs::path scratch_root(const fs::path& root, const fs::path& store) {
    const fs::path home = root.empty() ? base::temporary_home() : fs::absolute(root);
    const auto hash = hash_of(fs::weakly_canonical(fs::absolute(store)).string()).substr(0, 16);
    return home / ("label-" + std::to_string(::geteuid()) + "-" + hash);
}

fs::path scratch_root(const fs::path& root, const Labeller& labeller, const fs::path& store) {
    return scratch_root(root.empty() ? labeller.usual_workplace().scratch : root, store);
}

ScratchFolder::ScratchFolder(const fs::path& root, const std::string& key, const std::atomic<bool>* stop) {
    // A folder name of 16 digits keeps paths short for programs with fixed buffers.
    const fs::path folder = root / key.substr(0, 16);
    try {
        path_ = made(root, folder);
    } catch (const base::UnsafeFolder&) {
        throw;
    } catch (const FileError& error) {
        throw FileError("the scratch folder cannot be made: " + error.fault(), error.where(),
                        "free space there, or give another `scratch`");
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (auto process = process_in(path_); !process.empty(); process = process_in(path_)) {
        if (stop != nullptr && *stop) return;
        if (std::chrono::steady_clock::now() > deadline)
            throw ExternalProgramError("process " + process + " of an earlier run still works in the scratch folder", path_.string(),
                                       "end that process and run again");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

void ScratchFolder::discard() noexcept {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace alkali::labelling
