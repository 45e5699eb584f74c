#include "alkali/labelling/pseudopotential.hpp"

#include <gmock/gmock.h>

#include "alkali/base/error.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::pseudopotential_tests {
namespace {

using ::testing::HasSubstr;

class Pseudopotential : public qe::Scratch {
protected:
    /// A stand-in for ld1.x that says `output` and leaves `file` as Li.UPF.
    [[nodiscard]] GenerateOptions stand_in(const std::string& output, const std::string& file) const {
        base::write_file(folder_ / "output", output);
        base::write_file(folder_ / "file", file);
        const auto script = folder_ / "ld1.sh";
        base::write_file(script, "#!/bin/sh\ncat > /dev/null\ncat " + (folder_ / "output").string() + "\ncp " +
                                     (folder_ / "file").string() + " Li.UPF\n");
        std::filesystem::permissions(script, std::filesystem::perms::owner_all);
        GenerateOptions options;
        options.program = script.string();
        options.folder = folder_ / "made";
        return options;
    }
    [[nodiscard]] std::filesystem::path input(const std::string& text) const {
        base::write_file(folder_ / "in", text);
        return folder_ / "in";
    }
    template <class E>
    [[nodiscard]] static std::string message(const std::filesystem::path& input, const GenerateOptions& options) {
        try {
            static_cast<void>(generate_pseudopotential(input, options));
        } catch (const E& error) {
            EXPECT_FALSE(std::filesystem::exists(options.folder / "Li.UPF"));
            return error.what();
        }
        return "no such error";
    }
};

const std::string good_input = "&input zed=3., dft='PBE', iswitch=3 /\n&inputp\n FILE_PSEUDOPW = 'sub/Li.UPF' /\n";
const std::string good_output =
    "     Program LD1 v.6.7MaX starts on 1Jan2026\n     atomic number is  3.00   valence charge is  1.00\n"
    "     n l     nl             e AE (Ry)        e PS (Ry)    De AE-PS (Ry) \n"
    "     1 0     2S   1( 1.00)       -0.21125       -0.21120        0.00005\n\n"
    "     ---------------------- End of pseudopotential test ----------------------\n";
const std::string good_file =
    "<UPF version=\"2.0.1\">\n<PP_HEADER element=\"Li\" pseudo_type=\"NC\" functional=\"PBE\" z_valence=\"1.0\" l_local=\"1\"/>\n"
    "<PP_MESH>\n 1.0 2.0\n</PP_MESH>\n</UPF>\n";

TEST_F(Pseudopotential, good_one_is_kept_under_the_name_in_its_input) {
    const auto made = generate_pseudopotential(input(good_input), stand_in(good_output, good_file));
    EXPECT_EQ(made.file, folder_ / "made" / "Li.UPF");
    EXPECT_EQ(base::read_file(made.file), good_file);
    ASSERT_EQ(made.report.levels.size(), 1U);
    EXPECT_EQ(made.report.levels[0].orbital, "2S");
    EXPECT_NEAR(made.report.levels[0].difference(), -5e-5, 1e-12);
    EXPECT_EQ(made.report.version, "6.7MaX");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "made"), {}), 1);
}

TEST_F(Pseudopotential, wrong_results_are_refused) {
    const auto replaced = [](std::string text, const std::string& from, const std::string& to) {
        return text.replace(text.find(from), from.size(), to);
    };
    const auto in = input(good_input);
    const auto fails = [&](const std::string& output, const std::string& file) {
        return message<ExternalProgramError>(in, stand_in(output, file));
    };
    EXPECT_THAT(fails(good_output, replaced(good_file, "\"Li\"", "\"Na\"")), HasSubstr("for Na, the input for Li"));
    EXPECT_THAT(fails(good_output, replaced(good_file, "PBE", "PZ")), HasSubstr("functional 'PZ'"));
    EXPECT_THAT(fails(good_output, replaced(good_file, "1.0\"", "3.0\"")), HasSubstr("valence of 3"));
    EXPECT_THAT(fails(good_output, replaced(good_file, " 2.0", " NaN")), HasSubstr("not finite"));
    EXPECT_THAT(fails(replaced(good_output, "End of pseudo", "pseudo"), good_file), HasSubstr("did not test"));
    EXPECT_THAT(fails(" Error in routine ld1 (1):\n   bad luck\n %%%%", good_file), HasSubstr("bad luck"));
    EXPECT_THAT(message<ConvergenceError>(in, stand_in(replaced(good_output, "-0.21120", "-0.22120"), good_file)),
                HasSubstr("eigenvalue of 2S"));
    EXPECT_THAT(message<ConvergenceError>(in, stand_in(replaced(good_output, "-0.21120", "     NaN"), good_file)),
                HasSubstr("eigenvalue of 2S"));
    EXPECT_THAT(message<FileError>(in, stand_in(good_output, "nonsense")), HasSubstr("not a UPF file"));
}

