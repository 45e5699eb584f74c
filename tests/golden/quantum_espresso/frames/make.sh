#!/bin/sh
# Outputs of pw.x as data (made with Debian's 6.7). Run in this folder; pw.x and ld1.x on the PATH.
# high          verbosity = 'high': tables of the parts of the forces behind the total ones
# relax         crystal positions, labels Li1 and Li2, the first atom held; nstep too small, so that <output> of relax.xml has
#               the energy of the last step beside positions that were never computed
# vc_relax      celldm and alat positions, cell relaxed, with the final scf at the relaxed structure
# md, vc_md     dynamics; positions in bohr, and in angstrom with a cell in angstrom
# noncollinear  labels H1 and H_d with moments against each other
# hybrid        PBE0: several "!" energies of one structure
# loose         scf_must_converge = .false.: "convergence has been achieved" is printed of what used up its iterations
# stopped       the scf of the first structure does not converge: no label
# late          max_seconds reached
# bands         nscf behind an scf in the same file
# grimme        vdw_corr = 'grimme-d2'
set -e
here=$(pwd)
export OMP_NUM_THREADS=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for input in ../../../../data/pseudopotentials/Li.pbe-n-nc-alkali.ld1.in ../H.pbe-nc-test.ld1.in; do ld1.x < "$here/$input" > ld1.out; done
mv Li.pbe-n-nc-alkali.UPF Li.UPF
mv H.pbe-nc-test.UPF H.UPF

# run NAME CONTROL SYSTEM ELECTRONS CARDS [CELL]
run() {
    rm -rf CRASH
    cat > pw.in << END
&CONTROL
 prefix='alkali', outdir='./pw/', pseudo_dir='./', disk_io='low', $2
/
&SYSTEM
 ecutwfc=10, ecutrho=40, $3
/
&ELECTRONS
 conv_thr=1e-8, $4
/
&IONS
/
&CELL
 $6
/
$5
END
    pw.x -in pw.in > pw.out 2> pw.err || true
    # Neither the working folder nor times are of use to a reader.
    sed -e "s#$work#/scratch#" -e '/ calls)$/d' pw.out > "$here/$1.out"
    if [ -f pw/alkali.xml ]; then
        sed -e '/<symmetries>/,/<\/symmetries>/d' -e '/<ks_energies>/,/<\/ks_energies>/d' -e '/<partial/,/<\/partial>/d' \
            -e "s#$work#/scratch#" pw/alkali.xml > last.xml
    fi
}
keep_xml() { cp last.xml "$here/$1.xml"; }
smear="occupations='smearing', smearing='mp', degauss=0.02"
cube="CELL_PARAMETERS angstrom
3.43 0 0
0 3.43 0
0 0 3.43"
li="ATOMIC_SPECIES
Li 6.94 Li.UPF"
mesh="K_POINTS automatic
2 2 2 0 0 0"
molecule="ATOMIC_SPECIES
H1 1.008 H.UPF
H_d 1.008 H.UPF
CELL_PARAMETERS bohr
8 0 0
0 8 0
0 0 9
ATOMIC_POSITIONS angstrom
H1 0 0 0
H_d 0 0 0.8
K_POINTS"
run high "calculation='scf', verbosity='high', tprnfor=.true., tstress=.true." "ibrav=0, nat=2, ntyp=1, $smear" "" "$li
$cube
ATOMIC_POSITIONS angstrom
Li 0 0 0
Li 1.8 1.7 1.75
$mesh"
run relax "calculation='relax', tstress=.true., nstep=3" "ibrav=0, nat=2, ntyp=2, $smear" "" "ATOMIC_SPECIES
Li1 6.94 Li.UPF
Li2 6.94 Li.UPF
$cube
ATOMIC_POSITIONS crystal
Li1 0 0 0 0 0 0
Li2 0.52 0.49 0.51 1 1 1
$mesh"
keep_xml relax
run vc_relax "calculation='vc-relax', nstep=20, forc_conv_thr=2e-3, etot_conv_thr=1e-3" "ibrav=8, celldm(1)=6.2, celldm(2)=1.05, celldm(3)=1.1, nat=2, ntyp=1, $smear" "" "$li
ATOMIC_POSITIONS alat
Li 0 0 0
Li 0.51 0.52 0.55
$mesh" "press_conv_thr=10"
keep_xml vc_relax
run md "calculation='md', nstep=3, dt=40, tstress=.true." "ibrav=0, nat=2, ntyp=1, $smear" "" "$li
$cube
ATOMIC_POSITIONS bohr
Li 0 0 0
Li 3.5 3.2 3.3
$mesh"
run vc_md "calculation='vc-md', nstep=3, dt=40" "ibrav=0, nat=2, ntyp=1, $smear" "" "$li
$cube
ATOMIC_POSITIONS angstrom
Li 0 0 0
Li 1.8 1.7 1.75
$mesh" "cell_dynamics='pr'"
moments="ibrav=0, nat=2, ntyp=2, starting_magnetization(1)=0.5, starting_magnetization(2)=-0.5, $smear"
run noncollinear "calculation='relax', nstep=2, tstress=.true." "$moments, noncolin=.true." "" "$molecule automatic
1 1 1 0 0 0"
run hybrid "calculation='relax', nstep=2, tstress=.true." "ibrav=0, nat=2, ntyp=2, input_dft='pbe0', occupations='fixed'" "" "$molecule gamma"
run loose "calculation='relax', nstep=4, tstress=.true." "ibrav=0, nat=2, ntyp=2, $smear" "electron_maxstep=3, scf_must_converge=.false." "$molecule gamma"
keep_xml loose
run stopped "calculation='relax', nstep=3" "ibrav=0, nat=2, ntyp=2, $smear" "electron_maxstep=3" "$molecule gamma"
run late "calculation='md', nstep=500, tstress=.true., max_seconds=0.3" "ibrav=0, nat=2, ntyp=2, $smear" "" "$molecule gamma"
run grimme "calculation='scf', tprnfor=.true., tstress=.true." "ibrav=0, nat=2, ntyp=2, vdw_corr='grimme-d2', occupations='fixed'" "" "$molecule gamma"
cp "$here/grimme.out" scf.out
run bands "calculation='nscf'" "ibrav=0, nat=2, ntyp=2, vdw_corr='grimme-d2', occupations='fixed'" "" "$molecule gamma"
cat "$here/bands.out" >> scf.out
mv scf.out "$here/bands.out"
