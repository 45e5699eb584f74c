#include "alkali/labelling/quantum_espresso/diagnose.hpp"
#include "alkali/io/label_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstring>
#include <optional>
#include <vector>

namespace alkali::labelling::qe {
namespace {

/// Words by which a fault is known. The first that is found decides, so causes come before their consequences: a full disk
/// makes the eigensolver read rubbish, not the other way round.
struct Sign {
    const char* words;
    Fault fault;
};

constexpr Sign signs[] = {
    {"no space left on device", Fault::disk_full},
    {"disk quota exceeded", Fault::disk_full},
    {"error while writing", Fault::disk_full},
    {"file too large", Fault::disk_full},
    {"cannot allocate memory", Fault::out_of_memory},
    {"insufficient virtual memory", Fault::out_of_memory},
    {"insufficient memory", Fault::out_of_memory},
    {"allocation would exceed memory limit", Fault::out_of_memory},
    {"error allocating", Fault::out_of_memory},
    {"bad_alloc", Fault::out_of_memory},
    {"out of memory", Fault::out_of_memory},
    {"oom-kill", Fault::out_of_memory},
    {"oom_kill", Fault::out_of_memory},
    {"exceeded memory limit", Fault::out_of_memory},
    {"due to time limit", Fault::out_of_time},
    {"maximum cpu time exceeded", Fault::out_of_time},
    {"unable to find the specified executable", Fault::no_program},
    {"could not access or execute an executable", Fault::no_program},
    {"error while loading shared libraries", Fault::no_program},
    {"from readpp", Fault::no_pseudopotential},
    {"in routine readpp", Fault::no_pseudopotential},
    {"in routine read_pseudo", Fault::no_pseudopotential},
    {"in routine read_upf", Fault::no_pseudopotential},
    {"in routine upf", Fault::no_pseudopotential},
    {"s matrix not positive definite", Fault::overlap_matrix},
    {"problems computing cholesky", Fault::overlap_matrix},
    {"cholesky failed", Fault::overlap_matrix},
    {"too many bands are not converged", Fault::diagonalisation},
    {"eigenvectors failed to converge", Fault::diagonalisation},
    {"diagonalization failed", Fault::diagonalisation},
    {"diagonalization (zhegv*) failed", Fault::diagonalisation},
    {"problems computing inverse", Fault::diagonalisation},
    {"in routine cdiaghg", Fault::diagonalisation},
    {"in routine rdiaghg", Fault::diagonalisation},
    {"in routine pcdiaghg", Fault::diagonalisation},
    {"in routine prdiaghg", Fault::diagonalisation},
    {"in routine c_bands", Fault::diagonalisation},
    {"cannot bracket ef", Fault::diagonalisation},
    {"too many iterations in bisection", Fault::diagonalisation},
    {"charge is wrong: smearing is needed", Fault::wrong_input},
    {"in routine electrons", Fault::not_finite},  // "charge is wrong"
    {"charge is wrong", Fault::not_finite},
    {"in routine sum_band", Fault::not_finite},
    {"in routine v_of_rho", Fault::not_finite},
    {"in routine read_namelists", Fault::wrong_input},
    {"in routine read_cards", Fault::wrong_input},
    {"in routine card_", Fault::wrong_input},
    {"in routine readin", Fault::wrong_input},
    {"in routine iosys", Fault::wrong_input},
    {"in routine setup", Fault::wrong_input},
    {"in routine check_atoms", Fault::wrong_input},
    {"in routine set_occupations", Fault::wrong_input},
    {"in routine set_cutoff", Fault::wrong_input},
    {"in routine recips", Fault::wrong_input},
    {"in routine cell_base_init", Fault::wrong_input},
    {"in routine latgen", Fault::wrong_input},
    {"some nodes have no k-points", Fault::wrong_input},
};

/// "in routine  read_namelists" has two in some releases.
std::string single_blanks(const std::string& text) {
    std::string out;
    for (const char c : text)
        if (c != ' ' || !out.ends_with(' ')) out += c;
    return out;
}

/// White space runs to single blanks, no longer than a screen line or two.
std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool blank = std::isspace(static_cast<unsigned char>(c)) != 0 || c == '%';
        if (!blank)
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
        if (out.size() > 240) return out + "...";
    }
    if (out.ends_with(' ')) out.pop_back();
    return out;
}

/// The box of pw.x: "Error in routine X (n): words" between lines of percent signs; the first, or nothing.
std::string error_box(const std::string& text) {
    auto begin = text.find("Error in routine");
    if (begin == std::string::npos) {
        const auto bar = text.find("%%%%%%%%");
        if (bar != std::string::npos) begin = text.find_first_not_of("% \t\r\n", bar);
    }
    if (begin == std::string::npos) return {};
    auto end = text.find("%%%%", begin);
    if (end == std::string::npos) end = text.size();
    return one_line(std::string_view(text).substr(begin, end - begin));
}

