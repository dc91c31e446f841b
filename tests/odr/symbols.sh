#!/usr/bin/env bash
# Fails if two objects of the library, compiled for two instruction sets, define one symbol of rd4ad. The linker would keep one copy:
# perhaps the one that this processor cannot run. Usage: symbols.sh NM PROGRAM OBJECT OBJECT; PROGRAM prints the names of the sets.
set -euo pipefail
nm=$1 program=$2 first=$3 second=$4
output=$("$program")
if [[ $output == SKIPPED:* ]]; then
    echo "$output"
    exit 0
fi

# The mangled names of the defined functions and data whose namespace is rd4ad; local symbols (t, d, b, r) cannot collide.
defined() { "$nm" --defined-only "$1" | awk '$2 ~ /^[TWVuDBR]$/ && $3 ~ /5rd4ad/ { print $3 }' | sort -u; }
shared=$(comm -12 <(defined "$first") <(defined "$second"))
count=$(defined "$first" | wc -l)
if ((count < 100)); then
    echo "$first defines $count symbols of rd4ad, expected at least 100: this test compares nothing"
    exit 1
fi
if [[ -n $shared ]]; then
    echo "$(wc -l <<<"$shared") symbols of rd4ad are defined in both objects, the first of them:"
    c++filt <<<"$(sed -n 1,20p <<<"$shared")"
    exit 1
fi
echo "$count symbols, none shared"
