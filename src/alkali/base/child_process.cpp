#include "alkali/base/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <system_error>
#include <utility>

#include "alkali/base/descriptor.hpp"
#include "alkali/base/error.hpp"
#include "alkali/base/loopback.hpp"

extern char** environ;

// Between this process and the program stands a supervisor, a fork of this process that never executes anything else. It
// adopts whatever the program leaves behind (mpirun gives its processes groups of their own), notices when this process dies,
// and ends everything below it. It comes out of a process that may have many threads, so it may only make system calls.
namespace alkali::base {
namespace {

constexpr int end_signal = SIGUSR1;      // to the supervisor: end everything
constexpr int report_descriptor = 3;     // of the supervisor
constexpr int rounds_of_terminate = 30;  // of 0.1 s each, before SIGKILL
constexpr auto poll_period = std::chrono::milliseconds(100);

/// What the supervisor tells at the end.
struct Report {
    int wait_status = 0;
    long peak_kib = 0;  ///< of the largest single process
};

/// Everything the two forks need, made before forking.
struct Plan {
    std::vector<char*> words, environment;
    const char* folder = nullptr;
    std::array<int, 3> streams{};
    int start_pipe = -1, report_pipe = -1;
    pid_t parent = 0;
    bool leaves_networks = false;
};

// ---- below the fork: system calls only

void mark_all_close_on_exec() {
#ifdef SYS_close_range
    constexpr unsigned close_on_exec = 1U << 2;
    if (::syscall(SYS_close_range, 3U, ~0U, close_on_exec) == 0) return;
#endif
    for (int d = 3; d < 4096; ++d) ::fcntl(d, F_SETFD, FD_CLOEXEC);
}

void close_from(int first) {
#ifdef SYS_close_range
    if (::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0) return;
#endif
    for (int d = first; d < 4096; ++d) ::close(d);
}

[[noreturn]] void become_program(const Plan& plan) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    // Copied above 2 first: a stream may itself have been opened as 0, 1 or 2.
    std::array<int, 3> copies{};
    for (int i = 0; i < 3; ++i) copies[static_cast<std::size_t>(i)] = ::fcntl(plan.streams[static_cast<std::size_t>(i)], F_DUPFD, 10);
    const int start = ::fcntl(plan.start_pipe, F_DUPFD, 10);
    for (int i = 0; i < 3; ++i) ::dup2(copies[static_cast<std::size_t>(i)], i);
    mark_all_close_on_exec();
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int failure = plan.leaves_networks ? leave_networks() : 0;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // once more: a change of rights forgets it
    if (failure == 0 && (plan.folder == nullptr || ::chdir(plan.folder) == 0))
        ::execvpe(plan.words[0], plan.words.data(), plan.environment.data());
    if (failure == 0) failure = errno;
    if (::write(start, &failure, sizeof failure) < 0) ::_exit(126);
    ::_exit(127);
}

/// Sends a signal to every direct child of this process. False where the kernel does not list children.
bool signal_children(int signal) {
    const int file = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    std::array<char, 4096> text{};
    pid_t pid = 0;
    for (ssize_t got = 0; (got = ::read(file, text.data(), text.size())) > 0;)
        for (ssize_t i = 0; i < got; ++i) {
            const char c = text[static_cast<std::size_t>(i)];
            if (c >= '0' && c <= '9') {
                pid = pid * 10 + (c - '0');
            } else {
                if (pid > 1) ::kill(pid, signal);
                pid = 0;
            }
        }
    ::close(file);
    return true;
}

/// Reaps what has ended. False when no child is left.
bool reap(pid_t program, Report& report, bool& program_ended) {
    for (;;) {
        int status = 0;
        rusage usage{};
        const pid_t ended = ::wait4(-1, &status, WNOHANG, &usage);
        if (ended == 0) return true;
        if (ended < 0) return false;
        report.peak_kib = std::max(report.peak_kib, usage.ru_maxrss);
        if (ended == program) {
            report.wait_status = status;
            program_ended = true;
        }
    }
}

/// Children of ended children become this process's own, so round after round everything below is reached.
void end_everything(pid_t program, Report& report, bool program_ended) {
    for (int round = 0; reap(program, report, program_ended); ++round) {
        const int signal = round < rounds_of_terminate && !program_ended ? SIGTERM : SIGKILL;
        if (!signal_children(signal)) {
            if (signal == SIGKILL) return;  // the caller kills the group
            ::kill(0, SIGTERM);
        }
        const timespec pause{0, signal == SIGKILL ? 1'000'000 : 100'000'000};
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        ::sigtimedwait(&child, nullptr, &pause);
    }
}

[[noreturn]] void supervise(const Plan& plan) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_PDEATHSIG, end_signal);
    if (::getppid() != plan.parent) ::_exit(1);  // it died before the line above
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGTERM, SIG_IGN);
    const pid_t program = ::fork();
    if (program == 0) become_program(plan);
    if (program < 0) {
        const int failure = errno;
        if (::write(plan.start_pipe, &failure, sizeof failure) < 0) ::_exit(1);
        ::_exit(1);
    }
    const int report_pipe = ::fcntl(plan.report_pipe, F_DUPFD, 10);
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; ++i) ::dup2(nowhere, i);
    ::dup2(report_pipe, report_descriptor);
    close_from(report_descriptor + 1);

    Report report;
    bool program_ended = false;
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, end_signal);
    while (reap(program, report, program_ended) && !program_ended)
        if (::sigwaitinfo(&wanted, nullptr) == end_signal) break;
    end_everything(program, report, program_ended);
    if (::write(report_descriptor, &report, sizeof report) < 0) ::_exit(1);
    ::_exit(0);
}