std::string crash_box(const std::string& text) {
    const auto begin = text.find("from ");
    if (begin == std::string::npos) return one_line(text);
    auto end = text.find("%%%%", begin);
    if (end == std::string::npos) end = text.size();
    return one_line(std::string_view(text).substr(begin, end - begin));
}

/// The line around a place.
std::string line_at(const std::string& text, std::size_t at) {
    const auto before = text.rfind('\n', at);
    const auto begin = before == std::string::npos ? 0 : before + 1;
    return one_line(std::string_view(text).substr(begin, text.find('\n', at) - begin));
}

std::optional<Diagnosis> by_words(const Remains& remains) {
    auto box = error_box(remains.output);
    if (box.empty()) box = error_box(remains.errors);
    const auto crash = crash_box(remains.crash);
    // Some of the words are warnings in healthy outputs.
    const bool done = remains.output.find("JOB DONE.") != std::string::npos;
    if (done && remains.outcome.status == 0 && box.empty() && crash.empty()) return std::nullopt;
    std::vector<std::string> texts, lowered;
    for (const auto* text : {&remains.output, &remains.errors, &remains.crash}) {
        texts.push_back(single_blanks(*text));
        lowered.push_back(io::lower_case(texts.back()));
    }
    for (const auto& sign : signs)
        for (std::size_t i = 0; i < texts.size(); ++i)
            if (const auto at = lowered[i].find(sign.words); at != std::string::npos)
                return Diagnosis{sign.fault, !box.empty() ? box : !crash.empty() ? crash : line_at(texts[i], at)};
    // Whatever its words: after an error of its own what pw.x says is no label.
    if (remains.outcome.status == 0 && (!box.empty() || !crash.empty())) return Diagnosis{Fault::unknown, !box.empty() ? box : crash};
    return std::nullopt;
}

Diagnosis by_signal(int signal) {
    const auto words = fmt::format("signal {} ({})", signal, ::strsignal(signal));
    switch (signal) {
        case SIGXCPU: return {Fault::out_of_time, words};
        case SIGXFSZ: return {Fault::disk_full, words};
        case SIGKILL:
        case SIGTERM:
        case SIGINT:
        case SIGHUP:
        case SIGQUIT: return {Fault::killed, words};
        default: return {Fault::unknown, words};
    }
}

/// Exit status of a launcher whose process was killed: 128 + signal, or its own words.
std::optional<Diagnosis> by_launcher(const Remains& remains) {
    const auto at = remains.errors.find("exited on signal ");
    if (at != std::string::npos) {
        const int signal = std::atoi(remains.errors.c_str() + at + 17);
        if (signal > 0 && signal < NSIG) return by_signal(signal);
    }
    const int status = remains.outcome.status;
    if (status > 128 && status < 128 + 32) return by_signal(status - 128);
    return std::nullopt;
}

std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of(" \n\r\t");
    return end == std::string::npos ? std::string{} : line_at(text, end);
}

}  // namespace

Diagnosis diagnose(const Remains& remains) {
    const auto& outcome = remains.outcome;
    switch (outcome.ending) {
        case base::Ending::stopped: return {Fault::stopped, "asked to stop"};
        case base::Ending::out_of_time: return {Fault::out_of_time, fmt::format("not finished after {:.0f} s", outcome.seconds)};
        case base::Ending::out_of_memory:
            return {Fault::out_of_memory, fmt::format("{:.2f} GB in use", static_cast<double>(outcome.peak_bytes) * 1e-9)};
        case base::Ending::exited:
        case base::Ending::signalled: break;
    }
    const auto not_achieved = remains.output.find("convergence NOT achieved");
    if (not_achieved != std::string::npos) return {Fault::not_converged, line_at(remains.output, not_achieved)};
    if (const auto found = by_words(remains)) return *found;
    if (outcome.ending == base::Ending::signalled) return by_signal(outcome.status);
    if (outcome.status == 0) return {};
    if (const auto found = by_launcher(remains)) return *found;
    // pw.x 6.7 leaves with 255 where its own clock stopped it before convergence.
    if (outcome.status == 255 && remains.output.find("max_seconds") != std::string::npos)
        return {Fault::out_of_time, "max_seconds of pw.x"};
    if (outcome.status == 126 || outcome.status == 127) return {Fault::no_program, last_line(remains.errors)};
    auto words = error_box(remains.output);
    if (words.empty()) words = crash_box(remains.crash);
    if (words.empty()) words = last_line(remains.errors);
    return {Fault::unknown, fmt::format("exit status {}{}{}", outcome.status, words.empty() ? "" : ": ", words)};
}

}  // namespace alkali::labelling::qe
