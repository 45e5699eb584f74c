#include "alkali/report/report.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <regex>
#include <set>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/records/record.hpp"
#include "alkali/report/convergence.hpp"
#include "alkali/report/doubts.hpp"
#include "alkali/report/figures.hpp"
#include "alkali/report/property_names.hpp"
#include "alkali/report/references.hpp"
#include "alkali/report/reliability.hpp"
#include "alkali/report/source.hpp"
#include "alkali/report/summary.hpp"

namespace alkali::report::report_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// Keeps what is told.
class Told final : public base::LogSink {
public:
    void write(base::LogLevel, std::string_view message) override { text += std::string(message) + "\n"; }
    std::string text;
};

using Folders = std::vector<fs::path>;
std::vector<Source> load_sources(const Folders& folders) {
    base::NullSink log;
    return report::load_sources(folders, log);
}
Source load_source(const fs::path& folder) {
    base::NullSink log;
    return report::load_source(folder, log);
}
std::string render(const Folders& folders, const Options& options) { return report::render(load_sources(folders), options); }
std::string summary(const Folders& folders, const std::vector<std::string>& names) {
    base::NullSink log;
    return report::summary(load_sources(folders), names, log);
}
/// What the error says that f() ends with; empty: none.
template <class F>
std::string fault_of(F f) {
    try {
        static_cast<void>(f());
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

class Report : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("alkali_report_" + std::to_string(::getpid()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path write(const fs::path& name, const std::string& content) {
        base::write_file(folder_ / name, content);
        return folder_ / name;
    }
    /// A folder with a lattice constant, a curve and an evaluation of two frames.
    fs::path sample(const std::string& name) {
        records::Records records;
        records.set("a0", {3.4264, "angstrom", 0.0007, {{"method", "birch_murnaghan"}}, {}});
        records.set("vacancy_formation_energy", {0.53, "eV", {}, {}, {{"calculator", "<model>"}}});
        records.set("equation_of_state_curve", {{{"volume", {19.0, 20.0, 21.0}}, {"energy", {-1.0, -1.1, -1.0}}}, "eV/atom", {}, {}, {}});
        records.save(folder_ / name / "records.json");
        records::Records errors;
        errors.set("energy_rmse", {1.7, "meV/atom", {}, {}, {}});
        errors.set("energy_rmse_bulk", {1.5, "meV/atom", {}, {}, {}});
        errors.set("parity", {{{"frames", {"a.xyz, frame 0", "a.xyz, frame 7"}},
                               {"energy", {{"frame", {0, 1}}, {"reference", {-1.0, -2.0}}, {"predicted", {-1.1, -2.2}}}}},
                              "1",
                              {},
                              {},
                              {}});
        errors.save(folder_ / name / "evaluation.json");
        write(name + "/metrics.csv", "epoch,lr,train_energy_rmse,validation_energy_rmse\n1,0.01,9,11\n2,0.005,4,5\n3,0.0");
        return folder_ / name;
    }

    fs::path folder_;
};

TEST_F(Report, shows_values_with_uncertainty_and_unit_beside_the_literature) {
    const auto page = render({sample("nequip"), sample("snap")}, {});
    EXPECT_THAT(page, HasSubstr("3.4264(7)"));
    EXPECT_THAT(page, HasSubstr("3.4351(15)"));  // all-electron PBE
    EXPECT_THAT(page, HasSubstr("Bosoni et al. 2024"));
    EXPECT_THAT(page, HasSubstr("nequip"));
    EXPECT_THAT(page, HasSubstr("snap"));
}

TEST_F(Report, needs_no_network) {
    const auto page = render({sample("nequip")}, {});
    EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=\"(?!#)")));
    EXPECT_THAT(page, Not(HasSubstr("http")));
    EXPECT_THAT(page, Not(HasSubstr("@import")));
}

TEST_F(Report, points_of_a_parity_plot_tell_their_frame) {
    EXPECT_THAT(render({sample("nequip")}, {}), HasSubstr("data-note=\"a.xyz, frame 7"));
}

TEST_F(Report, text_from_files_cannot_become_markup) {
    const auto page = render({sample("nequip")}, {.title = "<script>"});
    EXPECT_THAT(page, Not(HasSubstr("<model>")));
    EXPECT_THAT(page, HasSubstr("<title>&lt;script&gt;</title>"));
}

