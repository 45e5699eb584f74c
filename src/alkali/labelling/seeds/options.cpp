#include "alkali/labelling/seeds/seeds.hpp"

namespace alkali::labelling {
namespace {

using config::Options;

void add_count(Options& o, int fallback, const char* help) { o.integer("count", help).fallback(fallback).at_least(0).at_most(1000000); }
void add_volumes(Options& o, double low, double high) {
    o.numbers("volumes", "smallest and largest volume, in units of that of the crystal at a0").fallback({low, high}).above(0);
}
void add_rattle(Options& o, double fallback) {
    o.number("rattle", "standard deviation of each coordinate").unit("angstrom").fallback(fallback).at_least(0);
}
void add_strain(Options& o, double fallback) {
    o.number("strain", "largest component of a random strain").fallback(fallback).at_least(0).at_most(0.3);
}

Options crystals() {
    Options o;
    o.texts("structures", "crystals").choices({"sc", "bcc", "fcc", "diamond", "hcp"}).fallback({"bcc", "fcc", "hcp", "sc", "diamond"});
    add_volumes(o, 0.8, 1.25);
    o.integer("volume_points", "undeformed primitive cells of each crystal over the volumes").fallback(9).at_least(0).at_most(1000000);
    add_count(o, 10, "strained and rattled cells of each crystal and each size");
    o.integers("cells", "sizes: conventional cells each way, 0 for the primitive cell; too large ones are left out")
        .fallback({0, 1, 2, 3})
        .at_least(0);
    add_strain(o, 0.06);
    add_rattle(o, 0.12);
    return o;
}

Options defects() {
    Options o;
    o.integer("cells", "conventional cells each way; 0: as many as most_atoms allows").fallback(0).at_least(0).at_most(1000000);
    o.integer("vacancies", "cells with a vacancy").fallback(8).at_least(0).at_most(1000000);
    o.integer("interstitials", "cells with an atom too many: octahedral, tetrahedral, dumbbells in turn")
        .fallback(8)
        .at_least(0)
        .at_most(1000000);
    add_volumes(o, 0.94, 1.06);
    add_strain(o, 0.02);
    add_rattle(o, 0.08);
    return o;
}

Options surfaces() {
    Options o;
    o.texts("faces", "Miller indices of the conventional cell, such as 110 or 1m10").fallback({"100", "110", "111"});
    o.integer("layers", "lattice planes").fallback(7).at_least(2).at_most(1000000);
    o.number("vacuum", "between the faces").unit("angstrom").fallback(12.0).above(0);
    o.integers("repeat", "surface cells along either vector").fallback({1, 1}).at_least(1).at_most(1000000);
    add_count(o, 3, "clean slabs of each face");
    o.integer("adatom_layers", "lattice planes of slabs with adatoms").fallback(5).at_least(2).at_most(1000000);
    o.integers("adatom_repeat", "surface cells of slabs with adatoms").fallback({2, 2}).at_least(1).at_most(1000000);
    o.numbers("coverages", "shares of the next layer's sites that carry adatoms").fallback({0.25, 0.5, 0.75}).above(0).at_most(1);
    o.integer("adatom_count", "slabs of each face and coverage").fallback(2).at_least(0).at_most(1000000);
    add_rattle(o, 0.08);
    add_strain(o, 0.01);
    return o;
}

Options liquid() {
    Options o;
    add_count(o, 6, "cells");
    o.integer("atoms", "in each; 0: most_atoms").fallback(0).at_least(0).at_most(1000000);
    add_volumes(o, 0.95, 1.25);
    o.number("closest", "shortest distance, in units of the nearest neighbours' in the crystal").fallback(0.8).above(0).at_most(1);
    return o;
}

Options snapshots() {
    Options o;
    o.text("calculator", "what moves the atoms: a model file, kim:..., none: no snapshots");
    o.texts("structures", "crystals to start from").choices({"sc", "bcc", "fcc", "diamond", "hcp"}).fallback({"bcc"});
    o.integers("cells", "conventional cells each way").fallback({2}).at_least(1).at_most(1000000);
    o.numbers("temperatures", "about which the run settles").unit("K").fallback({300.0, 600.0, 1200.0}).above(0);
    add_volumes(o, 0.92, 1.12);
    o.integer("runs", "of each crystal, size and temperature, over the volumes").fallback(2).at_least(1).at_most(1000000);
    o.integer("count", "snapshots of each run").fallback(3).at_least(0).at_most(1000000);
    o.number("settle_ps", "before the first").unit("ps").fallback(0.5).at_least(0);
    o.number("interval_ps", "between them").unit("ps").fallback(0.3).above(0);
    o.number("dt", "time step").unit("fs").fallback(1.0).above(0);
    return o;
}

}  // namespace

Options seed_options() {
    Options o;
    o.text("species", "chemical symbol").required();
    o.text("structure", "stable crystal").choices({"sc", "bcc", "fcc", "diamond", "hcp"}).required();
    o.number("a0", "its lattice constant").unit("angstrom").above(0).required();
    o.integer("most_atoms", "of any cell").fallback(54).at_least(1).at_most(1000000);
    o.number("k_spacing", "of the k-meshes, chosen once for each kind of cell; none: frames carry no mesh").unit("1/angstrom").above(0);
    o.integer("seed", "of everything random").fallback(1).at_least(0);
    o.block("crystals", "perfect and deformed crystals", crystals());
    o.block("defects", "vacancies and interstitials", defects());
    o.block("surfaces", "slabs, clean and with adatoms", surfaces());
    o.block("liquid", "random dense packings", liquid());
    o.block("snapshots", "of crystals in motion", snapshots());
    return o;
}

}  // namespace alkali::labelling