TEST_F(Pseudopotential, wrong_inputs_are_refused) {
    const auto options = stand_in(good_output, good_file);
    EXPECT_THAT(message<InputError>(input("&input zed=3 /"), options), HasSubstr("&inputp"));
    EXPECT_THAT(message<InputError>(input("&input zed=3 /\n&inputp /"), options), HasSubstr("does not name the file"));
    EXPECT_THAT(message<InputError>(input("&input dft='PBE' /\n&inputp file_pseudopw='x' /"), options), HasSubstr("no atomic number"));
    EXPECT_THAT(message<FileError>(folder_ / "none", options), HasSubstr("cannot be read"));
    auto missing = options;
    missing.program = "no-ld1.x";
    EXPECT_THAT(message<ExternalProgramError>(input(good_input), missing), HasSubstr("no-ld1.x"));
}

TEST(PseudopotentialFile, long_numeric_lines_are_wrapped_and_others_are_an_error) {
    std::string numbers;
    for (int i = 0; i < 80; ++i) numbers += " 1.234567890E-003";
    const auto wrapped = wrap_long_lines("<a>\n" + numbers + "\nshort\n", "x");
    EXPECT_EQ(wrapped.lines, 1);
    std::istringstream stream(wrapped.text);
    int count = 0;
    for (std::string line; std::getline(stream, line);) {
        EXPECT_LE(line.size(), longest_upf_line);
        std::istringstream words(line);
        for (std::string word; words >> word;) count += word == "1.234567890E-003" ? 1 : 0;
    }
    EXPECT_EQ(count, 80);
    EXPECT_EQ(wrap_long_lines("a\nb\n", "x").text, "a\nb\n");
    EXPECT_THROW(static_cast<void>(wrap_long_lines("<tag " + std::string(1100, 'x') + ">", "x")), FileError);
}

TEST(PseudopotentialFile, headers_of_both_versions_are_read) {
    const auto second = read_upf_header(
        "<PP_HEADER\n element=\"Fe \"\n pseudo_type=\"PAW\"\n functional=\"PBE\" z_valence=\"1.600E+01\" core_correction=\".true.\" "
        "wfc_cutoff=\"90\"/>",
        "x");
    EXPECT_EQ(second.element, "Fe");
    EXPECT_EQ(second.z_valence, 16);
    EXPECT_TRUE(second.core_correction);
    EXPECT_EQ(second.wfc_cutoff, 90);
    const auto first = read_upf_header(
        "<PP_HEADER>\n   0                   Version Number\n  Na                   Element\n   NC                  Norm - Conserving "
        "pseudopotential\n"
        "    T                  Nonlinear Core Correction\n SLA  PW   PBE  PBE     PBE  Exchange-Correlation functional\n"
        "    1.00000000000      Z valence\n  -12.0             Total energy\n  0.0  0.0     Suggested cutoff for wfc and rho\n</PP_HEADER>",
        "x");
    EXPECT_EQ(first.element, "Na");
    EXPECT_EQ(first.type, "NC");
    EXPECT_EQ(first.z_valence, 1);
    EXPECT_TRUE(first.core_correction);
    EXPECT_THROW(static_cast<void>(read_upf_header("<PP_HEADER element=\"Qq\" z_valence=\"1\"/>", "x")), FileError);
    EXPECT_THROW(static_cast<void>(read_upf_header("<PP_HEADER element=\"Li\"", "x")), FileError);
}

/// Of three points, as ld1.x of release 6.7 and as version 1 write it.
const std::string whole_second =
    "<UPF version=\"2.0.1\">\n<PP_INFO>\nby <somebody@somewhere> & others, 1 < 2\n<PP_INPUTFILE>\n</PP_INPUTFILE>\n</PP_INFO>\n<!-- a "
    "<remark> -->\n<PP_HEADER comment=\"a > b\"\n element=\"Li\" pseudo_type=\"NC\" z_valence=\"1.0\"/>\n<PP_MESH mesh=\"3\" dx=\"0.1\">\n"
    "<PP_R>\n 0.1 0.2\n 0.3\n</PP_R>\n<PP_RAB>\n 1D-2 1.5E-002 1.5-103\n</PP_RAB>\n</PP_MESH>\n<PP_LOCAL type=\"real\" size=\" 3\" "
    "columns=\"4\">\n -1 -2 -3\n</PP_LOCAL>\n<PP_NONLOCAL>\n<PP_BETA.1 size='3' index=\"1\">\n 1 2 3\n</PP_BETA.1>\n<PP_DIJ columns=\"1\" "
    "rows=\"1\">\n 4.5\n</PP_DIJ>\n</PP_NONLOCAL>\n<PP_RHOATOM size=\"3\">\n 1 2 3\n</PP_RHOATOM>\n</UPF>\n";
