#include "alkali/labelling/quantum_espresso/diagnose.hpp"

#include <gmock/gmock.h>

#include <csignal>

#include "alkali/labelling/quantum_espresso/ladder.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::qe::qe_diagnose_tests {
namespace {

using base::Ending;
using ::testing::HasSubstr;

base::CommandOutcome exited(int status) { return {Ending::exited, status, 1, 0}; }

Diagnosis of(base::CommandOutcome outcome, const std::string& output, const std::string& errors = "", const std::string& crash = "") {
    return diagnose({outcome, output, errors, crash});
}

std::string box(const std::string& routine, const std::string& words) {
    const std::string bar = " " + std::string(78, '%') + "\n";
    return bar + "     Error in routine " + routine + " (1):\n     " + words + "\n" + bar + "\n     stopping ...\n";
}

TEST(QeDiagnose, finished_run_has_no_fault) { EXPECT_EQ(of(exited(0), golden("displaced.out")).fault, Fault::none); }

TEST(QeDiagnose, knows_what_pw_x_says_of_bad_inputs) {
    const auto fault = [](const std::string& name) {
        return of(exited(1), golden(name + ".fail.out"), "MPI_ABORT was invoked on rank 0", golden(name + ".fail.crash"));
    };
    EXPECT_EQ(fault("missing").fault, Fault::no_pseudopotential);
    EXPECT_THAT(fault("missing").detail, HasSubstr("none.UPF not found"));
    EXPECT_EQ(fault("overlap").fault, Fault::wrong_input);
    EXPECT_THAT(fault("overlap").detail, HasSubstr("atoms # 1 and # 2 overlap"));
    EXPECT_EQ(fault("namelist").fault, Fault::wrong_input);
    EXPECT_EQ(fault("occupations").fault, Fault::wrong_input);
    EXPECT_EQ(of(exited(2), golden("unconverged.out"), "STOP 2").fault, Fault::not_converged);
    // The CRASH file alone is enough.
    EXPECT_EQ(of(exited(1), "", "", golden("missing.fail.crash")).fault, Fault::no_pseudopotential);
}

TEST(QeDiagnose, knows_each_way_to_fail) {
    const struct {
        Fault fault;
        base::CommandOutcome outcome;
        std::string output, errors;
    } ways[] = {
        {Fault::overlap_matrix, exited(1), box("cdiaghg", "S matrix not positive definite"), ""},
        {Fault::overlap_matrix, exited(1), box("  rdiaghg", " problems computing cholesky "), ""},
        {Fault::diagonalisation, exited(1), box("c_bands", "too many bands are not converged"), ""},
        {Fault::diagonalisation, exited(1), box(" cdiaghg", "eigenvectors failed to converge"), ""},
        {Fault::diagonalisation, exited(1), box("efermig", "internal error, cannot bracket Ef"), ""},
        {Fault::not_finite, exited(1), box("electrons", "charge is wrong"), ""},
        {Fault::disk_full, exited(2), "", "Fortran runtime error: No space left on device"},
        {Fault::disk_full, exited(1), box("davcio", "error while writing from file ./pw/alkali.wfc1"), ""},
        {Fault::disk_full, exited(1), box("cdiaghg", "S matrix not positive definite"), "write: No space left on device"},
        {Fault::out_of_memory, exited(1), "", "Error allocating 4000000 bytes\nError termination."},
        {Fault::out_of_memory, exited(1), "", "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.batch"},
        {Fault::out_of_time, exited(0), "", "slurmstepd: error: *** JOB 7 ON vm CANCELLED AT 2026-01-01T00:00:00 DUE TO TIME LIMIT ***"},
        {Fault::out_of_time, exited(255), "     Maximum CPU time exceeded\n", "STOP 255"},
        {Fault::killed, exited(137), "", "mpirun noticed that process rank 0 with PID 1 on node vm exited on signal 9 (Killed)."},
        {Fault::killed, exited(143), "", ""},
        {Fault::unknown, exited(139), "", ""},
        {Fault::no_program, exited(134), "", "mpirun was unable to find the specified executable file, and therefore did not launch"},
        {Fault::no_program, exited(127), "", "pw.x: error while loading shared libraries: libscalapack.so: cannot open"},
        {Fault::no_pseudopotential, exited(1), "xmlr_opentag: severe error, line too long\n" + box("readpp", "file ./Li.UPF not readable"),
         ""},
        {Fault::unknown, exited(3), "", "strange"},
        {Fault::killed, {Ending::signalled, SIGKILL, 1, 0}, "", ""},
        {Fault::disk_full, {Ending::signalled, SIGXFSZ, 1, 0}, "", ""},
        {Fault::out_of_time, {Ending::signalled, SIGXCPU, 1, 0}, "", ""},
        {Fault::unknown, {Ending::signalled, SIGSEGV, 1, 0}, "", ""},
        {Fault::out_of_time, {Ending::out_of_time, SIGTERM, 1, 0}, "", ""},
        {Fault::out_of_memory, {Ending::out_of_memory, SIGTERM, 1, 0}, "", ""},
        {Fault::stopped, {Ending::stopped, SIGTERM, 1, 0}, "", ""},
    };
    for (const auto& way : ways) {
        const auto found = of(way.outcome, way.output, way.errors);
        EXPECT_EQ(to_string(found.fault), to_string(way.fault)) << way.output << way.errors;
        EXPECT_FALSE(found.detail.empty());
        EXPECT_EQ(found.detail.find('\n'), std::string::npos);
    }
}

TEST(QeDiagnose, words_in_a_healthy_output_are_no_fault) {
    EXPECT_EQ(of(exited(0), "     too many iterations in bisection\n" + golden("displaced.out"), "out of memory of old jokes").fault,
              Fault::none);
}

TEST(QeDiagnose, an_error_box_or_a_crash_of_any_words_is_a_fault_though_the_job_is_done) {
    const auto text = golden("displaced.out");
    const auto in_box = of(exited(0), box("foo", "something new") + text);
    EXPECT_EQ(in_box.fault, Fault::unknown);
    EXPECT_THAT(in_box.detail, HasSubstr("something new"));
    EXPECT_EQ(of(exited(0), " %%%%%%%%%%%%\n     a box of other words\n %%%%%%%%%%%%\n" + text).fault, Fault::unknown);
    EXPECT_EQ(of(exited(0), text, box("foo", "on the other stream")).fault, Fault::unknown);
    EXPECT_EQ(of(exited(0), text, "", "     from foo : error #         1\n     bad things\n").fault, Fault::unknown);
    EXPECT_EQ(of(exited(0), text, "", "words of no known form").fault, Fault::unknown);
}

Job first() {
    Job job;
    job.electrons = {0.7, "plain", 8, 100, "david"};
    return job;
}

TEST(QeLadder, mixes_more_carefully_rung_by_rung_and_then_gives_up) {
    Ladder ladder(first(), 1, 1);
    EXPECT_EQ(ladder.climb(Fault::not_converged, 5), "mixing_beta 0.3, electron_maxstep 200");
    EXPECT_EQ(ladder.climb(Fault::not_converged, 5), "local-TF mixing, electron_maxstep 400");
    EXPECT_EQ(ladder.climb(Fault::not_converged, 5), "mixing_beta 0.1, diagonalization cg, nbnd 9, electron_maxstep 800");
    EXPECT_EQ(ladder.climb(Fault::not_converged, 9), std::nullopt);
}

TEST(QeLadder, changes_the_solver_where_the_solver_failed) {
    Ladder ladder(first(), 1, 1);
    EXPECT_EQ(ladder.climb(Fault::overlap_matrix, 20), "diagonalization cg, electron_maxstep 200");
    EXPECT_EQ(ladder.climb(Fault::diagonalisation, 20), "nbnd 26");
    EXPECT_TRUE(ladder.climb(Fault::overlap_matrix, 26).has_value());
    EXPECT_EQ(ladder.job().electrons.diagonalization, "david");
    EXPECT_EQ(ladder.climb(Fault::diagonalisation, 26), std::nullopt);
}

TEST(QeLadder, mishaps_are_tried_once_more_and_hopeless_ones_not) {
    for (const auto fault : {Fault::killed, Fault::truncated, Fault::unknown, Fault::disk_full, Fault::out_of_memory}) {
        Ladder ladder(first(), 2, 2);
        EXPECT_TRUE(ladder.climb(fault, 5).has_value()) << to_string(fault);
        EXPECT_FALSE(ladder.climb(fault, 5).has_value()) << to_string(fault);
    }
    for (const auto fault : {Fault::out_of_time, Fault::stopped, Fault::no_program, Fault::no_pseudopotential, Fault::wrong_input})
        EXPECT_FALSE(Ladder(first(), 1, 1).climb(fault, 5).has_value()) << to_string(fault);
}

TEST(QeLadder, begins_afresh_before_anything_else_in_a_series) {
    auto job = first();
    job.start = Start::files;
    Ladder ladder(job, 1, 1);
    EXPECT_EQ(ladder.climb(Fault::not_converged, 5), "fresh start");
    EXPECT_EQ(ladder.job().start, Start::atoms);
    EXPECT_EQ(ladder.job().electrons.mixing_beta, 0.7);
    EXPECT_EQ(ladder.climb(Fault::not_converged, 5), "mixing_beta 0.3, electron_maxstep 200");
}

TEST(QeLadder, uses_less_memory_with_one_pool) {
    Ladder ladder(first(), 4, 4);
    EXPECT_EQ(ladder.climb(Fault::out_of_memory, 5), "one pool, mixing_ndim 4");
    EXPECT_EQ(ladder.pools(), 1);
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_diagnose_tests
