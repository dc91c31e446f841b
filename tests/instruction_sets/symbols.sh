#!/usr/bin/env bash
# Fails unless each variant's object has one global symbol, its entry, and nothing that runs when the program starts. Usage:
# symbols.sh NM READELF OBJECT...; an object is named after its entry.
set -euo pipefail
nm=$1 readelf=$2
shift 2
for object in "$@"; do
    entry=$(basename "$object" .o)
    # Every kind but local symbols (lower case), undefined ones (U, w, v) and OpenMP's named locks, which a program shares.
    found=$("$nm" --defined-only "$object" | awk '$2 ~ /^[A-Zuvwi]$/ && $3 !~ /^\.gomp_critical_/ { print $3 }')
    if [[ $found != "$entry" ]]; then
        echo "$object defines the global symbols ${found:-(none)}; expected $entry alone"
        exit 1
    fi
    local_functions=$("$nm" --defined-only "$object" | awk '$2 == "t"' | wc -l)
    ((local_functions > 100)) || { echo "$object has $local_functions local functions, expected at least 100" && exit 1; }
    if "$readelf" --section-headers --wide "$object" | grep -E '(INIT|FINI|PREINIT)_ARRAY|[. ]ctors|[. ]dtors| GROUP '; then
        echo "$object has code that runs when the program starts or ends, or a group that the linker may replace"
        exit 1
    fi
    echo "$object: $entry, and $local_functions local functions"
done
