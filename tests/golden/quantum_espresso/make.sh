#!/bin/sh
# Outputs of pw.x that the reader is tested on (made with Debian's 6.7). Run in this folder; pw.x and ld1.x on the PATH.
# displaced  two atoms of lithium off their sites           unconverged  the same with two iterations
# slab       one k-point across a vacuum, held FFT grid      lih          two elements, fixed occupations, Gamma only
# spin       one atom with nspin = 2
# *.fail     inputs that pw.x refuses: text and CRASH file
set -e
here=$(pwd)
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for input in ../../../data/pseudopotentials/Li.pbe-n-nc-alkali.ld1.in H.pbe-nc-test.ld1.in; do ld1.x < "$here/$input" > ld1.out; done
mv Li.pbe-n-nc-alkali.UPF Li.UPF
mv H.pbe-nc-test.UPF H.UPF

# run NAME SYSTEM ELECTRONS CELL SPECIES ATOMS KPOINTS
run() {
    rm -rf pw CRASH
    cat > pw.in << END
&CONTROL
 calculation='scf', prefix='alkali', outdir='./pw/', pseudo_dir='./', tprnfor=.true., tstress=.true., disk_io='low'
/
&SYSTEM
 ibrav=0, ecutwfc=12, ecutrho=48, $2
/
&ELECTRONS
 conv_thr=1e-10, $3
/
CELL_PARAMETERS angstrom
$4
ATOMIC_SPECIES
$5
ATOMIC_POSITIONS angstrom
$6
K_POINTS $7
END
    pw.x -in pw.in > "$here/$1.out" 2> pw.err || true
    # The working folder and the lattice's 48 operations are of no use to a reader.
    sed -i "s#$work#/scratch#" "$here/$1.out"
    if [ -f pw/alkali.xml ]; then
        sed -e '/<symmetry>/,/<\/symmetry>/d' -e "s#$work#/scratch#" pw/alkali.xml > "$here/$1.xml"
    fi
    if [ -f CRASH ]; then cp CRASH "$here/$1.crash"; fi
}
smear="occupations='smearing', smearing='methfessel-paxton', degauss=0.01985"
cube="3.43 0 0
0 3.43 0
0 0 3.43"
pair="Li 0 0 0
Li 1.8 1.7 1.75"
run displaced "nat=2, ntyp=1, $smear" "" "$cube" "Li 6.94 Li.UPF" "$pair" "automatic
2 2 2 0 0 0"
run unconverged "nat=2, ntyp=1, $smear" "electron_maxstep=2" "$cube" "Li 6.94 Li.UPF" "$pair" "automatic
2 2 2 0 0 0"
run slab "nat=2, ntyp=1, nr1=20, nr2=20, nr3=75, $smear" "" "3.43 0 0
0 3.43 0
0 0 14" "Li 6.94 Li.UPF" "Li 0 0 6
Li 1.7 1.7 7.8" "automatic
3 3 1 0 0 0"
run lih "nat=2, ntyp=2, occupations='fixed'" "" "0 2 2
2 0 2
2 2 0" "H 1.008 H.UPF
Li 6.94 Li.UPF" "H 0 0 0
Li 2.1 2 1.9" "gamma"
run spin "nat=1, ntyp=1, nspin=2, starting_magnetization(1)=0.5, $smear" "" "$cube" "Li 6.94 Li.UPF" "Li 0 0 0" "automatic
2 2 2 0 0 0"
run missing.fail "nat=2, ntyp=1, $smear" "" "$cube" "Li 6.94 none.UPF" "$pair" "gamma"
run overlap.fail "nat=2, ntyp=1, $smear" "" "$cube" "Li 6.94 Li.UPF" "Li 0 0 0
Li 0 0 0" "gamma"
run namelist.fail "nat=2, ntyp=1, degaus=0.1" "" "$cube" "Li 6.94 Li.UPF" "$pair" "gamma"
run occupations.fail "nat=1, ntyp=1, occupations='fixed'" "" "$cube" "Li 6.94 Li.UPF" "Li 0 0 0" "gamma"
