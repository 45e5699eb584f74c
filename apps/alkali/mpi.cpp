#include "mpi.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"
#include "process.hpp"

namespace alkali::app {
namespace {

/// What Open MPI, MPICH and their relatives set for every process they start.
bool started_by_mpi() {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"})
        if (std::getenv(name) != nullptr) return true;
    return false;
}

/// Beside the program, or where an installation puts it.
std::vector<std::filesystem::path> places() {
    const auto folder = program_folder();
    return {folder / "alkali_mpi.so", folder / ".." / "lib" / "alkali" / "alkali_mpi.so"};
}

}  // namespace

std::shared_ptr<training::Communicator> open_communicator() {
    if (!started_by_mpi()) return std::make_shared<training::SerialCommunicator>();
    std::string tried;
    for (const auto& place : places()) {
        void* library = ::dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
        if (library == nullptr) {
            tried += (tried.empty() ? "" : "; ") + std::string(::dlerror());
            continue;
        }
        using Make = training::Communicator* (*)();
        const auto make = reinterpret_cast<Make>(::dlsym(library, "alkali_make_mpi_communicator"));
        if (make == nullptr) throw ExternalProgramError("is not alkali's MPI library", place.string());
        return std::shared_ptr<training::Communicator>(make());
    }
    throw ExternalProgramError("started under mpirun, but alkali_mpi.so cannot be loaded (" + tried + ")", {},
                               "install MPI (libopenmpi-dev) and build again, or run without mpirun");
}

}  // namespace alkali::app
