#include "terminal.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "alkali/base/printable.hpp"
#include "output.hpp"

namespace alkali::app {

void TerminalLog::write(base::LogLevel level, std::string_view message) {
    const auto text = base::printable(message);
    switch (level) {
        case base::LogLevel::debug: spdlog::debug("{}", text); break;
        case base::LogLevel::info: spdlog::info("{}", text); break;
        case base::LogLevel::warning: spdlog::warn("{}", text); break;
    }
}

namespace {
std::string duration(double seconds) {
    const auto s = static_cast<long>(seconds + 0.5);
    if (s >= 3600) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
    if (s >= 60) return fmt::format("{}m{:02}s", s / 60, s % 60);
    return fmt::format("{}s", s);
}
}  // namespace

TerminalProgress::TerminalProgress() : terminal_(::isatty(STDERR_FILENO) != 0) {}
TerminalProgress::~TerminalProgress() { finish(); }

void TerminalProgress::update(const base::Progress& progress) {
    const auto now = Clock::now();
    if (progress.task != task_) {
        finish();
        task_ = std::string(progress.task);
        start_ = now;
        // The first report may come when part is done already; the pace is measured from there.
        first_share_ = progress.total > 0 ? progress.done / progress.total : 0;
        last_ = now - std::chrono::hours(1);
    }
    const bool complete = progress.total > 0 && progress.done >= progress.total;
    const auto pause = terminal_ ? std::chrono::milliseconds(200) : std::chrono::milliseconds(15000);
    if (!complete && now - last_ < pause) return;
    last_ = now;
    std::string line = task_;
    if (progress.total > 0) {
        const double share = progress.done / progress.total;
        line += fmt::format(" {:3.0f}%", 100 * share);
        const double elapsed = std::chrono::duration<double>(now - start_).count(), gained = share - first_share_;
        if (gained > 0 && elapsed > 0.5 && !complete) line += fmt::format(", {} left", duration(elapsed * (1 - share) / gained));
    }
    if (!progress.detail.empty()) line += fmt::format("  {}", progress.detail);
    if (terminal_) {
        say_as_it_is("\r\x1b[2K" + base::printable(line));
        drawn_ = true;
        if (complete) finish();
    } else {
        say(line + "\n");
    }
}

void TerminalProgress::finish() {
    if (drawn_) say("\n");
    drawn_ = false;
}

}  // namespace alkali::app
