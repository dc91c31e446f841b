#!/usr/bin/env bash
# Starts the server, posts an image and a text that is not an image, and checks the answers. server.sh SERVER CHECKPOINT IMAGE CURL
set -euo pipefail
server=$1 checkpoint=$2 image=$3 curl=$4
work=$(mktemp -d)
"$server" "$checkpoint" >"$work/address" 2>"$work/errors" &
running=$!
trap 'kill "$running" 2>/dev/null || true; rm -rf "$work"' EXIT
for ((i = 0; i < 300; ++i)); do
    [[ -s $work/address ]] && break
    kill -0 "$running" 2>/dev/null || { echo "the server ended: $(cat "$work/errors")" && exit 1; }
    sleep 0.1
done
address=$(head -1 "$work/address")
# expect STATUS PATTERN DATA
expect() {
    local answer
    answer=$("$curl" --silent --show-error --max-time 60 --noproxy '*' --write-out '%{http_code}' --header 'Content-Type: application/octet-stream' --data-binary "$3" "$address")
    [[ $answer =~ $2 && $answer == *"$1" ]] || { echo "expected $2 and status $1, got: $answer" && exit 1; }
    echo "$answer"
}
expect 200 '"is_anomalous":(true|false),"raw_score":[0-9.]+,"regions":\[.*\],"score":0\.[0-9]+' "@$image"
expect 400 'the posted image' 'no image'