TEST_F(Report, numbers_from_memory_are_marked) {
    const auto references = lithium_references();
    std::size_t unconfirmed = 0;
    for (const auto& group : references.groups)
        for (const auto& column : group.columns)
            for (const auto& [name, cell] : column.cells) {
                EXPECT_FALSE(cell.source.empty()) << cell.key;
                EXPECT_TRUE(std::isfinite(cell.value)) << cell.key;
                EXPECT_TRUE(references.certainty.contains(cell.certainty)) << cell.key;
                unconfirmed += cell.confirmed() ? 0 : 1;
            }
    EXPECT_GT(unconfirmed, 0u);
    records::Records records;
    records.set("C11", {14.9, "GPa", {}, {}, {}});
    records.save(folder_ / "x" / "records.json");
    EXPECT_THAT(render({folder_ / "x"}, {}), HasSubstr("14.85(15)†"));
}

TEST_F(Report, literature_on_bcc_lithium_stands_beside_bcc_lithium_alone) {
    const auto page_of = [&](const std::string& name, const char* species, const char* structure) {
        records::Records records;
        records.set("C11", {14.9, "GPa", {}, {{"species", species}, {"structure", structure}}, {}});
        records.save(folder_ / name / "records.json");
        return folder_ / name;
    };
    const auto lithium = page_of("li", "Li", "bcc"), aluminium = page_of("al", "Al", "fcc"), other = page_of("other", "Li", "fcc");
    EXPECT_THAT(render({lithium}, {}), HasSubstr("14.85(15)"));
    EXPECT_THAT(render({aluminium}, {}), Not(HasSubstr("14.85(15)")));
    EXPECT_THAT(render({other}, {}), Not(HasSubstr("14.85(15)")));
    const auto both = render({lithium, aluminium}, {});
    EXPECT_THAT(both, HasSubstr("14.85(15)"));
    EXPECT_THAT(both, HasSubstr("fcc Al"));  // its column says what it is
    EXPECT_THAT(both, Not(HasSubstr("bcc Li</")));
}

/// A folder with one number of a crystal.
records::Record number(double value, const char* unit, const char* species = "Li", const char* structure = "bcc") {
    return {value, unit, {}, {{"species", species}, {"structure", structure}}, {}};
}

/// The part of a page from one heading to the next.
std::string part(const std::string& page, const std::string& heading) {
    const auto from = page.find("<h3>" + heading);
    return from == std::string::npos ? "" : page.substr(from, page.find("<h3>", from + 4) - from);
}

TEST_F(Report, each_material_has_a_table_with_its_own_literature) {
    records::Records lithium, aluminium;
    lithium.set("C11", number(14.9, "GPa"));
    aluminium.set("C11", number(108, "GPa", "Al", "fcc"));
    lithium.save(folder_ / "li" / "records.json");
    aluminium.save(folder_ / "al" / "records.json");
    const auto page = render({folder_ / "al", folder_ / "li"}, {});
    EXPECT_THAT(part(page, "fcc Al"), AllOf(HasSubstr("108.00"), HasSubstr("without literature"), Not(HasSubstr("14.85(15)")),
                                            Not(HasSubstr("class=\"reference"))));
    EXPECT_THAT(part(page, "bcc Li"), AllOf(HasSubstr("14.90"), HasSubstr("14.85(15)"), Not(HasSubstr("108.00"))));
    EXPECT_THAT(page, HasSubstr("<title>alkali: fcc Al, bcc Li</title>"));
}

TEST_F(Report, errors_on_frames_of_other_elements_do_not_stand_beside_lithiums) {
    for (const char* element : {"Al", "Li"}) {
        records::Records errors;
        errors.set("energy_rmse", {1.7, "meV/atom", {}, {}, {{"elements", {element}}}});
        errors.save(folder_ / element / "evaluation.json");
    }
    const std::string paper = "Phuthi";
    EXPECT_THAT(render({folder_ / "Al"}, {}), Not(HasSubstr(paper)));
    EXPECT_THAT(render({folder_ / "Li"}, {}), HasSubstr(paper));
    const auto both = render({folder_ / "Al", folder_ / "Li"}, {});
    EXPECT_THAT(both, HasSubstr("<h1>alkali: Al, Li</h1>"));
    EXPECT_THAT(part(both, "Frames of Al"), Not(HasSubstr("<a class=\"cite\"")));
    EXPECT_THAT(part(both, "Frames of Li"), HasSubstr("<a class=\"cite\""));
}

TEST_F(Report, heading_names_the_material_of_the_records) {
    records::Records nickel, errors;
    nickel.set("C11", number(250, "GPa", "Ni", "fcc"));
    nickel.save(folder_ / "ni" / "records.json");
    errors.set("energy_rmse", {1.7, "meV/atom", {}, {}, {{"elements", {"Ni"}}}});
    errors.save(folder_ / "ni" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "ni"}, {}), AllOf(HasSubstr("<h1>alkali: fcc Ni</h1>"), Not(HasSubstr("ithium"))));
    errors.set("energy_rmse", {1.7, "meV/atom", {}, {}, {{"elements", {"Al", "Ni"}}}});
    errors.save(folder_ / "ni" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "ni"}, {}), HasSubstr("<h1>alkali: fcc Ni, Al-Ni</h1>"));
    EXPECT_THAT(render({sample("unnamed")}, {}), HasSubstr("<h1>alkali</h1>"));
}

