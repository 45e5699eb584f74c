#include "alkali/labelling/quantum_espresso/run.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/loopback.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/quantum_espresso/calculator.hpp"
#include "alkali/labelling/quantum_espresso/labeller.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::qe::qe_run_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A stand-in for pw.x: its n-th start plays the n-th scene, a piece of shell; the last one for ever.
/// What a labeller is asked for, with its own settings.
Subject subject(const QuantumEspressoLabeller& labeller, const structure::Structure& structure) {
    structure::Frame frame;
    frame.structure = structure;
    return {labeller.settings(frame), structure};
}

Label label_of(const QuantumEspressoLabeller& labeller, const structure::Structure& structure, const Workplace& workplace) {
    return labeller.label(subject(labeller, structure), workplace);
}

class QeStandIn : public Scratch {
protected:
    [[nodiscard]] Settings plays(const std::vector<std::string>& scenes) const {
        std::string script = "#!/bin/sh\necho start >> " + quoted("starts") + "\nn=$(wc -l < " + quoted("starts") + ")\ncase $n in\n";
        for (std::size_t i = 0; i < scenes.size(); ++i)
            script += (i + 1 < scenes.size() ? std::to_string(i + 1) : "*") + ") " + scenes[i] + " ;;\n";
        base::write_file(folder_ / "pw.sh", script + "esac\n");
        fs::permissions(folder_ / "pw.sh", fs::perms::owner_all);
        // What is in the work folder is of another label: of the same one it would be taken up.
        if (fs::exists(folder_ / "work" / "label-key")) base::write_file(folder_ / "work" / "label-key", "another");
        return settings("ecutwfc: 12\nk_mesh: [2, 2, 2]", "program: " + (folder_ / "pw.sh").string());
    }
    [[nodiscard]] std::string quoted(const std::string& name) const { return "'" + (folder_ / name).string() + "'"; }
    static std::string prints(const std::string& name) { return "cat '" + (golden_folder / name).string() + "'"; }
    [[nodiscard]] static std::string good() {
        return "mkdir -p pw; cp '" + (golden_folder / "displaced.xml").string() + "' pw/alkali.xml; " + prints("displaced.out");
    }
    [[nodiscard]] Label label(const Settings& s) const { return label_of(QuantumEspressoLabeller(s), displaced_pair(), workplace()); }
    [[nodiscard]] LabelError failure(const Settings& s, const Workplace& place) const {
        try {
            static_cast<void>(label_of(QuantumEspressoLabeller(s), displaced_pair(), place));
        } catch (const LabelError& error) {
            return error;
        }
        ADD_FAILURE() << "there are labels";
        return LabelError(Fault::none, {}, "", "", "");
    }
    [[nodiscard]] std::vector<std::string> changes(const std::vector<Attempt>& attempts) const {
        std::vector<std::string> out;
        for (const auto& attempt : attempts) out.push_back(attempt.change);
        return out;
    }
    [[nodiscard]] std::string input() const { return base::read_file(folder_ / "work" / "pw.in"); }
};

TEST_F(QeStandIn, gives_labels_with_their_history) {
    const auto label = this->label(plays({good()}));
    const auto read = read_output(golden("displaced.out"), golden("displaced.xml"), displaced_pair()).output;
    EXPECT_EQ(label.labels.energy, read.energy);
    EXPECT_EQ(label.labels.forces, read.forces);
    EXPECT_EQ(label.labels.stress, read.stress);
    EXPECT_EQ(label.attempts.size(), 1U);
    EXPECT_EQ(label.info.at("level"), "test");
    EXPECT_EQ(label.info.at("k_mesh"), "2 2 2");
    EXPECT_EQ(label.info.at("k_points"), "8");
    EXPECT_EQ(label.info.at("program"), "PWSCF 6.7MaX");
    EXPECT_THAT(label.info.at("pseudopotential_Li"), HasSubstr("Li.pbe-n-nc-alkali.ld1.in ld1:"));
    EXPECT_FALSE(label.info.contains("ladder"));
}

