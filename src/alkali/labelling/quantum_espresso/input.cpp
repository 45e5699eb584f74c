#include "alkali/labelling/quantum_espresso/input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling::qe {
namespace {

/// A Fortran namelist.
class Namelist {
public:
    explicit Namelist(const char* name) : text_(fmt::format("&{}\n", name)) {}
    void set(const std::string& key, const char* value) { set(key, std::string(value)); }
    void set(const std::string& key, const std::string& value) {
        // Whatever ends a text, a line or the namelist, or begins a remark, would let it set something else.
        const bool plain = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && unsafe.find(c) == unsafe.npos; });
        if (!plain) throw InputError("a value has a sign that a namelist cannot hold", key, "only letters, digits, + - . : _ and blanks");
        set_path(key, value);
    }
    /// Of ours.
    void set_path(const std::string& key, const std::string& value) { line(key, fmt::format("'{}'", value)); }
    void set(const std::string& key, bool value) { line(key, value ? ".true." : ".false."); }
    void set(const std::string& key, int value) { line(key, fmt::format("{}", value)); }
    void set(const std::string& key, double value) {
        if (!std::isfinite(value)) throw InputError("a value is not finite", key, "give a number");
        line(key, fmt::format("{:.12g}", value));
    }
    [[nodiscard]] std::string text() const { return text_ + "/\n"; }

private:
    static constexpr std::string_view unsafe = "'\"`/&!$\\";
    void line(const std::string& key, const std::string& value) { text_ += fmt::format("  {} = {}\n", key, value); }
    std::string text_;
};

std::string control(const Job& job) {
    Namelist n("CONTROL");
    n.set("calculation", "scf");
    n.set("prefix", prefix);
    n.set_path("outdir", fmt::format("./{}/", output_folder));
    n.set_path("pseudo_dir", "./");
    n.set("tprnfor", true);
    n.set("tstress", true);
    n.set("disk_io", job.disk_io);
    return n.text();
}

void set_grid(Namelist& n, const Mesh& grid, const char* suffix) {
    for (int i = 0; i < 3; ++i) n.set(fmt::format("nr{}{}", i + 1, suffix), grid[static_cast<std::size_t>(i)]);
}

std::string system(const structure::Structure& structure, const std::vector<int>& species, const Physics& physics, const Job& job) {
    Namelist n("SYSTEM");
    n.set("ibrav", 0);
    n.set("nat", static_cast<int>(structure.size()));
    n.set("ntyp", static_cast<int>(species.size()));
    n.set("ecutwfc", physics.ecutwfc);
    n.set("ecutrho", physics.ecutrho);
    n.set("occupations", physics.smearing == "none" ? "fixed" : "smearing");
    if (physics.smearing != "none") {
        n.set("smearing", physics.smearing);
        n.set("degauss", physics.degauss);
    }
    if (physics.nspin != 1) n.set("nspin", physics.nspin);
    if (physics.nspin != 1)
        for (std::size_t i = 0; i < species.size(); ++i)
            if (const auto m = physics.starting_magnetization.find(species[i]); m != physics.starting_magnetization.end())
                n.set(fmt::format("starting_magnetization({})", i + 1), m->second);
    if (physics.tot_charge != 0) n.set("tot_charge", physics.tot_charge);
    if (!physics.input_dft.empty()) n.set("input_dft", physics.input_dft);
    if (!physics.vdw_corr.empty()) n.set("vdw_corr", physics.vdw_corr);
    if (!physics.symmetry) n.set("nosym", true);
    if (job.bands > 0) n.set("nbnd", job.bands);
    if (job.dense) set_grid(n, *job.dense, "");
    if (job.smooth) set_grid(n, *job.smooth, "s");
    return n.text();
}

std::string electrons(const Physics& physics, const Job& job) {
    Namelist n("ELECTRONS");
    n.set("conv_thr", physics.conv_thr);
    n.set("electron_maxstep", job.electrons.electron_maxstep);
    n.set("mixing_beta", job.electrons.mixing_beta);
    n.set("mixing_mode", job.electrons.mixing_mode);
    n.set("mixing_ndim", job.electrons.mixing_ndim);
    n.set("diagonalization", job.electrons.diagonalization);
    if (job.david_ndim > 0) n.set("diago_david_ndim", job.david_ndim);
    if (job.start == Start::files) {
        n.set("startingpot", "file");
        n.set("startingwfc", "file");
    }
    return n.text();
}

std::string row(const Vec3& v) { return fmt::format(" {:.16g} {:.16g} {:.16g}\n", v[0], v[1], v[2]); }

std::string k_points(const Mesh& mesh) {
    if (mesh == Mesh{1, 1, 1}) return "K_POINTS gamma\n";
    return fmt::format("K_POINTS automatic\n {} {} {} 0 0 0\n", mesh[0], mesh[1], mesh[2]);
}

}  // namespace

std::string pseudopotential_name(int atomic_number) { return fmt::format("{}.UPF", units::symbol(atomic_number)); }

std::string write_input(const structure::Structure& structure, const Physics& physics, const Job& job) {
    const auto species = structure::species_of(structure);
    std::string text = control(job) + system(structure, species, physics, job) + electrons(physics, job);
    text += "ATOMIC_SPECIES\n";
    for (const int z : species) text += fmt::format(" {} {:.6g} {}\n", units::symbol(z), units::atomic_mass(z), pseudopotential_name(z));
    text += "CELL_PARAMETERS angstrom\n";
    for (int i = 0; i < 3; ++i) text += row(structure.cell.vector(i));
    text += "ATOMIC_POSITIONS angstrom\n";
    for (std::size_t i = 0; i < structure.size(); ++i)
        text += fmt::format(" {}", units::symbol(structure.numbers[i])) + row(structure.positions[i]);
    return text + k_points(job.mesh);
}

}  // namespace alkali::labelling::qe
