#include "alkali/labelling/owner.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "alkali/base/process.hpp"

namespace alkali::labelling {
namespace {

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string this_machine() {
    std::error_code none;
    const auto space = std::filesystem::read_symlink("/proc/self/ns/pid", none);
    return base::host_name() + " " + first_line("/proc/sys/kernel/random/boot_id") + " " + space.string();
}

/// Field 22 of /proc/PID/stat; 0 if there is no such process or it has ended and only waits to be reaped.
std::int64_t start_of(std::int64_t process) {
    const std::string line = first_line("/proc/" + std::to_string(process) + "/stat");
    const auto name_end = line.rfind(')');  // the name in field 2 may hold anything
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(line.substr(name_end + 1));
    std::string field;
    fields >> field;
    if (field == "Z" || field == "X") return 0;
    for (int i = 4; i <= 22; ++i) fields >> field;
    return std::stoll(field);
}

/// A process of another user where users do not see each other's (hidepid of /proc).
bool is_hidden(std::int64_t process) {
    std::error_code none;
    return process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == EPERM &&
           !std::filesystem::exists("/proc/" + std::to_string(process), none);
}

}  // namespace

Owner this_process(std::string name) {
    Owner owner{std::move(name), this_machine(), ::getpid(), start_of(::getpid())};
    if (owner.name.empty())
        owner.name = owner.machine.substr(0, owner.machine.find(' ')) + " process " + std::to_string(owner.process) + " of " +
                     std::to_string(owner.started);
    return owner;
}

Life life_of(const Owner& owner) {
    if (owner.machine != this_machine()) return Life::unknown;
    const auto started = start_of(owner.process);
    if (started == owner.started) return Life::alive;
    return started == 0 && is_hidden(owner.process) ? Life::unknown : Life::dead;
}

}  // namespace alkali::labelling
