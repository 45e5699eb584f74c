#include "alkali/labelling/quantum_espresso/functional.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/quantum_espresso_text.hpp"

namespace alkali::labelling::qe {
namespace {

/// Exchange, correlation, their gradient corrections, and the nonlocal part, as pw.x 6.7 printed them for the name; all
/// zeros: not compared.
using Indices = std::array<int, 5>;

const std::map<std::string, Indices>& short_names() {
    static const std::map<std::string, Indices> names{{"pz", {1, 1, 0, 0, 0}},
                                                      {"lda", {1, 1, 0, 0, 0}},
                                                      {"bp", {1, 1, 1, 1, 0}},
                                                      {"pw91", {1, 4, 2, 2, 0}},
                                                      {"blyp", {1, 3, 1, 3, 0}},
                                                      {"pbe", {1, 4, 3, 4, 0}},
                                                      {"revpbe", {1, 4, 4, 4, 0}},
                                                      {"pbesol", {1, 4, 10, 8, 0}},
                                                      {"wc", {1, 4, 11, 4, 0}},
                                                      {"pbe0", {6, 4, 8, 4, 0}},
                                                      {"b3lyp", {7, 12, 9, 7, 0}},
                                                      {"hse", {1, 4, 12, 4, 0}},
                                                      {"vdw-df", {1, 4, 4, 0, 1}},
                                                      {"rvv10", {1, 4, 13, 4, 26}},
                                                      {"tpss", {1, 4, 7, 6, 0}},
                                                      {"pw86pbe", {}},
                                                      {"b86bpbe", {}},
                                                      {"b86bpbex", {}},
                                                      {"pbeq2d", {}},
                                                      {"q2d", {}},
                                                      {"hcth", {}},
                                                      {"olyp", {}},
                                                      {"sogga", {}},
                                                      {"optbk88", {}},
                                                      {"optb86b", {}},
                                                      {"ev93", {}},
                                                      {"rpbe", {}},
                                                      {"oep", {}},
                                                      {"hf", {}},
                                                      {"m06l", {}},
                                                      {"tb09", {}},
                                                      {"scan", {}},
                                                      {"scan0", {}},
                                                      {"gaup", {}},
                                                      {"gaupbe", {}},
                                                      {"x3lyp", {}},
                                                      {"b3lyp-v1r", {}},
                                                      {"bhahlyp", {}},
                                                      {"bhandhlyp", {}},
                                                      {"vdw-df2", {}},
                                                      {"vdw-df3", {}},
                                                      {"vdw-df3-opt1", {}},
                                                      {"vdw-df3-opt2", {}},
                                                      {"vdw-df3-mc", {}},
                                                      {"vdw-df-c09", {}},
                                                      {"vdw-df2-c09", {}},
                                                      {"vdw-df-obk8", {}},
                                                      {"vdw-df-ob86", {}},
                                                      {"vdw-df2-b86r", {}},
                                                      {"vdw-df-cx", {}},
                                                      {"vdw-df-cx0", {}},
                                                      {"vdw-df-cx0p", {}},
                                                      {"vdw-df2-0", {}},
                                                      {"vdw-df2-br0", {}},
                                                      {"vdw-df-c090", {}},
                                                      {"vdw-df-c6", {}},
                                                      {"vdw-df-ahcx", {}},
                                                      {"vdw-df2-ah", {}},
                                                      {"vdw-df2-ahbr", {}}};
    return names;
}

/// Components of a functional: exchange, correlation, gradients of both, and what stands for none of them.
bool is_component(const std::string& name) {
    static const std::set<std::string> names{"nox",  "sla",  "sl1",  "rxc",  "oep",  "hf",   "pb0x", "b3lp", "kzk",  "x3lp", "noc", "pz",
                                             "vwn",  "lyp",  "pw",   "wig",  "hl",   "obz",  "obw",  "gl",   "nogx", "b88",  "ggx", "pbx",
                                             "pbe",  "revx", "rpb",  "hcth", "optx", "psx",  "wcx",  "hse",  "rw86", "c09x", "sox", "m6lx",
                                             "q2dx", "gaup", "pw86", "b86b", "obk8", "ob86", "evx",  "b86r", "cx13", "nogc", "p86", "ggc",
                                             "blyp", "pbc",  "psc",  "q2dc", "tpss", "vdw1", "vdw2", "vv10", "none", "lda",  "pbq", "b88x"};
    return names.contains(name);
}

bool is_sum_of_components(const std::string& name) {
    std::size_t begin = 0, parts = 0;
    while (begin <= name.size()) {
        const auto end = std::min(name.find_first_of("+- ", begin), name.size());
        if (!is_component(name.substr(begin, end - begin))) return false;
        ++parts;
        begin = end + 1;
    }
    return parts >= 2;
}

/// "XC-001L-004L-101L-130L-000L-000L", "INDEX:1 4 3 4 0 0 0".
bool is_numbered(const std::string& name) {
    const bool prefixed = name.starts_with("xc-") || name.starts_with("index:");
    return prefixed && name.find_first_not_of("0123456789il- ", name.find_first_of("-:") + 1) == std::string::npos;
}

struct Dispersion {
    const char* name;  ///< as pw.x tells in its output
    std::vector<std::string> spellings;
};

const std::vector<Dispersion>& dispersions() {
    static const std::vector<Dispersion> all{{"DFT-D2", {"grimme-d2", "Grimme-D2", "DFT-D", "dft-d"}},
                                             {"DFT-D3", {"grimme-d3", "Grimme-D3", "DFT-D3", "dft-d3"}},
                                             {"TS", {"TS", "ts", "ts-vdw", "ts-vdW", "tkatchenko-scheffler"}},
                                             {"MBD", {"MBD", "mbd", "many-body-dispersion", "mbd_vdw"}},
                                             {"XDM", {"XDM", "xdm"}}};
    return all;
}

std::string dispersion_of(const std::string& spelling) {
    for (const auto& each : dispersions())
        if (std::ranges::find(each.spellings, spelling) != each.spellings.end()) return each.name;
    return {};
}

bool looks_like_dispersion(const std::string& name) {
    return name.ends_with("-d2") || name.ends_with("-d3") || name.ends_with("-d") || name.ends_with("-ts") || name.ends_with("-mbd") ||
           name.ends_with("-xdm") || name.ends_with("d3bj") || name.find("-d3") != std::string::npos;
}

std::string words(const std::vector<int>& numbers) { return fmt::format("{}", fmt::join(numbers, " ")); }

}  // namespace

void check_input_dft(const std::string& name, const std::string& where) {
    const auto plain = io::lower_case(name);
    if (short_names().contains(plain) || is_sum_of_components(plain) || is_numbered(plain)) return;
    std::vector<std::string> known;
    for (const auto& [each, indices] : short_names()) known.push_back(each);
    if (looks_like_dispersion(plain))
        throw InputError("'" + name + "' is no functional of pw.x, which would take the gradient corrections alone", where,
                         "a dispersion correction has a key of its own: input_dft: pbe and vdw_corr: dft-d3");
    throw InputError("'" + name + "' is no functional of pw.x", where,
                     fmt::format("{} or its components, such as sla+pw+pbx+pbc", base::did_you_mean(plain, known)));
}

void check_vdw_corr(const std::string& name, const std::string& where) {
    if (!dispersion_of(name).empty()) return;
    std::vector<std::string> known;
    for (const auto& each : dispersions()) known.insert(known.end(), each.spellings.begin(), each.spellings.end());
    const auto near = base::did_you_mean(name, known);
    throw InputError("'" + name + "' is no dispersion correction of pw.x, which would go on without one", where,
                     near + (near.empty() ? "" : " ") + "there are dft-d (D2), dft-d3, ts, mbd, xdm");
}

std::string other_level(const Output& output, const Physics& physics) {
    // Four decimals are printed.
    const auto differs = [](double printed, double asked) { return printed > 0 && !(std::abs(printed - asked) < 1e-3 + 1e-6 * asked); };
    if (differs(output.ecutwfc, physics.ecutwfc)) return fmt::format("pw.x took ecutwfc {:g} for {:g}", output.ecutwfc, physics.ecutwfc);
    if (differs(output.ecutrho, physics.ecutrho)) return fmt::format("pw.x took ecutrho {:g} for {:g}", output.ecutrho, physics.ecutrho);
    io::qe::Run run;
    run.functional = output.functional;
    run.functional_indices = output.functional_indices;
    if (auto doubt = io::qe::doubt_of_functional(run); !doubt.empty()) return doubt;
    const auto name = short_names().find(io::lower_case(physics.input_dft));
    const auto& taken = output.functional_indices;
    if (name != short_names().end() && name->second != Indices{} && taken.size() >= 5 &&
        !std::equal(name->second.begin(), name->second.end(), taken.begin()))
        return fmt::format("pw.x took the functional {} ({}) for input_dft: {}", output.functional, words(taken), physics.input_dft);
    const auto asked = dispersion_of(physics.vdw_corr);
    if (asked == output.dispersion) return {};
    if (asked.empty()) return fmt::format("pw.x took the dispersion correction {}, which was not asked for", output.dispersion);
    return fmt::format("pw.x took {} for vdw_corr: {}; this release may not have it",
                       output.dispersion.empty() ? "no dispersion correction" : output.dispersion, physics.vdw_corr);
}

}  // namespace alkali::labelling::qe