TEST_F(Report, numbers_of_a_crystal_not_named_do_not_stand_beside_lithium_where_its_frames_are_of_others) {
    const auto folder = sample("aluminium");
    records::Records errors;
    errors.set("energy_rmse", {1.7, "meV/atom", {}, {}, {{"elements", {"Al"}}}});
    errors.save(folder / "evaluation.json");
    EXPECT_THAT(render({folder}, {}), AllOf(HasSubstr("3.4264(7)"), Not(HasSubstr("3.4351(15)"))));
}

TEST_F(Report, what_a_committee_could_not_compute_is_said_in_its_column) {
    records::Records good, committee;
    good.set("a0", number(3.42, "angstrom"));
    good.set("C11", number(14.9, "GPa"));
    good.set("C11_energy", number(15, "GPa"));
    good.save(folder_ / "single" / "records.json");
    committee.set("a0", number(3.43, "angstrom"));
    committee.set("failures", {{{"elastic", "member_2: the <relaxation> stopped"}, {"vacancy", "member_1: too"}},
                               "",
                               {},
                               {{"species", "Li"}, {"structure", "bcc"}},
                               {}});
    committee.save(folder_ / "committee" / "records.json");
    const auto page = render({folder_ / "single", folder_ / "committee"}, {});
    std::size_t failed = 0;
    for (std::size_t at = 0; (at = page.find(">failed</td>", at)) != std::string::npos; ++at) ++failed;
    EXPECT_EQ(failed, 3u) << "C11 by both methods, and a row for the vacancy that nobody has";
    EXPECT_THAT(page, AllOf(HasSubstr("Vacancy formation energy"), HasSubstr("not computed: member_2: the &lt;relaxation&gt; stopped")));
    EXPECT_THAT(summary({folder_ / "single", folder_ / "committee"}, {"C11"}), ::testing::EndsWith("  14.90     failed\n"));
    // One that failed in everything keeps its column.
    records::Records nothing;
    nothing.set("failures", {{{"lattice", "no minimum"}}, "", {}, {{"species", "Li"}, {"structure", "bcc"}}, {}});
    nothing.save(folder_ / "nothing" / "records.json");
    EXPECT_THAT(render({folder_ / "single", folder_ / "nothing"}, {}),
                AllOf(HasSubstr("<th class=\"own\">nothing</th>"), HasSubstr(">failed</td>")));
}

TEST_F(Report, implausible_numbers_are_marked_where_they_stand) {
    records::Records records;
    records.set("bulk_modulus_derivative", number(-23, "1"));
    records.set("C11", number(110, "GPa"));
    records.set("C12", number(11.3, "GPa"));
    records.set("a0", number(3.43, "angstrom"));
    records.set("vacancy_formation_energy", number(-18.9, "eV"));
    records.set("cohesive_energy", number(std::nan(""), "eV/atom"));
    records.save(folder_ / "x" / "records.json");
    const auto page = render({folder_ / "x"}, {});
    for (const char* marked : {"\u221223.0⚠", "110.00⚠", "\u221218.900⚠", "not a number⚠"}) EXPECT_THAT(page, HasSubstr(marked));
    EXPECT_THAT(page, AllOf(HasSubstr(">11.30</td>"), HasSubstr(">3.4300</td>")));
    EXPECT_THAT(page, HasSubstr("B&#39; lies between 0 and 10"));
}

TEST(Doubts, say_what_speaks_against_a_number) {
    const auto about = [](const std::string& name, const records::Records& records) { return doubts_about(name, records, {}); };
    records::Records records;
    const auto set = [&](const std::string& name, double value) { records.set(name, {value, "GPa", {}, {}, {}}); };
    set("bulk_modulus", 13.6);
    set("bulk_modulus_hill", 13.9);
    set("bulk_modulus_derivative", 3.5);
    set("C11", 20);
    set("C11_energy", 15);
    set("elastic_stability", -1);
    set("youngs_modulus", 100);
    set("poisson_ratio", 0.7);
    set("C_prime", -2);
    for (const char* name : {"bulk_modulus", "bulk_modulus_derivative"}) EXPECT_THAT(about(name, records), ::testing::IsEmpty()) << name;
    for (const char* name : {"C11", "C11_energy", "elastic_stability", "youngs_modulus", "poisson_ratio", "C_prime", "bulk_modulus_hill"})
        EXPECT_THAT(about(name, records), SizeIs(1)) << name;
    set("bulk_modulus_hill", 18);
    EXPECT_THAT(about("bulk_modulus", records), ::testing::ElementsAre(HasSubstr("bulk_modulus_hill")));
    EXPECT_THAT(about("nothing", records), ::testing::IsEmpty());
}

