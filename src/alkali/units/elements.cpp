#include "alkali/units/elements.hpp"

#include <algorithm>
#include <array>

#include "alkali/base/error.hpp"

namespace alkali::units {
namespace {

constexpr std::array<std::string_view, 119> symbols = {
    "X",  "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",  "S",  "Cl", "Ar", "K",
    "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr",
    "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re", "Os", "Ir", "Pt", "Au",
    "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es",
    "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};
constexpr std::array<double, 119> masses = {
    1.0,      1.008,    4.0026,   6.94,     9.0122,   10.81,    12.011,   14.007,   15.999,   18.9984,  20.1797,  22.9898,
    24.305,   26.9815,  28.085,   30.9738,  32.06,    35.45,    39.948,   39.0983,  40.078,   44.9559,  47.867,   50.9415,
    51.9961,  54.938,   55.845,   58.9332,  58.6934,  63.546,   65.38,    69.723,   72.63,    74.9216,  78.971,   79.904,
    83.798,   85.4678,  87.62,    88.9058,  91.224,   92.9064,  95.95,    97.9072,  101.07,   102.9055, 106.42,   107.8682,
    112.414,  114.818,  118.71,   121.76,   127.6,    126.9045, 131.293,  132.9055, 137.327,  138.9055, 140.116,  140.9077,
    144.242,  144.9128, 150.36,   151.964,  157.25,   158.9254, 162.5,    164.9303, 167.259,  168.9342, 173.054,  174.9668,
    178.49,   180.9479, 183.84,   186.207,  190.23,   192.217,  195.084,  196.9666, 200.592,  204.38,   207.2,    208.9804,
    208.9824, 209.9872, 222.0176, 223.0197, 226.0254, 227.0278, 232.0377, 231.0359, 238.0289, 237.0482, 244.0642, 243.0614,
    247.0704, 247.0703, 251.0796, 252.083,  257.0951, 258.0984, 259.101,  262.11,   267.122,  268.126,  271.134,  270.133,
    269.1338, 278.156,  281.165,  281.166,  285.177,  286.182,  289.19,   289.194,  293.204,  293.208,  294.214};

// Volume per atom of the element's crystal at its measured lattice constants (ASE 3.29 reference_states, after Ashcroft and
// Mermin 1976); 0 where there is none.
constexpr std::array<double, 119> volumes = {
    0.0,    0.0,    0.0,    21.254,  8.148,  0,      5.687,  0.0,    0.0,    0.0,    21.735,  37.843, 23.26,  16.608, 20.013,
    0.0,    0.0,    0.0,    36.383,  71.528, 43.435, 25.031, 17.653, 13.772, 11.944, 0.0,     11.82,  11.106, 10.904, 11.761,
    15.126, 0.0,    22.665, 21.475,  0.0,    0.0,    46.787, 87.338, 56.189, 33.079, 23.245,  17.968, 15.628, 14.288, 13.5,
    13.718, 14.716, 17.104, 21.612,  26.013, 26.909, 30.643, 0.0,    0.0,    59.582, 110.723, 63.253, 36.969, 34.347, 34.546,
    34.265, 0.0,    32.914, 48.986,  33.163, 31.94,  31.515, 31.192, 30.673, 30.159, 41.367,  29.679, 22.447, 18.132, 15.777,
    14.703, 14.065, 14.156, 15.059,  16.979, 22.979, 28.68,  30.322, 35.394, 37.595, 0.0,     0.0,    0.0,    0.0,    37.43,
    32.774, 0,      82.624, 153.565, 0.0,    0.0,    0.0,    0.0,    0.0,    0.0,    0.0,     0.0,    0.0,    0.0,    0.0,
    0.0,    0.0,    0.0,    0.0,     0.0,    0.0,    0.0,    0.0,    0.0,    0.0,    0.0,     0.0,    0.0,    0.0};

}  // namespace

std::string_view symbol(int atomic_number) {
    if (atomic_number < 0 || atomic_number > max_atomic_number)
        throw InputError("there is no element with the atomic number " + std::to_string(atomic_number));
    return symbols[static_cast<std::size_t>(atomic_number)];
}

bool is_symbol(std::string_view name) { return std::find(symbols.begin(), symbols.end(), name) != symbols.end(); }

int atomic_number(std::string_view name) {
    const auto found = std::find(symbols.begin(), symbols.end(), name);
    if (found == symbols.end()) throw InputError("'" + std::string(name) + "' is not a chemical symbol");
    return static_cast<int>(found - symbols.begin());
}

double atomic_mass(int atomic_number) {
    static_cast<void>(symbol(atomic_number));
    return masses[static_cast<std::size_t>(atomic_number)];
}

double atomic_volume(int atomic_number) {
    static_cast<void>(symbol(atomic_number));
    return volumes[static_cast<std::size_t>(atomic_number)];
}

}  // namespace alkali::units
