#!/usr/bin/env bash
# Runs a test with an interpreter that has NumPy: RD4AD_TEST_PYTHON or the first argument. run.sh PYTHON TEST
set -euo pipefail
for python in "${RD4AD_TEST_PYTHON:-}" "$1"; do
    [[ -n $python ]] && "$python" -c 'import numpy' 2>/dev/null && exec "$python" "$2"
done
echo "SKIPPED: NumPy is not found (install python3-numpy)"
