#pragma once
#include <chrono>
#include <string>

#include "alkali/base/log.hpp"

namespace alkali::app {

/// Messages to standard error through spdlog.
class TerminalLog final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override;
};

/// One line that is redrawn on a terminal; on anything else a plain line now and then. Shows the time left.
class TerminalProgress final : public base::ProgressSink {
public:
    TerminalProgress();
    ~TerminalProgress() override;
    void update(const base::Progress& progress) override;
    /// Ends the redrawn line, so that other output starts on a new one.
    void finish();

private:
    using Clock = std::chrono::steady_clock;
    bool terminal_, drawn_ = false;
    std::string task_;
    double first_share_ = 0;
    Clock::time_point start_, last_;
};

}  // namespace alkali::app
