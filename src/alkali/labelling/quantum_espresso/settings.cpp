#include "alkali/labelling/quantum_espresso/settings.hpp"

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/quantum_espresso/functional.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling::qe {
namespace {

namespace fs = std::filesystem;
using config::Kind;
using config::Options;
using nlohmann::json;

struct Smearing {
    const char* name;
    std::vector<std::string> short_names;
};

const std::vector<Smearing>& smearings() {
    static const std::vector<Smearing> all{{"methfessel-paxton", {"m-p", "mp"}},
                                           {"marzari-vanderbilt", {"cold", "m-v", "mv"}},
                                           {"gaussian", {"gauss"}},
                                           {"fermi-dirac", {"f-d", "fd"}},
                                           {"none", {}}};
    return all;
}

std::vector<std::string> smearing_names() {
    std::vector<std::string> names;
    for (const auto& smearing : smearings()) {
        names.emplace_back(smearing.name);
        names.insert(names.end(), smearing.short_names.begin(), smearing.short_names.end());
    }
    return names;
}

std::string full_name(const std::string& smearing) {
    for (const auto& each : smearings())
        if (std::ranges::find(each.short_names, smearing) != each.short_names.end()) return each.name;
    return smearing;
}

Options run_options() {
    Options o;
    o.text("program", "the plane-wave program").fallback("pw.x");
    o.text("ld1", "the program that generates pseudopotentials").fallback("ld1.x");
    o.text("mpirun", "starts several processes; a list of words is taken as it is, with {processes} replaced")
        .or_kind(Kind::texts)
        .fallback("mpirun");
    o.integer("processes", "MPI processes of one calculation").fallback(1).at_least(1).at_most(100000);
    o.integer("pools", "k-point pools (-nk); 0: as many as the k-mesh feeds").fallback(0).at_least(0).at_most(100000);
    o.number("max_seconds", "wall time of one label, all attempts together; 0: no limit").unit("s").fallback(0.0).at_least(0).at_most(1e9);
    o.number("max_gb", "resident memory of all processes of one calculation; 0: no limit")
        .unit("GB")
        .fallback(0.0)
        .at_least(0)
        .at_most(1e6);
    o.text("scratch", "folder for temporary files; not given: /dev/shm, or the system's temporary folder");
    o.text("pseudopotentials", "folder that keeps generated pseudopotentials; not given: below scratch");
    return o;
}

fs::path resolved(const fs::path& path, const fs::path& folder) {
    return (path.is_absolute() ? path : fs::absolute(folder / path)).lexically_normal();
}

int element(const std::string& symbol, const std::string& where) {
    if (!units::is_symbol(symbol) || units::atomic_number(symbol) == 0)
        throw InputError("'" + symbol + "' is not a chemical symbol", where, "such as Li");
    return units::atomic_number(symbol);
}

Physics physics_from(const config::Config& config, const fs::path& folder) {
    const json& v = config.values;
    Physics p;
    p.level = v.at("level");
    p.ecutwfc = v.at("ecutwfc");
    p.ecutrho = v.at("ecutrho").is_null() ? 4 * p.ecutwfc : v.at("ecutrho").get<double>();
    p.default_ecutrho = v.at("ecutrho").is_null();
    if (p.ecutrho < 4 * p.ecutwfc)
        throw InputError("'ecutrho' is below 4 x ecutwfc: the density would be cut", config.where("ecutrho"), "leave it out, or raise it");
    for (const auto& [symbol, path] : v.at("pseudopotentials").items()) {
        const auto where = config.where("pseudopotentials");
        const auto file = resolved(path.get<std::string>(), folder);
        if (!fs::is_regular_file(file))
            throw InputError("the pseudopotential of " + symbol + " is not there: " + file.string(), where,
                             "paths are relative to the config");
        p.pseudopotentials[element(symbol, where)] = file;
    }
    if (p.pseudopotentials.empty()) throw InputError("no pseudopotential is given", config.where("pseudopotentials"), "{Li: Li.UPF}");
    if (v.at("k_spacing").is_null() == v.at("k_mesh").is_null())
        throw InputError("give one of 'k_spacing' and 'k_mesh'", config.source, "k_spacing: 0.02");
    if (!v.at("k_spacing").is_null()) {
        p.k_spacing = v.at("k_spacing");
    } else {
        if (v.at("k_mesh").size() != 3) throw InputError("'k_mesh' must have three numbers", config.where("k_mesh"), "[8, 8, 8]");
        p.k_mesh = v.at("k_mesh").get<std::array<int, 3>>();
    }
    p.smearing = full_name(v.at("smearing"));
    if (p.smearing != "none" && v.at("degauss").is_null())
        throw InputError("'degauss' is missing", config.source, "the width of the smearing in Ry; smearing: none for insulators");
    p.degauss = v.at("degauss").is_null() ? 0 : v.at("degauss").get<double>();
    p.conv_thr = v.at("conv_thr");
    p.nspin = v.at("nspin");
    for (const auto& [symbol, value] : v.at("starting_magnetization").items())
        p.starting_magnetization[element(symbol, config.where("starting_magnetization"))] = value;
    if (p.nspin == 2 && p.starting_magnetization.empty())
        throw InputError("nspin: 2 needs 'starting_magnetization'", config.where("nspin"), "starting_magnetization: {Fe: 0.5}");
    p.tot_charge = v.at("tot_charge");
    p.input_dft = v.at("input_dft").is_null() ? "" : v.at("input_dft");
    p.vdw_corr = v.at("vdw_corr").is_null() || v.at("vdw_corr") == "none" ? "" : v.at("vdw_corr");
    if (!p.input_dft.empty()) check_input_dft(p.input_dft, config.where("input_dft"));
    if (!p.vdw_corr.empty()) check_vdw_corr(p.vdw_corr, config.where("vdw_corr"));
    p.symmetry = v.at("symmetry");
    p.vacuum = v.at("vacuum");
    p.min_distance = v.at("min_distance");
    return p;
}

RunSettings run_from(const json& v, const fs::path& folder) {
    RunSettings r;
    r.program = v.at("program");
    r.ld1 = v.at("ld1");
    r.default_launcher = v.at("mpirun").is_string();
    r.launcher = r.default_launcher ? std::vector<std::string>{v.at("mpirun")} : v.at("mpirun").get<std::vector<std::string>>();
    r.processes = v.at("processes");
    r.pools = v.at("pools");
    r.max_seconds = v.at("max_seconds");
    r.max_bytes = static_cast<std::int64_t>(v.at("max_gb").get<double>() * 1e9);
    r.scratch = v.at("scratch").is_null() ? base::temporary_home() : resolved(v.at("scratch").get<std::string>(), folder);
    r.pseudopotential_folder =
        v.at("pseudopotentials").is_null() ? r.scratch / "pseudopotentials" : resolved(v.at("pseudopotentials").get<std::string>(), folder);
    return r;
}

}  // namespace

config::Options qe_options() {
    Options o;
    o.text("level", "name of this level of theory, recorded on every label").required();
    o.number("ecutwfc", "cutoff of the wavefunctions").unit("Ry").required().above(0).at_most(1e6);
    o.number("ecutrho", "cutoff of the density; not given: 4 x ecutwfc").unit("Ry").above(0).at_most(1e8);
    o.words("pseudopotentials", "UPF file of each element, or input of ld1.x (.in) that makes it").required();
    o.number("k_spacing", "largest distance of k-points along each reciprocal vector, without 2 pi").unit("1/angstrom").above(0);
    o.integers("k_mesh", "k-points along each reciprocal vector instead of k_spacing").at_least(1).at_most(1e9);
    o.text("smearing", "of the occupations; none: fixed ones").choices(smearing_names()).fallback("methfessel-paxton");
    o.number("degauss", "width of the smearing").unit("Ry").above(0);
    o.number("conv_thr", "largest estimated error of the energy of the cell").unit("Ry").fallback(1e-10).above(0);
    o.integer("nspin", "1: no spin polarisation, 2: collinear").fallback(1).at_least(1).at_most(2);
    o.table("starting_magnetization", "of each element, from -1 to 1").fallback(json::object()).at_least(-1).at_most(1);
    o.number("tot_charge", "charge of the cell").unit("e").fallback(0.0);
    o.text("input_dft", "functional (pbesol, scan, sla+pw+pbx+pbc, ...); not given: that of the pseudopotentials");
    o.text("vdw_corr", "dispersion correction: dft-d (D2), dft-d3, ts, mbd, xdm; not given: none");
    o.boolean("symmetry", "reduce the k-points by the symmetry found; false: nosym").fallback(true);
    o.number("vacuum", "directions with a wider gap between atoms, and open ones, get one k-point").unit("angstrom").fallback(8.0).above(0);
    o.number("min_distance", "structures with nearer atoms are refused").unit("angstrom").fallback(0.5).above(0);
    o.number("mixing_beta", "share of the new density").fallback(0.7).above(0).at_most(1);
    o.text("mixing_mode", "how densities are mixed").choices({"plain", "TF", "local-TF"}).fallback("plain");
    o.integer("mixing_ndim", "densities remembered by the mixing").fallback(8).at_least(1).at_most(100);
    o.integer("electron_maxstep", "largest number of iterations").fallback(100).at_least(1).at_most(1000000);
    o.text("diagonalization", "eigensolver").choices({"david", "cg", "ppcg", "paro"}).fallback("david");
    o.block("run", "with what and where it runs", run_options());
    return o;
}

Settings settings_from(const config::Config& config, const fs::path& folder) {
    Settings s;
    s.physics = physics_from(config, folder);
    s.electrons.mixing_beta = config.values.at("mixing_beta");
    s.electrons.mixing_mode = config.values.at("mixing_mode");
    s.electrons.mixing_ndim = config.values.at("mixing_ndim");
    s.electrons.electron_maxstep = config.values.at("electron_maxstep");
    s.electrons.diagonalization = config.values.at("diagonalization");
    s.run = run_from(config.values.at("run"), folder);
    return s;
}

Settings load_settings(const fs::path& path, base::LogSink& log) {
    return settings_from(config::load(path, qe_options(), log), fs::absolute(path).parent_path());
}

}  // namespace alkali::labelling::qe