TEST_F(Report, too_small_error_bars_are_marked_where_they_stand) {
    records::Records properties, errors;
    properties.set("C11", {14.9, "GPa", 0.4, {{"species", "Li"}, {"structure", "bcc"}, {"committee", 3}}, {}});
    properties.set("C44", number(11.1, "GPa"));
    errors.set("force_coverage_68", {0.31, "1", 0.02, {}, {}});
    errors.set("reliability",
               {{{"force", {{"points", 3000}, {"nominal", {0.5, 0.68}}, {"observed", {0.49, 0.31}}, {"std", {1.0}}, {"rmse", {3.0}}}}},
                "1",
                {},
                {},
                {}});
    properties.save(folder_ / "committee" / "records.json");
    errors.save(folder_ / "committee" / "test.json");
    const auto page = render({folder_ / "committee"}, {});
    EXPECT_THAT(page, AllOf(HasSubstr("14.9(4)⚠"), HasSubstr("31 % of force errors on test"), HasSubstr(">11.10</td>")));
    EXPECT_THAT(page, AllOf(HasSubstr("31.0 %⚠</td>"), HasSubstr(">49.0 %</td>")));
    errors.set(
        "reliability",
        {{{"energy",
           {{"points", 30}, {"nominal", {0.68}}, {"observed", {0.70}}, {"std", {1.0}}, {"rmse", {1.0}}, {"mean_error_taken_out", 8671.2}}}},
         "1",
         {},
         {},
         {}});
    EXPECT_THAT(coverage_table(errors), HasSubstr("energy less a mean error of 8671 meV/atom"));
    errors.set("force_coverage_68", {0.60, "1", 0.06, {}, {}});
    errors.save(folder_ / "committee" / "test.json");
    EXPECT_THAT(render({folder_ / "committee"}, {}), HasSubstr(">14.9(4)</td>")) << "60 +- 6 % are not too few";
}

TEST_F(Report, energies_with_another_zero_are_compared_about_their_mean_error) {
    records::Records errors;
    errors.set("energy_rmse", {8671.2, "meV/atom", {}, {}, {}});
    errors.set("energy_mae", {8671.2, "meV/atom", {}, {}, {}});
    errors.set("energy_rmse_shifted", {1.2, "meV/atom", {}, {}, {}});
    errors.set(
        "parity",
        {{{"frames", {"f0", "f1", "f2"}},
          {"energy", {{"frame", {0, 1, 2}}, {"reference", {-203.0, -203.5, -203.2}}, {"predicted", {-194.328, -194.8304, -194.5292}}}}},
         "1",
         {},
         {},
         {}});
    const auto plots = parity_plots(errors);
    ASSERT_THAT(plots, SizeIs(1));
    EXPECT_NEAR(plots[0].series[0].points[0].y, -203.0 + 0.0012, 1e-9);
    EXPECT_THAT(plots[0].caption, HasSubstr("less their mean error of 8.6708 eV/atom"));
    errors.save(folder_ / "x" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "x"}, {}), AllOf(HasSubstr("8671⚠</td>"), HasSubstr(">1.20</td>"), HasSubstr("about the mean error")));
    // A model that is merely biased is shown as it is.
    EXPECT_FALSE(another_zero(5, 1));
    EXPECT_FALSE(another_zero(50, 40));
    EXPECT_TRUE(another_zero(-8671, 1.2));
}

TEST_F(Report, a_group_of_few_frames_alike_is_no_other_zero_of_energy) {
    const auto set = [](records::Records& errors, const std::string& suffix, double rmse, double about, int frames) {
        errors.set("energy_rmse" + suffix, {rmse, "meV/atom", {}, {{"values", frames}}, {}});
        errors.set("energy_mae" + suffix, {rmse, "meV/atom", {}, {{"values", frames}}, {}});
        errors.set("energy_rmse_shifted" + suffix, {about, "meV/atom", {}, {{"values", frames}}, {}});
    };
    records::Records errors;
    set(errors, "", 25, 24, 40);
    set(errors, "_isolated", 310, 0, 1);
    set(errors, "_surface", 61, 2, 5);
    EXPECT_EQ(zero_offset(errors), 0);
    errors.save(folder_ / "x" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "x"}, {}), AllOf(HasSubstr("_surface"), Not(HasSubstr("another zero of energy"))));
    // Of all frames: every group has it.
    set(errors, "", 8700, 30, 40);
    errors.save(folder_ / "x" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "x"}, {}), AllOf(HasSubstr("8700⚠</td>"), HasSubstr("310⚠</td>"), HasSubstr("over all frames")));
    // One or two frames do not tell.
    for (const int frames : {1, 2}) {
        set(errors, "", 8700, frames == 1 ? 0 : 3, frames);
        EXPECT_EQ(zero_offset(errors), 0) << frames;
    }
}