TEST_F(QeStandIn, climbs_until_it_converges) {
    const auto unconverged = prints("unconverged.out") + "; exit 2";
    const auto label = this->label(plays({unconverged, unconverged, good()}));
    EXPECT_THAT(changes(label.attempts),
                ::testing::ElementsAre("", "mixing_beta 0.3, electron_maxstep 200", "local-TF mixing, electron_maxstep 400"));
    EXPECT_EQ(label.attempts[0].fault, Fault::not_converged);
    EXPECT_EQ(label.attempts[2].fault, Fault::none);
    EXPECT_THAT(label.info.at("ladder"), HasSubstr("local-TF"));
    EXPECT_THAT(input(), HasSubstr("mixing_mode = 'local-TF'"));
    // What is solved stays.
    EXPECT_THAT(input(), HasSubstr("degauss = 0.02\n"));
    EXPECT_THAT(input(), HasSubstr("ecutwfc = 12\n"));
    EXPECT_THAT(input(), HasSubstr(" 2 2 2 0 0 0"));
}

TEST_F(QeStandIn, never_labels_what_does_not_converge) {
    const auto error = failure(plays({prints("unconverged.out") + "; exit 2"}), workplace());
    EXPECT_EQ(error.fault(), Fault::not_converged);
    EXPECT_EQ(error.attempts().size(), 4U);
    EXPECT_FALSE(error.retryable());
    EXPECT_THAT(error.what(), HasSubstr("convergence NOT achieved"));
    EXPECT_EQ(error.where(), "Li2");
    EXPECT_THAT(input(), HasSubstr("nbnd = 9"));  // the failed run had 5
}

TEST_F(QeStandIn, result_of_an_earlier_run_does_not_pass_for_the_next) {
    // The first run leaves everything behind; the second says nothing, and leaves without a fault.
    static_cast<void>(label(plays({good()})));
    fs::remove(folder_ / "starts");
    const auto error = failure(plays({"exit 0"}), workplace());
    EXPECT_EQ(error.fault(), Fault::truncated);
    EXPECT_TRUE(error.retryable());
}

TEST_F(QeStandIn, mishaps_are_survived_once) {
    const std::vector<std::string> scenes{"kill -KILL $$", "head -n 100 " + quoted("half"), "echo 'No space left on device' >&2; exit 2",
                                          "exit 5"};
    for (const auto& scene : scenes) {
        base::write_file(folder_ / "half", golden("displaced.out"));
        fs::remove(folder_ / "starts");
        EXPECT_EQ(label(plays({scene, good()})).attempts.size(), 2U) << scene;
        fs::remove(folder_ / "starts");
        const auto error = failure(plays({scene}), workplace());
        EXPECT_EQ(error.attempts().size(), 2U) << scene;
        EXPECT_TRUE(error.retryable()) << scene;
    }
}

