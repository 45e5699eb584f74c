#pragma once
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace alkali::base {

/// What a task reads. While it lives, no output takes the place of one of its files: AtomicFile refuses it, and everything that asks
/// before a long work. Files are the same by device and number (inode), whatever their names: links, other spellings.
class InputFiles {
public:
    using List = std::function<std::vector<std::filesystem::path>()>;

    InputFiles();
    ~InputFiles();
    InputFiles(const InputFiles&) = delete;
    InputFiles& operator=(const InputFiles&) = delete;

    void add(std::filesystem::path file);
    /// Files of a folder: the list is asked for once, and only when there is an output that might be among them.
    void add_folder(List list);
    /// The input that a path leads to; empty: none.
    [[nodiscard]] std::filesystem::path same_as(const std::filesystem::path& output);

private:
    using Identity = std::pair<dev_t, ino_t>;

    std::vector<std::filesystem::path> files_;
    std::vector<List> folders_;                             ///< not asked yet
    std::map<Identity, std::filesystem::path> in_folders_;  ///< of those that were
};

/// Errors: InputError naming both, if the output is an input of a task that is under way in this process.
void refuse_input_as_output(const std::filesystem::path& output);

}  // namespace alkali::base