TEST_F(Report, a_table_wider_than_the_window_says_so) {
    const auto page = render({sample("nequip")}, {});
    EXPECT_THAT(page, AllOf(HasSubstr("<p class=\"hint\" hidden></p>\n<div class=\"scroll\">"), HasSubstr("more columns")));
}

TEST_F(Report, two_folders_of_one_name_are_told_apart) {
    const auto sources = load_sources({sample("first/run"), sample("second/run/")});
    EXPECT_EQ(sources[0].name, "first/run");
    EXPECT_EQ(sources[1].name, "second/run");
    const auto deep = load_sources({sample("C/x/out"), sample("D/x/out"), sample("D/y/out"), sample("other")});
    EXPECT_EQ(deep[0].name, "C/x/out");
    EXPECT_EQ(deep[1].name, "D/x/out");
    EXPECT_EQ(deep[2].name, "D/y/out");
    EXPECT_EQ(deep[3].name, "other");
    const auto same = load_sources({sample("run"), folder_ / "run" / "." / ""});
    EXPECT_NE(same[0].name, same[1].name);
}

TEST_F(Report, committees_of_one_name_are_told_apart) {
    for (const char* place : {"a", "b"})
        for (const char* member : {"member_1", "member_2"})
            write(std::string(place) + "/com/" + member + "/metrics.csv", "step,loss\n1,2.0\n");
    const auto sources = load_sources({folder_ / "a/com", folder_ / "b/com"});
    std::set<std::string> names;
    for (const auto& source : sources) names.insert(source.name);
    EXPECT_THAT(names, ::testing::ElementsAre("a/com/member_1", "a/com/member_2", "b/com/member_1", "b/com/member_2"));
}

TEST_F(Report, members_after_a_gap_count_and_those_without_results_are_told) {
    for (const char* member : {"member_1", "member_3", "member_10"})
        write(std::string("com/") + member + "/metrics.csv", "step,loss\n1,2.0\n");
    fs::create_directories(folder_ / "com" / "member_4");
    fs::create_directory_symlink(".", folder_ / "com" / "member_5");
    Told told;
    const auto sources = report::load_sources({folder_ / "com"}, told);
    ASSERT_THAT(sources, SizeIs(3));
    EXPECT_EQ(sources[2].name, "com/member_10");
    EXPECT_THAT(told.text, AllOf(HasSubstr("member_4: has nothing to report"), HasSubstr("member_5")));
}

TEST_F(Report, the_folder_of_a_committee_stands_for_its_members) {
    for (const char* member : {"member_1", "member_2"}) write(std::string("com/") + member + "/metrics.csv", "step,loss\n1,2.0\n2,1.0\n");
    const auto sources = load_sources({folder_ / "com/"});
    ASSERT_THAT(sources, SizeIs(2));
    EXPECT_EQ(sources[0].name, "com/member_1");
    EXPECT_EQ(sources[1].name, "com/member_2");
    EXPECT_TRUE(sources[1].metrics);
    EXPECT_THAT(render({folder_ / "com"}, {}), AllOf(HasSubstr("com/member_1"), HasSubstr("com/member_2")));
    // What was made of the committee itself is its own column.
    write("com/metrics.csv", "step,loss\n1,2.0\n");
    EXPECT_EQ(load_sources({folder_ / "com"}).at(0).name, "com");
}

TEST_F(Report, a_missing_or_empty_folder_is_named) {
    EXPECT_THROW(static_cast<void>(render({folder_ / "nowhere"}, {})), FileError);
    fs::create_directories(folder_ / "empty");
    try {
        static_cast<void>(render({folder_ / "empty"}, {}));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("empty"));
    }
}

