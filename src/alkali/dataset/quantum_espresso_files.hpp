#pragma once
#include <filesystem>
#include <vector>

namespace alkali::dataset {

/// Of the files of a folder, takes out those that tell of a run of pw.x what another one tells as well: an XML file whose
/// text output is there (which has the stress of every step), and PREFIX.xml beside PREFIX.save/data-file-schema.xml. Gives
/// what was taken out.
std::vector<std::filesystem::path> take_out_twins(std::vector<std::filesystem::path>& files);

}  // namespace alkali::dataset
