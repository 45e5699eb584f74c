#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::labelling {

/// Ways in which an external calculation fails. `Fault::none` stands for success in an Attempt.
enum class Fault {
    none,
    not_converged,    ///< SCF did not reach its tolerance
    overlap_matrix,   ///< S matrix not positive definite
    diagonalisation,  ///< eigensolver gave up
    out_of_time,
    out_of_memory,
    killed,  ///< by a signal from elsewhere
    disk_full,
    truncated,  ///< output ends before the end
    no_pseudopotential,
    no_program,
    wrong_input,  ///< the program refuses its input
    not_finite,   ///< NaN or absurd numbers in the output
    stopped,      ///< asked to stop
    unknown
};
[[nodiscard]] std::string to_string(Fault fault);
[[nodiscard]] Fault fault_from_string(const std::string& name);

/// One run of the external program on the way to a label.
struct Attempt {
    std::string change;  ///< what was done differently, empty for the first
    Fault fault = Fault::none;
    std::string detail;  ///< the program's own words
    double seconds = 0;
};

/// Labels with everything needed to judge them later.
struct Label {
    structure::Labels labels;                 ///< energy (force-consistent), forces, stress
    std::map<std::string, std::string> info;  ///< level, k_mesh, versions, ...: goes onto the frame
    std::vector<std::string> warnings;
    std::vector<Attempt> attempts;  ///< the last one succeeded
    double seconds = 0;             ///< all attempts, wall clock
};

/// No attempt gave a label. `retryable`: of no physical cause (time, memory, disk, killed), so that another day may do better.
class LabelError : public ExternalProgramError {
public:
    LabelError(Fault fault, std::vector<Attempt> attempts, const std::string& what, const std::string& where, const std::string& hint);
    [[nodiscard]] Fault fault() const { return fault_; }
    [[nodiscard]] const std::vector<Attempt>& attempts() const { return attempts_; }
    [[nodiscard]] bool retryable() const;

private:
    Fault fault_;
    std::vector<Attempt> attempts_;
};

/// Where and with what one label is made.
struct Workplace {
    std::filesystem::path scratch;            ///< an own folder for this label, made and removed by the caller
    int processes = 1;                        ///< MPI processes
    double max_seconds = 0;                   ///< for all attempts together; 0: no limit
    std::int64_t max_bytes = 0;               ///< resident memory; 0: no limit
    const std::atomic<bool>* stop = nullptr;  ///< set: give up with Fault::stopped
};

/// What a label is of.
struct Subject {
    nlohmann::json settings;  ///< Labeller::settings
    structure::Structure structure;
};

/// Makes labels of structures. One object may serve several threads. While it lives, no output takes the place of a file that it reads
/// (base::InputFiles).
class Labeller {
public:
    virtual ~Labeller() = default;
    /// Everything that decides the numbers for this structure, and nothing else: level of theory, hashes of pseudopotentials,
    /// the k-mesh as resolved for this cell; not the number of processes, paths or limits. Key of the store.
    /// What the frame asks for itself goes first: `k_mesh` ("8 8 8") of its info, where the labeller samples k-space.
    /// Errors: InputError for what this labeller cannot do (unknown species, overlapping atoms, no volume).
    [[nodiscard]] virtual nlohmann::json settings(const structure::Frame& frame) const = 0;
    /// Whether label() would make these settings' numbers: false when the config has changed since.
    [[nodiscard]] virtual bool keeps(const Subject& subject) const = 0;
    /// Errors: as settings(), and LabelError when every rung of the ladder failed.
    [[nodiscard]] virtual Label label(const Subject& subject, const Workplace& workplace) const = 0;
    /// Rough core seconds, for the order of work and for time left.
    [[nodiscard]] virtual double cost(const Subject& subject) const = 0;
    /// What a frame says that its label will not heed, in words for people.
    [[nodiscard]] virtual std::vector<std::string> unheeded(const structure::Frame&) const { return {}; }
    /// What may be wrong with the config, in words for people.
    [[nodiscard]] virtual std::vector<std::string> doubts() const { return {}; }
    /// What its own config says of where it works: processes, limits and the root of scratch folders (empty: nothing). For queues that
    /// say nothing else.
    [[nodiscard]] virtual Workplace usual_workplace() const { return {}; }
};

}  // namespace alkali::labelling
