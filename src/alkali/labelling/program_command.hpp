#pragma once
#include <filesystem>

#include "alkali/base/child_process.hpp"

namespace alkali::labelling {

/// How the processes of a program are started.
enum class Launch {
    alone,   ///< a single one, by itself
    mpirun,  ///< several on this machine, by the default launcher
    site     ///< by a launcher that the user gives, perhaps on several machines
};

/// A command with the surroundings in which programs that use MPI are run, its words not yet given: works in `folder`, which
/// must be this user's alone, and puts temporary files there; one thread for each process; takes no MPI program in whose process
/// we may be for its parent. What runs on this machine listens at no address that others reach: in a network of its own where
/// the system allows that, and by settings of Open MPI as far as these go.
[[nodiscard]] base::Command program_command(const std::filesystem::path& folder, Launch launch);

}  // namespace alkali::labelling
