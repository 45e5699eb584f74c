#!/bin/sh
# prepare.sh mlearn|jiao FOLDER OUT: extended XYZ files for training and test from a published lithium set.
set -eu
alkali=${ALKALI:-build/release/alkali}
[ $# -eq 3 ] || { echo "usage: $0 mlearn|jiao FOLDER OUT" >&2; exit 2; }
kind=$1 folder=$2 out=$3
case $kind in
mlearn)
    "$alkali" data check "$folder/train.extxyz" "$folder/test.extxyz"
    "$alkali" data split "$folder/train.extxyz" -o "$out" --fraction 0.1 --by group --seed 1
    "$alkali" data convert "$folder/test.extxyz" -o "$out/test.extxyz"
    ;;
jiao)
    "$alkali" data check "$folder/train"
    "$alkali" data split "$folder/train" -o "$out" --fraction 0.05 --seed 1 --by none
    "$alkali" data convert "$folder/test" -o "$out/test.extxyz"
    ;;
*)
    echo "unknown set '$kind': mlearn or jiao" >&2
    exit 2
    ;;
esac