TEST_F(Report, foreign_json_files_are_left_alone) {
    sample("nequip");
    write("nequip/other.json", "{\"a\": 1}");
    write("nequip/broken.json", "{");
    EXPECT_THAT(load_source(folder_ / "nequip").evaluations, SizeIs(1));
    write("nequip/foreign.json", R"({"schema": 1, "records": [1, 2]})");
    write("nequip/alike.json", R"({"schema": 1, "records": {"page": {"title": "x"}}})");
    Told told;
    EXPECT_THAT(report::load_source(folder_ / "nequip", told).evaluations, SizeIs(1));
    EXPECT_THAT(told.text,
                AllOf(HasSubstr("broken.json"), HasSubstr("foreign.json"), HasSubstr("alike.json"), Not(HasSubstr("other.json"))));
}

TEST_F(Report, a_truncated_evaluation_is_told) {
    sample("nequip");
    write("nequip/evaluation.json", R"({"schema":1,"records":{"energy_rmse":{"value":3,"unit":"meV/a)");
    Told told;
    EXPECT_TRUE(report::load_source(folder_ / "nequip", told).evaluations.empty());
    EXPECT_THAT(told.text, AllOf(HasSubstr("evaluation.json"), HasSubstr("left out")));
}

TEST_F(Report, records_whose_numbers_are_none_are_refused) {
    for (const char* entry :
         {R"("value": 3.4, "uncertainty": "0.1")", R"("value": 3.4, "uncertainty": [0.1])", R"("value": 3.4, "uncertainty": -1)",
          R"("value": 3.4, "uncertainty": true)", R"("value": "3.4")", R"("value": true)"}) {
        write("x/records.json", fmt::format(R"({{"schema": 1, "records": {{"a0": {{{}, "unit": "angstrom"}}}}}})", entry));
        EXPECT_THAT(fault_of([&] { return load_source(folder_ / "x"); }), AllOf(HasSubstr("records.json"), HasSubstr("'a0'"))) << entry;
    }
    write("x/records.json", R"({"schema": 1, "records": {"a0": {"value": "inf", "unit": "angstrom", "uncertainty": "nan"}}})");
    EXPECT_EQ(fault_of([&] { return load_source(folder_ / "x"); }), "");
}

TEST_F(Report, a_table_of_training_without_rows_is_nothing_to_report) {
    for (const char* text : {"", "epoch,loss\n", "epoch,loss\n1", "train_loss12"}) {
        write("x/metrics.csv", text);
        EXPECT_THAT(fault_of([&] { return load_source(folder_ / "x"); }), HasSubstr("nothing to report")) << text;
    }
}

TEST_F(Report, parity_and_reliability_records_of_another_shape_name_their_file) {
    for (
        const char* record :
        {R"("parity": {"value": {"frames": ["f0"], "energy": {"reference": [1], "predicted": [1], "frame": [0.9]}}, "unit": ""})",
         R"("parity": {"value": {"frames": ["f0"], "energy": {"reference": [1], "predicted": [1], "frame": [1e300]}}, "unit": ""})",
         R"("parity": {"value": {"frames": ["f0"], "energy": {"reference": [1], "predicted": [1], "frame": [1]}}, "unit": ""})",
         R"("parity": {"value": {"frames": ["f0"], "energy": {"reference": [1], "predicted": [1], "frame": [-1]}}, "unit": ""})",
         R"("parity": {"value": {"frames": ["f0"], "energy": {"reference": [true], "predicted": [1], "frame": [0]}}, "unit": ""})",
         R"("parity": {"value": {"frames": "f0", "energy": {"reference": [1], "predicted": [1], "frame": [0]}}, "unit": ""})",
         R"("parity": {"value": {"frames": [3], "energy": {"reference": [1], "predicted": [1], "frame": [0]}}, "unit": ""})",
         R"("parity": {"value": 3, "unit": ""}, "reliability": {"value": {"energy": 3}, "unit": ""})",
         R"("reliability": {"value": {"energy": {"nominal": ["x"], "observed": [1]}}, "unit": ""})",
         R"("reliability": {"value": {"energy": {"nominal": [0.5], "observed": [1], "std": [], "rmse": [], "points": "x"}}, "unit": ""})"}) {
        write("x/test.json", fmt::format(R"({{"schema": 1, "records": {{{}}}}})", record));
        EXPECT_THAT(fault_of([&] { return render({folder_ / "x"}, {}); }), HasSubstr("x/test.json")) << record;
    }
}

TEST_F(Report, a_page_is_utf_8_whatever_names_and_settings_hold) {
    records::Records records;
    std::string letters;
    while (letters.size() < 200) letters += "\u00e9";
    records.set("a0", {3.4, "angstrom", {}, {{"even", letters}, {"odd", "x" + letters}}, {}});
    records.save(folder_ / "b\xff" / "records.json");
    const auto page = render({folder_ / "b\xff"}, {.title = "\xe9t\xe9"});
    EXPECT_NO_THROW(static_cast<void>(nlohmann::json(page).dump())) << "dump() refuses what is not UTF-8";
    EXPECT_THAT(page, AllOf(HasSubstr("b\\xff"), HasSubstr("\\xe9t\\xe9")));
}