// ---- above the fork

std::pair<Descriptor, Descriptor> make_pipe(const std::string& program) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw ExternalProgramError("cannot make a pipe: " + reason_of(errno), program);
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor open_stream(const std::filesystem::path& path, int flags, const std::string& program) {
    const std::string name = path.empty() ? "/dev/null" : path.string();
    Descriptor stream(::open(name.c_str(), (path.empty() ? O_RDWR : flags) | O_CLOEXEC, 0666));
    if (stream.get() < 0) throw ExternalProgramError("cannot start the program: cannot open " + name + ": " + reason_of(errno), program);
    return stream;
}

std::vector<std::string> environment_of(const Command& command) {
    std::vector<std::string> out;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string text = *entry;
        const auto drops = [&](const std::string& prefix) { return text.starts_with(prefix); };
        if (std::ranges::any_of(command.dropped_environment, drops)) continue;
        if (!command.environment.contains(text.substr(0, text.find('=')))) out.push_back(text);
    }
    for (const auto& [name, value] : command.environment) out.push_back(name + "=" + value);
    return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

pid_t fork_supervisor(const Plan& plan) {
    sigset_t all, before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    const pid_t supervisor = ::fork();
    if (supervisor == 0) supervise(plan);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return supervisor;
}

/// False if the other side closed the pipe without a word.
template <class T>
bool read_object(int descriptor, T& object) {
    std::array<char, sizeof(T)> bytes{};
    std::size_t have = 0;
    while (have < bytes.size()) {
        const auto got = ::read(descriptor, bytes.data() + have, bytes.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        have += static_cast<std::size_t>(got);
    }
    std::memcpy(&object, bytes.data(), sizeof(T));
    return true;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> out;
    std::error_code ignored;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
        std::ifstream file(thread.path() / "children");
        for (pid_t child = 0; file >> child;) out.push_back(child);
    }
    return out;
}

/// Memory of one process, its part of what it shares; resident where that is not told.
std::int64_t bytes_of(pid_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid);
    std::ifstream rollup(folder + "/smaps_rollup");
    for (std::string line; std::getline(rollup, line);)
        if (line.starts_with("Pss:")) return std::strtoll(line.c_str() + 4, nullptr, 10) * 1024;
    std::ifstream statm(folder + "/statm");
    std::int64_t size = 0, resident = 0;
    statm >> size >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

/// Of everything below a process, itself not counted.
std::int64_t bytes_below(pid_t pid) {
    std::int64_t sum = 0;
    for (const pid_t child : children_of(pid)) sum += bytes_of(child) + bytes_below(child);
    return sum;
}

class Watch {
public:
    Watch(const Command& command, pid_t supervisor, int report_pipe)
        : command_(command), supervisor_(supervisor), report_pipe_(report_pipe), start_(Clock::now()) {}

