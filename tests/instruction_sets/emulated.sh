#!/usr/bin/env bash
# Runs the command on emulated processors: one without AVX, and one without AVX-512. Usage: emulated.sh RD4AD MAKE-WOVEN
set -euo pipefail
rd4ad=$1 make_woven=$2 qemu=$(command -v qemu-x86_64) || { echo "SKIPPED: qemu-x86_64 not found; install qemu-user" && exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
on() { "$qemu" -cpu "$1" "$rd4ad" "${@:2}" 2>err || { echo "rd4ad ${*:2} fails on a $1:" && cat err && exit 1; }; }

on Nehalem --version | tee out
grep -qF '(instruction set baseline)' out
on Haswell --version | tee out
grep -qF '(instruction set v3)' out
status=0
RD4AD_ISA=v3 "$qemu" -cpu Nehalem "$rd4ad" --version 2>err || status=$?
grep -F 'RD4AD_ISA=v3: this processor lacks AVX2' err && ((status == 2))

"$make_woven" cloth 4 2 64
RD4AD_ISA=baseline "$rd4ad" train --data cloth --out models --inp 32 --bs 2 --steps 1 --threads 1 --calibration none >out 2>&1 ||
    { cat out && exit 1; }
RD4AD_ISA=baseline "$rd4ad" score cloth/test/good/000.png --checkpoint models/cloth.safetensors --threads 1 2>/dev/null | cut -f 1,2 >here
on Nehalem score cloth/test/good/000.png --checkpoint models/cloth.safetensors --threads 1 --no-verify | cut -f 1,2 >there
cat here there
cmp here there
