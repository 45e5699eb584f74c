#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "alkali/labelling/store.hpp"

namespace alkali::label_test {

struct Outcome {
    int status = -1;  ///< exit status; 128 + signal if it was killed
    std::string output, errors;
};

/// How the stand-in for pw.x behaves.
struct Weather {
    std::uint64_t seed = 1;
    unsigned percent = 0;  ///< of inputs that fail
    int milliseconds = 1;
};

/// A folder with structures, a pseudopotential, a config that uses the stand-in, and what becomes of them.
class Campaign {
public:
    /// `queue`: the block of the config.
    Campaign(std::size_t frames, const Weather& weather, const std::string& queue);
    ~Campaign();
    Campaign(const Campaign&) = delete;
    Campaign& operator=(const Campaign&) = delete;

    [[nodiscard]] std::size_t frames() const { return frames_; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
    /// Replaces a line of the config by the words before the colon; "scratch: x".
    void set(const std::string& line);

    /// From here on the real pw.x, with settings that take it half a second for an atom.
    void use_quantum_espresso() const;

    /// Starts `alkali label run` (and further words) in a process of its own.
    [[nodiscard]] pid_t start(const std::vector<std::string>& words = {}) const;
    /// Waits for it.
    [[nodiscard]] Outcome finish(pid_t child) const;
    [[nodiscard]] Outcome run(const std::vector<std::string>& words = {}) const { return finish(start(words)); }

    [[nodiscard]] std::filesystem::path store_path() const { return folder_ / "labels.sqlite"; }
    /// Lines of the stand-in's log by their first word, counted by structure.
    [[nodiscard]] std::map<std::string, int> log(const std::string& word) const;

private:
    void write_config() const;
    std::size_t frames_;
    std::filesystem::path folder_;
    std::vector<std::string> config_;
};

/// What must be equal between two campaigns: by key, a hash of settings, structure and all bits of the label; keys that failed,
/// with the fault.
struct Content {
    std::map<std::string, std::string> labels, failures;
};
[[nodiscard]] Content content_of(const std::filesystem::path& store);
/// One line per key in which two maps differ.
[[nodiscard]] std::vector<std::string> differences(const std::map<std::string, std::string>& a,
                                                   const std::map<std::string, std::string>& b);

/// Runs until every structure has its label or a failure that comes from its input: what was killed or hit a limit (also because
/// this machine has much else to do) is tried again by the next run.
void settle(const Campaign& campaign);

}  // namespace alkali::label_test