const std::string whole_first =
    "<PP_INFO>\nwhat ever\n</PP_INFO>\n<PP_HEADER>\n   0                   Version Number\n  Li                   Element\n   NC           "
    "   "
    "    Norm - Conserving pseudopotential\n    1.00000000000      Z valence\n    3                  Number of points in mesh\n"
    "</PP_HEADER>\n<PP_MESH>\n<PP_R>\n 0.1 0.2 0.3\n</PP_R>\n<PP_RAB>\n 1 2 3\n</PP_RAB>\n</PP_MESH>\n<PP_LOCAL>\n 1 2 3\n</PP_LOCAL>\n"
    "<PP_NONLOCAL>\n<PP_BETA>\n    1    0             Beta    L\n     2\n 1.0 2.0\n</PP_BETA>\n</PP_NONLOCAL>\n<PP_RHOATOM>\n 1 2 "
    "3\n</PP_RHOATOM>\n";

std::string damage_of(const std::string& text) {
    try {
        static_cast<void>(check_upf(text, "Li.UPF"));
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), ::testing::AllOf(HasSubstr("Li.UPF"), HasSubstr("anew")));
        return error.fault();
    }
    return "";
}

TEST(PseudopotentialFile, whole_ones_of_both_versions_pass) {
    EXPECT_EQ(damage_of(whole_second), "");
    EXPECT_EQ(damage_of(whole_first), "");
    EXPECT_EQ(check_upf(whole_second, "x").element, "Li");
}

TEST(PseudopotentialFile, one_that_is_cut_off_anywhere_is_named) {
    for (const auto* whole : {&whole_second, &whole_first})
        for (std::size_t size = 0; size + 2 < whole->size(); ++size) EXPECT_NE(damage_of(whole->substr(0, size)), "") << size;
}

TEST(PseudopotentialFile, garbage_is_named_with_its_section) {
    const auto with = [](std::string text, const std::string& from, const std::string& to) {
        return damage_of(text.replace(text.find(from), from.size(), to));
    };
    EXPECT_THAT(with(whole_second, " -1 -2 -3", " -1 -2"), HasSubstr("<PP_LOCAL> of the UPF file has 2 numbers and should have 3"));
    EXPECT_THAT(with(whole_second, " -1 -2 -3", " -1 -2 -3 -4"), HasSubstr("4 numbers"));
    EXPECT_THAT(with(whole_second, " -1 -2 -3", " -1 NaN -3"), HasSubstr("'NaN' among its numbers"));
    EXPECT_THAT(with(whole_second, " -1 -2 -3", " -1 ***** -3"), HasSubstr("'*****'"));
    EXPECT_THAT(with(whole_second, " 0.1 0.2\n", " 0.1\n"), HasSubstr("<PP_R>"));
    EXPECT_THAT(with(whole_second, " 1 2 3\n</PP_BETA.1>", " 1 2 3x\n</PP_BETA.1>"), HasSubstr("<PP_BETA.1>"));
    EXPECT_THAT(with(whole_second, "</PP_LOCAL>", "</PP_L@CAL>"), HasSubstr("<PP_L@CAL> within <PP_LOCAL>"));
    EXPECT_THAT(with(whole_second, "z_valence=\"1.0\"", "z_valence=\"9.0\""), HasSubstr("9 valence electrons"));
    EXPECT_THAT(with(whole_first, "<PP_RAB>\n 1 2 3", "<PP_RAB>\n 1 2"), HasSubstr("<PP_RAB>"));
    EXPECT_THAT(with(whole_first, "<PP_RHOATOM>\n 1 2 3\n</PP_RHOATOM>\n", ""), HasSubstr("no <PP_RHOATOM>"));
    EXPECT_THAT(damage_of(std::string(4000, '\xa7')), HasSubstr("not a UPF file"));
    EXPECT_THAT(damage_of(""), HasSubstr("not a UPF file"));
}

TEST_F(Pseudopotential, shipped_inputs_generate_what_pw_x_can_read) {
    if (!qe::on_path("ld1.x")) GTEST_SKIP() << "ld1.x is not installed";
    GenerateOptions options;
    options.folder = folder_ / "made";
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(qe::pseudopotential_folder)) {
        if (entry.path().extension() != ".in") continue;
        const auto made = generate_pseudopotential(entry.path(), options);
        const auto text = base::read_file(made.file);
        EXPECT_EQ(wrap_long_lines(text, "made").lines, 0) << entry.path();
        EXPECT_EQ(made.header.element, "Li");
        for (const auto& level : made.report.levels) EXPECT_LT(std::abs(level.difference()), 1e-4) << level.orbital;
        EXPECT_EQ(made.header.z_valence, made.report.valence_charge);
        ++count;
    }
    EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace alkali::labelling::pseudopotential_tests
