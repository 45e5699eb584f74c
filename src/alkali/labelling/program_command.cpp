#include "alkali/labelling/program_command.hpp"

namespace alkali::labelling {
namespace {

/// Open MPI 4.1: processes talk through shared memory, in files of ours; a single one starts no daemon.
void keep_to_this_machine(base::Command& command, Launch launch) {
    auto& environment = command.environment;
    environment["OMPI_MCA_btl"] = "self,vader";
    if (launch == Launch::alone)
        environment["OMPI_MCA_ess_singleton_isolated"] = "1";
    else
        environment["OMPI_MCA_oob_tcp_if_include"] = "lo";
    const auto folder = std::filesystem::absolute(command.folder).lexically_normal().string();
    if (folder.starts_with("/dev/shm/")) environment["OMPI_MCA_btl_vader_backing_directory"] = folder;
    command.dropped_environment.emplace_back("SLURM_");
    command.network = base::Network::this_machine;
}

}  // namespace

base::Command program_command(const std::filesystem::path& folder, Launch launch) {
    base::Command command;
    command.folder = folder;
    command.environment = {{"OMP_NUM_THREADS", "1"}, {"TMPDIR", std::filesystem::absolute(folder).string()}};
    command.dropped_environment = {"OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_"};
    if (launch != Launch::site) keep_to_this_machine(command, launch);
    return command;
}

}  // namespace alkali::labelling
