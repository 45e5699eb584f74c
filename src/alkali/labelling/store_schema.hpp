#pragma once
#include "alkali/labelling/sqlite.hpp"
#include "alkali/labelling/store.hpp"

namespace alkali::labelling {

/// Opens a store or makes a new one. Errors: FileError for a file of another kind or version, or a damaged one.
[[nodiscard]] std::unique_ptr<Database> open_store(const std::filesystem::path& path, Sharing sharing);

}  // namespace alkali::labelling