    CommandOutcome wait() {
        bool asked = false;
        while (!ready()) {
            if (asked || !due()) continue;
            ::kill(supervisor_, end_signal);
            asked = true;
        }
        Report report;
        const bool reported = read_object(report_pipe_, report);
        ::kill(-supervisor_, SIGKILL);  // nothing is left unless the supervisor itself was killed
        while (::waitpid(supervisor_, nullptr, 0) < 0 && errno == EINTR) {}
        if (!reported) report.wait_status = SIGKILL;
        outcome_.seconds = seconds();
        outcome_.peak_bytes = std::max<std::int64_t>(outcome_.peak_bytes, std::int64_t{report.peak_kib} * 1024);
        const bool signalled = WIFSIGNALED(report.wait_status);
        outcome_.status = signalled ? WTERMSIG(report.wait_status) : WEXITSTATUS(report.wait_status);
        if (!asked) outcome_.ending = signalled ? Ending::signalled : Ending::exited;
        return outcome_;
    }

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

    [[nodiscard]] bool ready() const {
        pollfd wanted{report_pipe_, POLLIN, 0};
        return ::poll(&wanted, 1, static_cast<int>(poll_period.count())) > 0;
    }

    /// Looks at the limits; true, with the ending noted, if one is passed.
    bool due() {
        // The kernel walks all pages for that: often at first, when programs grow, then every half second.
        if (looks_ < 20 || looks_ % 5 == 0) outcome_.peak_bytes = std::max(outcome_.peak_bytes, bytes_below(supervisor_));
        ++looks_;
        if (command_.stop != nullptr && command_.stop->load())
            outcome_.ending = Ending::stopped;
        else if (command_.max_seconds > 0 && seconds() > command_.max_seconds)
            outcome_.ending = Ending::out_of_time;
        else if (command_.max_bytes > 0 && outcome_.peak_bytes > command_.max_bytes)
            outcome_.ending = Ending::out_of_memory;
        else
            return false;
        return true;
    }

    const Command& command_;
    pid_t supervisor_;
    int report_pipe_;
    Clock::time_point start_;
    int looks_ = 0;
    CommandOutcome outcome_;
};

}  // namespace

CommandOutcome run_command(const Command& command) {
    if (command.words.empty() || command.words.front().empty()) throw ExternalProgramError("no program is given");
    const std::string& program = command.words.front();
    auto words = command.words, environment = environment_of(command);
    const Descriptor input = open_stream(command.input, O_RDONLY, program);
    const Descriptor output = open_stream(command.output, O_WRONLY | O_CREAT | O_TRUNC, program);
    const bool together = !command.output.empty() && command.output == command.errors;
    const Descriptor errors = together ? Descriptor() : open_stream(command.errors, O_WRONLY | O_CREAT | O_TRUNC, program);
    auto [start_read, start_write] = make_pipe(program);
    auto [report_read, report_write] = make_pipe(program);

    Plan plan;
    plan.words = pointers(words);
    plan.environment = pointers(environment);
    if (!command.folder.empty()) plan.folder = command.folder.c_str();
    plan.streams = {input.get(), output.get(), together ? output.get() : errors.get()};
    plan.start_pipe = start_write.get();
    plan.report_pipe = report_write.get();
    plan.parent = ::getpid();
    plan.leaves_networks = command.network == Network::this_machine && can_leave_networks();
    const pid_t supervisor = fork_supervisor(plan);
    if (supervisor < 0) throw ExternalProgramError("cannot start a process: " + reason_of(errno), program);
    start_write.close();
    report_write.close();

    // Closed by a successful exec.
    int failure = 0;
    const bool failed = read_object(start_read.get(), failure);
    Watch watch(command, supervisor, report_read.get());
    const auto outcome = watch.wait();
    if (!failed) return outcome;
    const bool no_folder = !command.folder.empty() && !std::filesystem::is_directory(command.folder);
    throw ExternalProgramError("cannot start the program: " + reason_of(failure), no_folder ? command.folder.string() : program,
                               no_folder ? "" : "is it installed and on the PATH?");
}

}  // namespace alkali::base
