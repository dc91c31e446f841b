#!/usr/bin/env bash
# Disassembles objects that must run on every processor, and one that uses wide registers, which the test must find. Usage:
# disassembly.sh OBJDUMP WIDE-OBJECT OBJECT...
set -euo pipefail
objdump=$1 wide=$2
shift 2
# wide_instructions OBJECT: its instructions with registers or encodings of AVX or AVX-512.
wide_instructions() { "$objdump" -d --no-show-raw-insn "$1" | grep -E '%[yz]mm[0-9]|%k[0-7]|:?[[:space:]]v[a-z0-9]+[[:space:]].*%xmm' || true; }
for object in "$@"; do
    found=$(wide_instructions "$object")
    if [[ -n $found ]]; then
        echo "$object must run on every processor, and has $(wc -l <<<"$found") instructions of AVX, the first of them:"
        sed -n 1,10p <<<"$found"
        exit 1
    fi
done
count=$(wide_instructions "$wide" | wc -l)
((count > 1000)) || { echo "$wide has $count instructions of AVX, expected at least 1000: this test finds nothing" && exit 1; }
echo "$# objects without AVX; $wide has $count of its instructions"