TEST_F(Report, the_unfinished_last_line_of_a_running_training_is_left_out) {
    const auto metrics = load_source(sample("nequip")).metrics;
    ASSERT_TRUE(metrics);
    EXPECT_EQ(metrics->rows(), 2u);
    EXPECT_THAT(*metrics->find("validation_energy_rmse"), ::testing::ElementsAre(11, 5));
    EXPECT_THAT(learning_curves(*metrics), SizeIs(2));
}

TEST_F(Report, a_ragged_table_is_named_by_line) {
    const auto path = write("bad.csv", "a,b\n1,2\n3\n");
    try {
        static_cast<void>(read_csv(path));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("line 3"));
    }
}

TEST_F(Report, thinning_keeps_the_worst_points) {
    std::vector<double> reference(1000, 0.0), predicted(1000, 0.001);
    std::vector<int> frame(1000, 0);
    predicted[517] = 9.0;
    records::Records records;
    records.set("parity",
                {{{"frames", {"f"}}, {"force", {{"frame", frame}, {"reference", reference}, {"predicted", predicted}}}}, "1", {}, {}, {}});
    const auto plots = parity_plots(records, 100);
    ASSERT_THAT(plots, SizeIs(1));
    const auto& points = plots[0].series[0].points;
    EXPECT_THAT(points, SizeIs(100));
    EXPECT_TRUE(std::any_of(points.begin(), points.end(), [](const Point& p) { return p.y == 9.0; }));
    EXPECT_THAT(plots[0].caption, HasSubstr("100 of 1000"));
}

TEST_F(Report, the_summary_has_a_row_per_record_and_a_column_per_folder) {
    const auto first = sample("nequip"), second = folder_ / "snap";
    records::Records records;
    records.set("a0", {3.5, "angstrom", {}, {}, {}});
    records.save(second / "records.json");
    EXPECT_EQ(summary({first, second}, {"a0", "vacancy_formation_energy", "C11"}),
              "                          unit           nequip    snap\n"
              "a0                        angstrom    3.4264(7)  3.5000\n"
              "vacancy_formation_energy  eV              0.530       -\n"
              "C11                                           -       -\n");
}

TEST_F(Report, the_summary_puts_each_unit_beside_its_number_where_folders_differ) {
    for (const auto& [name, value, unit] : {std::tuple{"angstrom", 3.4, "angstrom"}, {"nm", 0.34, "nm"}}) {
        records::Records records;
        records.set("a0", {value, unit, {}, {}, {}});
        records.save(folder_ / name / "records.json");
    }
    const auto text = summary({folder_ / "nm", folder_ / "angstrom"}, {"a0"});
    EXPECT_THAT(text, AllOf(HasSubstr("0.340 nm"), HasSubstr("3.4000 angstrom"))) << text;
    EXPECT_THAT(text, ::testing::MatchesRegex("[^\n]*\na0 +0.340 nm +3.4000 angstrom\n"));
}

TEST_F(Report, the_summary_names_what_no_folder_has) {
    Told told;
    const auto text = report::summary(load_sources({sample("nequip")}), {"a0", "C1l", "vacancy_formation_enregy"}, told);
    EXPECT_THAT(text, AllOf(HasSubstr("\nC1l "), HasSubstr("\nvacancy_formation_enregy ")));
    EXPECT_THAT(told.text, AllOf(HasSubstr("no folder has a number 'C1l'"), HasSubstr("did you mean vacancy_formation_energy?"),
                                 Not(HasSubstr("'a0'"))));
}

TEST_F(Report, the_summary_keeps_a_row_that_failed_everywhere) {
    records::Records records;
    records.set("failures", {{{"lattice", "no minimum"}}, "", {}, {}, {}});
    records.save(folder_ / "x" / "records.json");
    Told told;
    EXPECT_THAT(report::summary(load_sources({folder_ / "x"}), {"a0"}, told), HasSubstr("failed"));
    EXPECT_EQ(told.text, "");
}

TEST_F(Report, expected_errors_are_drawn_against_true_ones_and_tabulated) {
    records::Records records;
    EXPECT_TRUE(reliability_plots(records).empty());
    records.set("reliability",
                {{{"force",
                   {{"points", 100}, {"nominal", {0.5, 0.9}}, {"observed", {0.42, 0.815}}, {"std", {10.0, 30.0}}, {"rmse", {12.0, 45.0}}}}},
                 "1",
                 {},
                 {},
                 {}});
    const auto plots = reliability_plots(records);
    ASSERT_THAT(plots, SizeIs(2));
    EXPECT_EQ(plots[0].series.at(0).points.at(1).y, 0.815);
    EXPECT_EQ(plots[1].series.at(0).points.at(1).x, 30);
    EXPECT_THAT(coverage_table(records), HasSubstr("<td>81.5 %</td>"));
    records.save(folder_ / "run" / "evaluation.json");
    EXPECT_THAT(render({folder_ / "run"}, {}), HasSubstr("id=\"reliability\""));
}

