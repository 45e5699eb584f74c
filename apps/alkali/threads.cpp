#include "threads.hpp"

#include <omp.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "alkali/base/stack_limit.hpp"
#include "alkali/base/thread_limit.hpp"
#include "process.hpp"

namespace alkali::app {
namespace {

constexpr const char* spin_count = "GOMP_SPINCOUNT";
constexpr const char* started_again = "ALKALI_STARTED_AGAIN";
/// Turns of the waiting loop, some 20 to 50 microseconds: what lies between two parallel regions of one evaluation, and little of
/// a time slice. By default it is 300,000.
constexpr const char* spins = "1000";

}  // namespace

void let_waiting_threads_sleep(char** arguments) {
    if (std::getenv(started_again) != nullptr) {  // libgomp has read it; programs that this one starts have their own ways
        ::unsetenv(started_again);
        ::unsetenv(spin_count);
        return;
    }
    const char* threads = std::getenv("OMP_NUM_THREADS");
    if (std::getenv(spin_count) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
    if ((threads != nullptr && std::string_view(threads) == "1") || ::sysconf(_SC_NPROCESSORS_ONLN) == 1) return;
    std::error_code unknown;  // a linker that was started with this program's name would take the next word for a program
    if (const auto started = std::filesystem::read_symlink("/proc/self/exe", unknown); unknown || started != program_file()) return;
    ::setenv(spin_count, spins, 1);
    ::setenv(started_again, "1", 1);
    ::execv("/proc/self/exe", arguments);
    ::unsetenv(started_again);  // it could not: everything works as well, only not as fast beside others
    ::unsetenv(spin_count);
}

void check_threads_of_environment() {
    base::require_threads(omp_get_max_threads(), "OMP_NUM_THREADS");
    base::require_stack(std::getenv("OMP_STACKSIZE"), std::getenv("GOMP_STACKSIZE"));
}

}  // namespace alkali::app