TEST_F(QeStandIn, an_output_without_measure_takes_little_memory_and_gives_no_label) {
    const auto error = failure(plays({"yes 'total cpu time spent up to now' | head -c 100000000; " + good()}), workplace());
    EXPECT_EQ(error.fault(), Fault::unknown);
    EXPECT_THAT(error.what(), HasSubstr("MB, more than pw.x writes"));
#if !defined(__SANITIZE_ADDRESS__)  // which keeps freed memory
    struct rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(usage.ru_maxrss, 300'000) << "kB";
#endif
}

TEST_F(QeStandIn, limits_are_kept) {
    auto place = workplace();
    place.max_seconds = 0.3;
    auto error = failure(plays({"sleep 1000"}), place);
    EXPECT_EQ(error.fault(), Fault::out_of_time);
    EXPECT_EQ(error.attempts().size(), 1U);
    EXPECT_TRUE(error.retryable());

    place = workplace();
    place.max_bytes = 50'000'000;
    fs::remove(folder_ / "starts");
    error = failure(plays({"x=$(head -c 80000000 /dev/zero | tr '\\000' x); sleep 1000"}), place);
    EXPECT_EQ(error.fault(), Fault::out_of_memory);
    EXPECT_TRUE(error.retryable());

    std::atomic<bool> stop = false;
    place = workplace();
    place.stop = &stop;
    fs::remove(folder_ / "starts");
    const auto s = plays({"sleep 1000"});
    std::thread setter([&] {
        while (!fs::exists(folder_ / "starts")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        stop = true;
    });
    error = failure(s, place);
    setter.join();
    EXPECT_EQ(error.fault(), Fault::stopped);
    EXPECT_EQ(error.attempts().size(), 1U);
}

TEST_F(QeStandIn, series_starts_from_files_and_afresh_where_they_do_not_fit) {
    base::NullSink log;
    const auto save_input = "cp pw.in " + quoted("input_") + "$n; ";
    // Scene 1 answers the question for the version.
    QuantumEspressoCalculator calculator(plays({prints("displaced.out"), save_input + good(), save_input + "exit 1", save_input + good()}),
                                         "qe:x", log);
    static_cast<void>(calculator.compute(displaced_pair()));
    static_cast<void>(calculator.compute(displaced_pair()));
    EXPECT_THAT(base::read_file(folder_ / "input_2"), ::testing::Not(HasSubstr("startingpot")));
    EXPECT_THAT(base::read_file(folder_ / "input_3"), HasSubstr("startingpot = 'file'"));
    EXPECT_THAT(base::read_file(folder_ / "input_4"), ::testing::Not(HasSubstr("startingpot")));
    ASSERT_TRUE(calculator.last());
    EXPECT_EQ(calculator.last()->attempts.back().change, "fresh start");
}

TEST_F(QeStandIn, missing_and_wrong_programs_are_named) {
    auto s = settings("ecutwfc: 12\nk_mesh: [2, 2, 2]", "program: no-pw.x");
    const auto error = failure(s, workplace());
    EXPECT_EQ(error.fault(), Fault::no_program);
    EXPECT_THAT(error.what(), HasSubstr("no-pw.x"));
    EXPECT_THAT(error.hint(), HasSubstr("quantum-espresso"));
    base::NullSink log;
    EXPECT_THROW(QuantumEspressoCalculator(s, "qe:x", log), ExternalProgramError);
    s.run.program = "true";
    EXPECT_THROW(QuantumEspressoCalculator(s, "qe:x", log), ExternalProgramError);
    EXPECT_TRUE(fs::is_empty(folder_ / "scratch") || std::distance(fs::directory_iterator(folder_ / "scratch"), {}) == 1);
}

TEST_F(QeStandIn, folders_of_killed_calculators_are_removed_by_the_next) {
    base::NullSink log;
    const auto s = plays({prints("displaced.out")});
    fs::path left;
    {
        QuantumEspressoCalculator alive(s, "qe:x", log);
        for (const auto& entry : fs::directory_iterator(s.run.scratch))
            if (entry.path().filename().string().starts_with("series-")) left = entry.path();
        ASSERT_FALSE(left.empty());
        QuantumEspressoCalculator other(s, "qe:x", log);
        EXPECT_TRUE(fs::exists(left));
    }
    EXPECT_FALSE(fs::exists(left));
    const pid_t ended = ::fork();
    if (ended == 0) ::_exit(0);
    ::waitpid(ended, nullptr, 0);
    const auto name = left.filename().string(), pid = std::to_string(::getpid());
    const auto orphan = s.run.scratch / std::string(name).replace(name.find("-" + pid + "-") + 1, pid.size(), std::to_string(ended));
    fs::create_directories(orphan / "pw");
    QuantumEspressoCalculator next(s, "qe:x", log);
    EXPECT_FALSE(fs::exists(orphan));
}

TEST(QeCommand, is_that_of_one_process_of_several_and_of_a_launcher_of_ones_own) {
    RunSettings run;
    run.program = "pw.x";
    run.launcher = {"mpirun"};
    EXPECT_THAT(command_words(run, 1, 1), ::testing::ElementsAre("pw.x", "-in", "pw.in"));
    const auto words = command_words(run, 4, 2);
    EXPECT_EQ(words.front(), "mpirun");
    EXPECT_THAT(words, ::testing::IsSupersetOf({"-np", "4", "-nk", "2", "--bind-to"}));
    EXPECT_EQ(std::ranges::count(words, "--allow-run-as-root"), ::geteuid() == 0 ? 1 : 0);
    run.default_launcher = false;
    run.launcher = {"srun", "-n{processes}", "--exact"};
    EXPECT_THAT(command_words(run, 4, 1), ::testing::ElementsAre("srun", "-n4", "--exact", "pw.x", "-in", "pw.in"));
}

TEST(QeCommand, pools_divide_the_processes_and_never_run_dry) {
    Physics p;
    EXPECT_EQ(pools_for(p, {15, 15, 15}, 4, 0), 4);
    EXPECT_EQ(pools_for(p, {4, 4, 4}, 4, 0), 1);  // 64 points may be two by symmetry
    p.symmetry = false;
    EXPECT_EQ(pools_for(p, {4, 4, 4}, 6, 0), 6);
    EXPECT_EQ(pools_for(p, {1, 1, 1}, 6, 0), 1);
    EXPECT_EQ(pools_for(p, {1, 1, 1}, 6, 4), 2);
}

/// With the real pw.x, in seconds.
class QeReal : public Scratch {
protected:
    void SetUp() override {
        Scratch::SetUp();
        if (!on_path("pw.x") || !on_path("ld1.x")) GTEST_SKIP() << "pw.x or ld1.x is not installed";
    }
    [[nodiscard]] Settings real(const std::string& mesh, const std::string& run = "", int cutoff = 20) const {
        return settings("ecutwfc: " + std::to_string(cutoff) + "\nconv_thr: 1e-11\nk_mesh: " + mesh, run);
    }
};

structure::Structure compressed_pair() {
    auto s = structure::with_volume(displaced_pair(), 30);
    s.positions[1] += Vec3(0.1, -0.05, 0);
    return s;
}

TEST_F(QeReal, label_reproduces_the_golden_run) {
    auto s = settings("ecutwfc: 12\nk_mesh: [2, 2, 2]");
    s.physics.degauss = 0.01985;
    const QuantumEspressoLabeller labeller(s);
    const auto label = label_of(labeller, displaced_pair(), workplace());
    const auto read = read_output(golden("displaced.out"), golden("displaced.xml"), displaced_pair()).output;
    EXPECT_NEAR(*label.labels.energy, read.energy, 1e-7);
    EXPECT_LT(((*label.labels.forces)[0] - read.forces[0]).norm(), 1e-4);
    EXPECT_LT((*label.labels.stress - read.stress).norm(), 1e-6);
    EXPECT_TRUE(label.warnings.empty()) << label.warnings.front();
}

TEST_F(QeReal, k_mesh_of_a_frame_goes_before_that_of_the_config) {
    base::NullSink log;
    QuantumEspressoCalculator calculator(settings("ecutwfc: 8\nk_mesh: [2, 2, 2]"), "qe:test", log);
    structure::Frame asking, plain;
    asking.structure = plain.structure = displaced_pair();
    asking.info["k_mesh"] = "1 1 1";
    const double at_gamma = calculator::compute(calculator, asking).energy;
    EXPECT_EQ(calculator.last()->job.mesh, (Mesh{1, 1, 1}));
    calculator::describe(calculator, asking);
    EXPECT_EQ(asking.info.at("functional"), "PBE");
    EXPECT_EQ(asking.info.at("dispersion"), "none");
    EXPECT_EQ(asking.info.at("k_mesh"), "1 1 1");
    EXPECT_NE(calculator::compute(calculator, plain).energy, at_gamma);
    EXPECT_EQ(calculator.last()->job.mesh, (Mesh{2, 2, 2}));
    calculator.fix_sampling(plain.structure);  // nor does a held one
    static_cast<void>(calculator::compute(calculator, asking));
    EXPECT_EQ(calculator.last()->job.mesh, (Mesh{1, 1, 1}));
    asking.info["k_mesh"] = "2 2";
    EXPECT_THROW((void)calculator::compute(calculator, asking), InputError);
}

TEST_F(QeReal, a_dispersion_correction_that_this_release_does_not_have_gives_no_label) {
    if (program_version(settings("ecutwfc: 8\nk_mesh: [1, 1, 1]").run, folder_).rfind("6.7", 0) != 0) GTEST_SKIP() << "6.7 has no MBD";
    const auto s = settings("ecutwfc: 8\nk_mesh: [1, 1, 1]\nvdw_corr: mbd");
    try {
        (void)solve(displaced_pair(), s, Pseudopotentials(s), first_job(displaced_pair(), s), workplace());
        FAIL() << "a label without the correction";
    } catch (const LabelError& error) {
        EXPECT_NE(std::string(error.what()).find("no dispersion correction for vdw_corr: mbd"), std::string::npos) << error.what();
    }
}

TEST_F(QeReal, forces_are_minus_the_slope_of_the_energy) {
    base::NullSink log;
    QuantumEspressoCalculator calculator(real("[3, 3, 3]"), "qe:x", log);
    const auto pair = compressed_pair();
    calculator.fix_sampling(pair);
    const auto forces = calculator.compute(pair).forces;
    for (int axis = 0; axis < 3; ++axis) {
        const auto energy = [&](double step) {
            auto moved = pair;
            moved.positions[1][axis] += step;
            return calculator.compute(moved).energy;
        };
        constexpr double h = 0.02;
        EXPECT_NEAR(forces[1][axis], -(energy(h) - energy(-h)) / (2 * h), 2e-3) << axis;
    }
    EXPECT_GT(forces[1].norm(), 0.1);
    // Nothing had to be tried twice, and all but the first began where the last one ended.
    EXPECT_EQ(calculator.last()->job.start, Start::files);
}

TEST_F(QeReal, stress_is_the_slope_of_the_energy_with_strain_positive_in_tension) {
    base::NullSink log;
    QuantumEspressoCalculator calculator(real("[3, 3, 3]", "", 40), "qe:x", log);
    const auto pair = compressed_pair();
    calculator.fix_sampling(pair);
    const Mat3 stress = calculator.compute(pair).stress;
    for (const auto& [i, j] : {std::pair{0, 0}, {2, 2}, {0, 1}}) {
        const auto energy = [&, i = i, j = j](double e) {
            Mat3 strain = Mat3::Zero();
            strain(i, j) += e / 2;
            strain(j, i) += e / 2;
            return calculator.compute(structure::strained(pair, strain)).energy;
        };
        constexpr double h = 0.01;
        EXPECT_NEAR(stress(i, j), (energy(h) - energy(-h)) / (2 * h * pair.cell.volume()), 3e-4) << i << j;
    }
    EXPECT_LT(stress.trace(), -0.05);  // it is compressed
}

TEST_F(QeReal, several_processes_give_the_same_as_one) {
    if (!on_path("mpirun")) GTEST_SKIP() << "mpirun is not installed";
    ::setenv("OMPI_COMM_WORLD_RANK", "0", 1);  // as inside an MPI program
    ::setenv("PMIX_RANK", "0", 1);
    const QuantumEspressoLabeller labeller(real("[3, 3, 3]", "pools: 2"));
    const auto one = label_of(labeller, compressed_pair(), workplace(1)), two = label_of(labeller, compressed_pair(), workplace(2));
    ::unsetenv("OMPI_COMM_WORLD_RANK");
    ::unsetenv("PMIX_RANK");
    EXPECT_NEAR(*one.labels.energy, *two.labels.energy, 1e-8);
    EXPECT_EQ(two.attempts.size(), 1U);
}

TEST_F(QeReal, job_over_its_memory_is_refused_and_can_be_taken_up_again) {
    const QuantumEspressoLabeller labeller(real("[3, 3, 3]"));
    auto place = workplace();
    place.max_bytes = 10'000'000;
    try {
        static_cast<void>(label_of(labeller, compressed_pair(), place));
        FAIL() << "pw.x fits into 10 MB";
    } catch (const LabelError& error) {
        EXPECT_EQ(error.fault(), Fault::out_of_memory);
        EXPECT_TRUE(error.retryable());
        EXPECT_THAT(error.hint(), HasSubstr("max_gb"));
    }
    EXPECT_TRUE(label_of(labeller, compressed_pair(), workplace()).labels.energy.has_value());
}

TEST_F(QeReal, two_elements_and_fixed_occupations) {
    auto s = real("[2, 2, 2]");
    s.physics.smearing = "none";
    structure::Structure lih;
    Mat3 vectors;
    vectors << 0, 2, 2, 2, 0, 2, 2, 2, 0;
    lih.cell = structure::Cell(vectors);
    lih.add(1, {0, 0, 0});
    lih.add(3, {2.1, 2, 1.9});
    const auto label = label_of(QuantumEspressoLabeller(s), lih, workplace());
    EXPECT_LT(((*label.labels.forces)[0] + (*label.labels.forces)[1]).norm(), 1e-6);
    EXPECT_TRUE(label.info.contains("pseudopotential_H"));
}

TEST_F(QeStandIn, a_finished_calculation_that_others_may_have_planted_becomes_no_label) {
    const auto s = plays({"exit 0"});
    const QuantumEspressoLabeller labeller(s);
    const auto wanted = subject(labeller, displaced_pair());
    const auto plant = [&](const fs::path& folder) {
        base::write_file(folder / "label-key", label_key(wanted.settings, wanted.structure));
        base::write_file(folder / "pw.out", golden("displaced.out"));
        base::write_file(folder / "pw" / "alkali.xml", golden("displaced.xml"));
    };
    plant(folder_ / "work");
    EXPECT_NO_THROW(static_cast<void>(labeller.label(wanted, workplace()))) << "our own is taken up";
    ::chmod((folder_ / "work").c_str(), 0777);
    EXPECT_THROW(static_cast<void>(labeller.label(wanted, workplace())), base::UnsafeFolder);
    fs::rename(folder_ / "work", folder_ / "theirs");
    ::chmod((folder_ / "theirs").c_str(), 0700);
    fs::create_directory_symlink(folder_ / "theirs", folder_ / "work");
    EXPECT_THROW(static_cast<void>(labeller.label(wanted, workplace())), base::UnsafeFolder);
    fs::remove(folder_ / "work");
    fs::create_directory(folder_ / "work");
    for (const char* name : {"label-key", "pw.out"}) fs::create_symlink(folder_ / "theirs" / name, folder_ / "work" / name);
    EXPECT_THROW(static_cast<void>(labeller.label(wanted, workplace())), LabelError) << "links are none of ours";
    EXPECT_TRUE(fs::exists(folder_ / "theirs" / "pw.out"));
}

/// A UPF file with a line that pw.x does not read, so that a copy with shorter lines is kept.
std::string long_lined(const std::string& valence) {
    std::string numbers;
    for (int i = 0; i < 200; ++i) numbers += " 1.23456789E-003";
    return "<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" pseudo_type=\"NC\" functional=\"PBE\" z_valence=\"" + valence +
           "\"/>\n<PP_LOCAL size=\"200\">\n" + numbers + "\n</PP_LOCAL>\n</UPF>\n";
}

class QePseudopotentials : public Scratch {
protected:
    [[nodiscard]] Settings settings_with(const fs::path& file) const {
        auto s = settings("ecutwfc: 12\nk_mesh: [2, 2, 2]", "pseudopotentials: " + (folder_ / "kept").string());
        s.physics.pseudopotentials = {{3, file}};
        return s;
    }
    [[nodiscard]] fs::path kept() const {
        for (const auto& entry : fs::directory_iterator(folder_ / "kept")) return entry.path();
        return {};
    }
};

TEST_F(QePseudopotentials, one_that_others_may_have_planted_or_that_is_damaged_is_made_again) {
    base::write_file(folder_ / "Li.UPF", long_lined("1"));
    const auto s = settings_with(folder_ / "Li.UPF");
    const auto made = Pseudopotentials(s).file(3);
    const auto good = base::read_file(made);
    EXPECT_EQ(made, kept());
    EXPECT_EQ(read_upf_header(good, "x").z_valence, 1);
    const auto is_made_again = [&] {
        EXPECT_EQ(Pseudopotentials(s).file(3), made);
        EXPECT_EQ(base::read_file(made), good);
        EXPECT_FALSE(fs::is_symlink(made));
    };
    base::write_file(made, wrap_long_lines(long_lined("3"), "x").text);
    ::chmod(made.c_str(), 0666);
    is_made_again();
    base::write_file(folder_ / "theirs", wrap_long_lines(long_lined("3"), "x").text);
    fs::remove(made);
    fs::create_symlink(folder_ / "theirs", made);
    const auto theirs = base::read_file(folder_ / "theirs");
    is_made_again();
    EXPECT_EQ(base::read_file(folder_ / "theirs"), theirs) << "nothing is written through a link";
    fs::remove(made);
    base::write_file(made, good.substr(0, good.size() / 2));
    is_made_again();
    if (::geteuid() != 0) return;
    base::write_file(made, wrap_long_lines(long_lined("3"), "x").text);
    ASSERT_EQ(::chown(made.c_str(), 65534, 65534), 0);
    is_made_again();
}

TEST_F(QePseudopotentials, one_kept_from_an_earlier_run_and_edited_since_is_made_again) {
    base::write_file(folder_ / "Li.UPF", long_lined("1"));
    const auto wrapped = settings_with(folder_ / "Li.UPF");
    const auto file = Pseudopotentials(wrapped).file(3);
    const auto good = base::read_file(file);
    auto edited = good;
    edited.replace(edited.find("1.23456789E-003"), 15, "0.00000000E+000");
    base::write_file(file, edited);
    EXPECT_EQ(base::read_file(Pseudopotentials(wrapped).file(3)), good);

    // A generated one: ld1.x is a script that counts its starts.
    base::write_file(folder_ / "Li.in", "&input zed=3., dft='PBE', iswitch=3 /\n&inputp\n file_pseudopw = 'Li.UPF' /\n");
    base::write_file(folder_ / "words",
                     "     Program LD1 v.6.7MaX starts on 1Jan2026\n     atomic number is  3.00   valence charge is  1.00\n"
                     "     n l     nl             e AE (Ry)        e PS (Ry)    De AE-PS (Ry) \n"
                     "     1 0     2S   1( 1.00)       -0.21125       -0.21120        0.00005\n\n     End of pseudopotential test\n");
    base::write_file(folder_ / "result",
                     "<UPF version=\"2.0.1\">\n<PP_INFO>\n Generated using \"atomic\" code by A. Dal Corso  v.6.7MaX\n</PP_INFO>\n"
                     "<PP_HEADER element=\"Li\" pseudo_type=\"NC\" functional=\"PBE\" z_valence=\"1\"/>\n"
                     "<PP_LOCAL size=\"2\">\n 1.0 2.0\n</PP_LOCAL>\n</UPF>\n");
    const auto at = [&](const char* name) { return "'" + (folder_ / name).string() + "'"; };
    base::write_file(folder_ / "ld1.sh", "#!/bin/sh\ncat > /dev/null\necho start >> " + at("starts") + "\ncat " + at("words") + "\ncp " +
                                             at("result") + " Li.UPF\n");
    fs::permissions(folder_ / "ld1.sh", fs::perms::owner_all);
    auto s = settings_with(folder_ / "Li.in");
    s.run.ld1 = (folder_ / "ld1.sh").string();
    const auto made = Pseudopotentials(s).file(3);
    EXPECT_EQ(Pseudopotentials(s).file(3), made);
    EXPECT_EQ(base::read_file(folder_ / "starts"), "start\n") << "it is kept";
    EXPECT_EQ(Pseudopotentials(s).generator(3), "6.7MaX");
    EXPECT_EQ(Pseudopotentials(wrapped).generator(3), "");
    base::write_file(made,
                     "<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" pseudo_type=\"NC\" functional=\"PBE\" z_valence=\"1\"/>\n"
                     "<PP_LOCAL size=\"2\">\n 0.0 0.0\n</PP_LOCAL>\n</UPF>\n");
    EXPECT_EQ(base::read_file(Pseudopotentials(s).file(3)), base::read_file(folder_ / "result"));
}

TEST_F(QePseudopotentials, an_ultrasoft_one_with_the_density_cutoff_of_others_is_told) {
    const auto doubts = [&](const char* type, double rho, bool given = false) {
        base::write_file(folder_ / "Li.UPF", std::string("<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" pseudo_type=\"") + type +
                                                 "\" z_valence=\"1\" rho_cutoff=\"300\"/>\n</UPF>\n");
        auto s = settings_with(folder_ / "Li.UPF");
        s.physics.ecutrho = rho;
        s.physics.default_ecutrho = !given;
        return QuantumEspressoLabeller(s).doubts();
    };
    EXPECT_THAT(doubts("USPP", 48), ::testing::ElementsAre(::testing::AllOf(HasSubstr("ultrasoft"), HasSubstr("300 Ry"))));
    EXPECT_THAT(doubts("PAW", 48), ::testing::ElementsAre(HasSubstr("PAW")));
    EXPECT_THAT(doubts("USPP", 48, true), ::testing::IsEmpty());
    EXPECT_THAT(doubts("NC", 48), ::testing::IsEmpty());
}

TEST_F(QePseudopotentials, damaged_or_of_another_element_they_are_named_before_anything_runs) {
    const auto message = [&](const std::string& text) -> std::string {
        base::write_file(folder_ / "Li.UPF", text);
        try {
            const Pseudopotentials read(settings_with(folder_ / "Li.UPF"));
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    };
    const auto whole = long_lined("1");
    EXPECT_THAT(message(whole.substr(0, whole.size() - 30)),
                ::testing::AllOf(HasSubstr("Li.UPF"), HasSubstr("PP_LOCAL"), HasSubstr("anew")));
    EXPECT_THAT(message("garbage"), ::testing::AllOf(HasSubstr("not a UPF file"), HasSubstr("anew")));
    auto sodium = whole;
    sodium.replace(sodium.find("\"Li\""), 4, "\"Na\"");
    EXPECT_THAT(message(sodium), ::testing::AllOf(HasSubstr("given for Li is one of Na"), HasSubstr("correct")));
}

TEST_F(QePseudopotentials, one_that_changes_while_labels_carry_its_hash_is_named) {
    base::write_file(folder_ / "Li.UPF", "<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" z_valence=\"1\"/>\n</UPF>\n");
    const Pseudopotentials read(settings_with(folder_ / "Li.UPF"));
    EXPECT_EQ(read.file(3), folder_ / "Li.UPF");
    // As an output of this process it is refused.
    EXPECT_THROW(base::write_file(folder_ / "Li.UPF", "x"), InputError);
    std::ofstream(folder_ / "Li.UPF") << "<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" z_valence=\"3\"/>\n</UPF>\n";
    try {
        static_cast<void>(read.file(3));
        ADD_FAILURE() << "it is taken";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("has changed"), HasSubstr("Li.UPF")));
    }
}

TEST_F(QeStandIn, several_processes_on_this_machine_are_reached_by_nobody_else) {
    if (!on_path("mpirun")) GTEST_SKIP() << "mpirun is not installed";
    if (!base::can_leave_networks()) GTEST_SKIP() << "namespaces are not allowed here";
    const auto s = plays({"cat /proc/net/dev > dev.$$; [ \"$OMPI_COMM_WORLD_RANK\" = 1 ] || { " + good() + "; }"});
    auto place = workplace(2);
    const auto label = label_of(QuantumEspressoLabeller(s), displaced_pair(), place);
    EXPECT_TRUE(label.labels.energy);
    int processes = 0;
    for (const auto& entry : fs::directory_iterator(place.scratch)) {
        const auto name = entry.path().filename().string();
        EXPECT_FALSE(name.starts_with("ompi.")) << "what mpirun leaves";
        if (!name.starts_with("dev.")) continue;
        ++processes;
        std::istringstream lines(base::read_file(entry.path()));
        std::string line;
        std::getline(lines, line);
        std::getline(lines, line);
        while (std::getline(lines, line))
            EXPECT_THAT(line, ::testing::MatchesRegex(" *lo:.*")) << "what listens there listens at the loopback";
    }
    EXPECT_EQ(processes, 2);
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_run_tests
