#pragma once
#include <string_view>

namespace alkali::base {

enum class LogLevel { debug, info, warning };

/// Where the library sends what a person may want to know. The library never prints: the program passes a sink that does.
class LogSink {
public:
    virtual ~LogSink() = default;
    virtual void write(LogLevel level, std::string_view message) = 0;
    void debug(std::string_view message) { write(LogLevel::debug, message); }
    void info(std::string_view message) { write(LogLevel::info, message); }
    void warning(std::string_view message) { write(LogLevel::warning, message); }
};

/// Drops everything.
class NullSink final : public LogSink {
public:
    void write(LogLevel, std::string_view) override {}
};

/// What a long task reports while it runs; the program draws it, the library only fills it.
struct Progress {
    std::string_view task;    ///< what is being done
    double done = 0;          ///< in units of `total`
    double total = 0;         ///< 0: unknown
    std::string_view detail;  ///< a short text, such as losses
};

class ProgressSink {
public:
    virtual ~ProgressSink() = default;
    virtual void update(const Progress& progress) = 0;
};

/// Drops everything.
class NullProgress final : public ProgressSink {
public:
    void update(const Progress&) override {}
};

}  // namespace alkali::base