TEST_F(Report, a_reliability_record_of_another_shape_is_an_error) {
    records::Records records;
    records.set("reliability", {{{"force", {{"nominal", {0.5}}, {"observed", {0.5, 0.6}}}}}, "1", {}, {}, {}});
    EXPECT_THROW(static_cast<void>(reliability_plots(records)), InputError);
    records.set("reliability", {{{"force", 3}}, "1", {}, {}, {}});
    EXPECT_THROW(static_cast<void>(coverage_table(records)), InputError);
}

TEST_F(Report, a_parity_record_of_another_shape_is_an_error) {
    records::Records records;
    records.set("parity",
                {{{"frames", {"f"}}, {"force", {{"frame", {0}}, {"reference", {1.0}}, {"predicted", {1.0, 2.0}}}}}, "1", {}, {}, {}});
    EXPECT_THROW(static_cast<void>(parity_plots(records)), InputError);
    records.set("parity", {{{"frames", {"f"}}, {"energy", 3}}, "1", {}, {}, {}});
    EXPECT_THROW(static_cast<void>(parity_plots(records)), InputError);
}

TEST(PropertyNames, take_the_longest_quantity_and_keep_the_rest) {
    EXPECT_EQ(property_name("a0").label, "Lattice constant <i>a</i><sub>0</sub>");
    EXPECT_THAT(property_name("surface_energy_110").label, HasSubstr("(110)"));
    EXPECT_THAT(property_name("C11_300K").label, HasSubstr("(300K)"));
    EXPECT_EQ(property_name("bulk_modulus_vinet").label, "<i>B</i>, Vinet");
    EXPECT_THAT(property_name("C_prime").label, HasSubstr("− <i>C</i><sub>12</sub> = 2 <i>C</i>′")) << "textbooks' C' is half of it";
    EXPECT_EQ(property_of("bulk_modulus_hill"), "elastic");
    EXPECT_EQ(property_of("bulk_modulus_vinet"), "equation_of_state");
    EXPECT_EQ(property_of("C11_energy"), "elastic");
    EXPECT_EQ(property_of("something_new"), "");
    EXPECT_EQ(main_record("vacancy"), "vacancy_formation_energy");
    EXPECT_EQ(property_name("c0").section, property_name("a0").section);
    EXPECT_EQ(property_name("C33").section, property_name("C11").section);
    EXPECT_EQ(property_name("something_new").label, "something_new");
    EXPECT_LT(property_name("a0").order, property_name("C11").order);
}

TEST_F(Report, shows_convergence_with_its_recommendation) {
    const auto point = [](double value, double error) {
        return nlohmann::json{{"value", value},  {"relative_energy", error}, {"force", error},
                              {"stress", error}, {"pressure", error},        {"seconds", 3}};
    };
    const nlohmann::json value = {
        {"tolerance", {{"relative_energy", 1}, {"force", 5}, {"stress", 0.05}, {"pressure", 0.05}}},
        {"series",
         {{{"parameter", "ecutwfc"}, {"unit", "Ry"}, {"points", {point(15, 0.3), point(20, 0.01), point(40, 0)}}, {"recommended", 20}}}}};
    records::Records records;
    records.set("convergence", {value, "1", {}, {}, {}});
    records.save(folder_ / "converged" / "records.json");
    const auto source = load_source(folder_ / "converged");
    const auto plots = convergence_plots(source);
    ASSERT_THAT(plots, SizeIs(1));
    EXPECT_THAT(plots[0].series, SizeIs(4));
    EXPECT_NEAR(plots[0].series[2].points[0].y, 6, 1e-12) << "stress of 0.3 GPa is six times its tolerance";
    const auto page = render({folder_ / "converged"}, {});
    EXPECT_THAT(page, HasSubstr("20.00 ✓"));
    EXPECT_THAT(page, Not(HasSubstr("15.00 ✓")));
    records.set("convergence", {{{"series", 3}}, "1", {}, {}, {}});
    records.save(folder_ / "converged" / "records.json");
    EXPECT_THROW(static_cast<void>(render({folder_ / "converged"}, {})), InputError);
}

}  // namespace
}  // namespace alkali::report::report_tests
