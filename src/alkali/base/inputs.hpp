#pragma once
#include <filesystem>
#include <functional>
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
    /// A folder, of which the files listed are read. The list is asked for only when an output lies in the folder or below.
    void add_folder(std::filesystem::path folder, List list);
    /// The input that a path leads to; empty: none.
    [[nodiscard]] std::filesystem::path same_as(const std::filesystem::path& output) const;

private:
    struct Folder {
        std::filesystem::path path;
        List list;
    };
    std::vector<std::filesystem::path> files_;
    std::vector<Folder> folders_;
};

/// Errors: InputError naming both, if the output is an input of a task that is under way in this process.
void refuse_input_as_output(const std::filesystem::path& output);

}  // namespace alkali::base
