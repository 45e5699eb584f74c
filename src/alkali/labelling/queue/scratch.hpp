#pragma once
#include <atomic>
#include <filesystem>
#include <string>

#include "alkali/labelling/labeller.hpp"

namespace alkali::labelling {

/// Root of the scratch folders of a store: the same in every run, so that a labeller finds what an interrupted run has left.
/// Below `root`, or, if that is empty, below base::temporary_home(). Its name has the user in it, so that users of one store do
/// not meet.
[[nodiscard]] std::filesystem::path scratch_root(const std::filesystem::path& root, const std::filesystem::path& store);

/// An empty `root` is that of the labeller's own config.
[[nodiscard]] std::filesystem::path scratch_root(const std::filesystem::path& root, const Labeller& labeller,
                                                 const std::filesystem::path& store);

/// The folder of one label, by its key. It is left as it is (for the next run) unless discarded.
class ScratchFolder {
public:
    /// Waits until no process of an earlier, killed run works in it any more.
    /// Errors: base::UnsafeFolder where others may have a hand in it; FileError if it cannot be made; ExternalProgramError if a
    /// process stays in it.
    ScratchFolder(const std::filesystem::path& root, const std::string& key, const std::atomic<bool>* stop);
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    void discard() noexcept;

private:
    std::filesystem::path path_;
};

}  // namespace alkali::labelling
