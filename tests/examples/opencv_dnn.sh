#!/usr/bin/env bash
# opencv_dnn.sh OPENCV-DNN RD4AD CHECKPOINT PHOTOGRAPH: exports the model, and compares the example's raw score with the command's.
set -euo pipefail
opencv_dnn=$1 rd4ad=$2 checkpoint=$3 photograph=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$rd4ad" export --checkpoint "$checkpoint" --out "$folder/graph.onnx"
found=$("$opencv_dnn" "$folder/graph.onnx" "$photograph")
expected=$("$rd4ad" score "$photograph" --checkpoint "$checkpoint" --json | grep -oE '"raw_score":[0-9.e-]+' | head -1 | cut -d: -f2)
echo "OpenCV: $found; rd4ad: $expected"
[[ $found == *", map 64 x 64" ]]
awk -v a="$(cut -d' ' -f3 <<<"${found%,*}")" -v b="$expected" 'BEGIN { d = a - b; exit !(a > 0 && d < 1e-4 && d > -1e-4) }'
! "$opencv_dnn" "$photograph" "$photograph" 2>"$folder/err" || exit 1
grep -q "opencv_dnn: " "$folder/err"
