#!/usr/bin/env bash
# Writes a video of six images and scores its frames. opencv_camera.sh PROGRAM MODEL DATA VIDEO
set -euo pipefail
program=$1 model=$2 data=$3 video=$4
images=("$data"/test/*/*.png)
images=("${images[@]:0:6}")
made=$("$program" --make "$video" "${images[@]}" 2>&1) || {
    [[ $made == *"no codec"* ]] && echo "SKIPPED: $made" && exit 0
    echo "$made" && exit 1
}
found=$("$program" "$model" "$video")
echo "$found"
count=${#images[@]}
(($(grep -cE '^frame [0-9]+: raw score [0-2]\.[0-9]+, score [01]\.[0-9]+, (good|anomalous), [0-9]+ regions$' <<<"$found") == count))
grep -qE "^$count frames: [0-9]+ anomalous\$" <<<"$found"
