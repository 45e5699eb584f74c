#include "alkali/dataset/inputs.hpp"

#include <system_error>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/io/compression.hpp"

namespace alkali::dataset {
namespace {

namespace fs = std::filesystem;

/// The files behind a folder of frames; those of a deepmd system are told by their endings.
std::vector<fs::path> inputs_below(const fs::path& folder) {
    std::vector<fs::path> inputs;
    try {
        for (const auto& path : files_of(folder)) {
            inputs.push_back(path);
            std::error_code failure;
            for (fs::recursive_directory_iterator at(path, failure), end; !failure && at != end; at.increment(failure))
                if (const auto name = io::without_compression(at->path().filename().string());
                    name.ends_with(".raw") || name.ends_with(".npy") || name == "nopbc")
                    inputs.push_back(at->path());
        }
    } catch (const Error&) {  // told when its frames are read
    }
    return inputs;
}

}  // namespace

void add_inputs(base::InputFiles& inputs, const fs::path& given) {
    std::vector<fs::path> paths;
    try {
        paths = base::matching_paths(given);
    } catch (const Error&) {  // told when its frames are read
    }
    for (const auto& path : paths)
        if (std::error_code unknown; fs::is_directory(path, unknown))
            inputs.add_folder([path] { return inputs_below(path); });
        else
            inputs.add(path);
}

}  // namespace alkali::dataset
