#pragma once
#include <memory>

#include "alkali/training/communicator.hpp"

namespace alkali::app {

/// The ranks this process was started with: under mpirun those of MPI, through alkali_mpi.so, which is loaded only then;
/// otherwise one process. Errors: ExternalProgramError when started under mpirun and the library cannot be loaded.
[[nodiscard]] std::shared_ptr<training::Communicator> open_communicator();

}  // namespace alkali::app
