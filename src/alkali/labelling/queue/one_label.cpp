#include "alkali/labelling/queue/one_label.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <new>
#include <system_error>
#include <variant>

#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/queue/scratch.hpp"

namespace alkali::labelling {
namespace {

Failure failure_of(Fault fault, const Error& error, bool retryable) {
    Failure failure;
    failure.fault = fault;
    failure.what = error.fault();
    failure.hint = error.hint();
    failure.retryable = retryable;
    return failure;
}

Failure failure_of(const LabelError& error) {
    Failure failure = failure_of(error.fault(), static_cast<const Error&>(error), error.retryable());
    failure.attempts = error.attempts();
    return failure;
}

/// The label, or why there is none. Only what no label can be blamed for is thrown.
std::variant<Label, Failure> attempt(const Job& job, const Bench& bench, const std::filesystem::path& scratch) {
    try {
        return bench.labeller.label(job.subject,
                                    {scratch, bench.limits.processes, bench.limits.max_seconds, bench.limits.max_bytes, bench.stop});
    } catch (const LabelError& error) {
        return failure_of(error);
    } catch (const InputError& error) {
        return failure_of(Fault::wrong_input, error, false);
    } catch (const base::UnsafeFolder&) {
        throw;
    } catch (const FileError& error) {
        return failure_of(Fault::disk_full, error, true);
    } catch (const std::filesystem::filesystem_error& error) {
        return failure_of(Fault::disk_full, FileError(error.what(), {}, "free space, or give another `scratch`"), true);
    } catch (const Error& error) {
        return failure_of(Fault::unknown, error, true);
    } catch (const std::bad_alloc&) {
        return failure_of(Fault::out_of_memory, Error("alkali itself ran out of memory", {}, "run fewer jobs at a time"), true);
    }
}

OneLabel taken(const Job& job, const Bench& bench) {
    OneLabel outcome{OneLabel::Result::taken, {}};
    if (const auto claim = bench.store.claim_of(job.key)) outcome.waiting = waiting_for(*claim, bench.store, bench.lease);
    return outcome;
}

/// 18:05:09
std::string clock_in(double seconds) {
    const auto at =
        std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::seconds>(std::chrono::duration<double>(seconds));
    const std::time_t time = std::chrono::system_clock::to_time_t(at);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

double seconds_ahead(double heartbeat) {
    return heartbeat - std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Waiting waiting_for(const Claim& claim, Store& store, double lease) {
    const double left = store.lapses_in(claim, lease);
    const auto machine = claim.owner.machine.substr(0, claim.owner.machine.find(' '));
    Waiting waiting{claim.owner.name, fmt::format("{} is computed by process {} on {} ({})", claim.key.substr(0, 16), claim.owner.process,
                                                  machine, claim.owner.name)};
    if (std::isinf(left)) {
        waiting.text += ", which is alive; waiting for it";
        return waiting;
    }
    waiting.text += fmt::format("; waiting for it, until {} UTC if it is not heard of before", clock_in(std::max(left, 0.0)));
    if (const double ahead = seconds_ahead(claim.heartbeat); ahead > 1)
        waiting.text += fmt::format(" (it was last heard of {:.6g} s in the future: one of the clocks is wrong)", ahead);
    return waiting;
}

bool worth_repeating(Fault fault) {
    return fault == Fault::killed || fault == Fault::disk_full || fault == Fault::truncated || fault == Fault::unknown;
}

OneLabel label_one(const Job& job, const Bench& bench) {
    switch (bench.store.claim(job.key, bench.owner, bench.lease)) {
        case Claimed::labelled: return {OneLabel::Result::labelled, {}};
        case Claimed::taken: return taken(job, bench);
        case Claimed::granted: break;
    }
    std::optional<ScratchFolder> scratch;
    std::variant<Label, Failure> outcome;
    try {
        scratch.emplace(bench.scratch, job.key, bench.stop);
        outcome = attempt(job, bench, scratch->path());
    } catch (const base::UnsafeFolder&) {
        bench.store.release(job.key, bench.owner.name);
        throw;
    } catch (const FileError& error) {
        outcome = failure_of(Fault::disk_full, error, true);
    } catch (const ExternalProgramError& error) {
        outcome = failure_of(Fault::unknown, error, true);
    }
    if (const auto* label = std::get_if<Label>(&outcome)) {
        (void)bench.store.finish(job.key, job.subject, *label, bench.owner.name);
        scratch->discard();
        return {OneLabel::Result::labelled, {}};
    }
    if (scratch) scratch->discard();
    const auto& failure = std::get<Failure>(outcome);
    if (failure.fault == Fault::stopped || (bench.stop != nullptr && *bench.stop)) {
        bench.store.release(job.key, bench.owner.name);
        return {OneLabel::Result::stopped, {}};
    }
    return {OneLabel::Result::failed, bench.store.fail(job.key, failure, bench.owner.name)};
}

}  // namespace alkali::labelling
