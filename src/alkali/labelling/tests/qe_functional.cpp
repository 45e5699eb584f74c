#include "alkali/labelling/quantum_espresso/functional.hpp"

#include <gmock/gmock.h>

#include "alkali/labelling/quantum_espresso/input.hpp"
#include "alkali/units/constants.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::qe::qe_functional_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string refusal(void (*check)(const std::string&, const std::string&), const std::string& name) {
    try {
        check(name, "qe.yaml, input_dft");
    } catch (const InputError& error) {
        return error.what();
    }
    return "taken";
}

TEST(QeFunctional, names_that_pw_does_not_know_are_refused) {
    for (const char* name :
         {"pbe", "PBEsol", "vdw-df2", "rvv10", "scan", "sla+pw+pbx+pbc", "SLA-PW-PBX-PBC", "XC-001L-004L-101L-130L-000L-000L"})
        EXPECT_EQ(refusal(check_input_dft, name), "taken") << name;
    EXPECT_THAT(refusal(check_input_dft, "pbe-d3"), AllOf(HasSubstr("'pbe-d3'"), HasSubstr("vdw_corr: dft-d3"), HasSubstr("qe.yaml")));
    EXPECT_THAT(refusal(check_input_dft, "PBE-D3BJ"), HasSubstr("vdw_corr"));
    EXPECT_THAT(refusal(check_input_dft, "pbesl"), HasSubstr("pbesol"));
    EXPECT_THAT(refusal(check_input_dft, "pbe+d3"), HasSubstr("no functional"));
    EXPECT_THAT(refusal(check_input_dft, "gga"), HasSubstr("no functional"));
}

TEST(QeFunctional, dispersion_corrections_that_pw_would_leave_out_are_refused) {
    for (const char* name : {"grimme-d2", "Grimme-D3", "dft-d3", "DFT-D", "mbd", "xdm", "ts-vdW"})
        EXPECT_EQ(refusal(check_vdw_corr, name), "taken") << name;
    for (const char* name : {"d3", "D3", "dftd3", "dft-d3bj", "grimme", "Mbd"})
        EXPECT_THAT(refusal(check_vdw_corr, name), HasSubstr("no dispersion correction")) << name;
    EXPECT_THAT(refusal(check_vdw_corr, "dftd3"), HasSubstr("dft-d3"));
}

TEST(QeFunctional, no_value_of_a_config_can_set_another_key) {
    const Job job;
    EXPECT_THAT(refusal(check_input_dft, "pbe', ecutwfc=5, title='"), HasSubstr("no functional"));
    EXPECT_THAT(refusal(check_vdw_corr, "dft-d3'\n tot_charge=1"), HasSubstr("no dispersion correction"));
    Physics physics;
    physics.smearing = "none";
    for (const char* text : {"pbe', ecutwfc=5, title='", "pbe\nnspin = 2", "pbe\"", "\x1b[0m"}) {
        physics.input_dft = text;
        EXPECT_THROW((void)write_input(displaced_pair(), physics, job), InputError) << text;
    }
}

Output taken(std::vector<int> indices, const std::string& dispersion, const std::string& functional = "PBE") {
    Output out;
    out.functional = functional;
    out.functional_indices = std::move(indices);
    out.dispersion = dispersion;
    return out;
}

TEST(QeFunctional, what_pw_took_is_compared_with_what_was_asked) {
    Physics physics;
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, ""), physics), IsEmpty());
    EXPECT_THAT(other_level(taken({}, ""), physics), IsEmpty());
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, "DFT-D3"), physics), HasSubstr("not asked for"));
    EXPECT_THAT(other_level(taken({0, 0, 3, 4, 0, 0, 0}, "", "PBE-D3"), physics), HasSubstr("PBE-D3"));
    physics.vdw_corr = "mbd";
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, ""), physics), AllOf(HasSubstr("mbd"), HasSubstr("no dispersion correction")));
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, "MBD"), physics), IsEmpty());
    physics.vdw_corr = "DFT-D";
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, "DFT-D2"), physics), IsEmpty());
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, "DFT-D3"), physics), HasSubstr("DFT-D3"));
    physics.vdw_corr.clear();
    physics.input_dft = "PBEsol";
    EXPECT_THAT(other_level(taken({1, 4, 10, 8, 0, 0, 0}, "", "PBESOL"), physics), IsEmpty());
    EXPECT_THAT(other_level(taken({1, 4, 3, 4, 0, 0, 0}, ""), physics), HasSubstr("PBEsol"));
}

TEST(QeFunctional, cutoffs_that_pw_took_are_those_that_were_asked_for) {
    Physics physics;
    physics.ecutwfc = 20;
    physics.ecutrho = 240.00001;
    Output output;
    EXPECT_THAT(other_level(output, physics), IsEmpty()) << "not said";
    output.ecutwfc = 20;
    output.ecutrho = 240;
    EXPECT_THAT(other_level(output, physics), IsEmpty());
    output.ecutrho = 80;
    EXPECT_THAT(other_level(output, physics), HasSubstr("ecutrho 80 for 240"));
    output.ecutwfc = 12;
    EXPECT_THAT(other_level(output, physics), HasSubstr("ecutwfc 12 for 20"));
    const auto said = read_output(golden("displaced.out"), "", displaced_pair()).output;
    EXPECT_EQ(said.ecutwfc, 12);
    EXPECT_EQ(said.ecutrho, 48);
}

TEST(QeFunctional, outputs_of_pw_tell_functional_and_dispersion) {
    const auto grimme = read_output(golden("frames/grimme.out"), "", [] {
        structure::Structure s;
        Mat3 vectors = Mat3::Zero();
        vectors.diagonal() << 8 * units::bohr, 8 * units::bohr, 9 * units::bohr;
        s.cell = structure::Cell(vectors);
        s.add(1, Vec3::Zero());
        s.add(1, {0, 0, 0.8});
        return s;
    }());
    ASSERT_EQ(grimme.fault, Fault::none) << grimme.detail;
    EXPECT_EQ(grimme.output.dispersion, "DFT-D2");
    EXPECT_EQ(grimme.output.functional, "PBE");
    EXPECT_EQ(grimme.output.functional_indices, (std::vector<int>{1, 4, 3, 4, 0, 0, 0}));
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_functional_tests
