#!/usr/bin/env bash
# Scores image files with rd4ad serve, by curl. score.sh URL MODEL IMAGE...
#   rd4ad serve --models models &
#   examples/serve/score.sh http://127.0.0.1:8080 bottle new/*.png
# With a token: RD4AD_TOKEN=... examples/serve/score.sh ...
set -euo pipefail
(($# >= 3)) || { echo "usage: score.sh URL MODEL IMAGE..." >&2; exit 2; }
url=$1 model=$2
headers=()
[[ -z ${RD4AD_TOKEN:-} ]] || headers=(--header "Authorization: Bearer $RD4AD_TOKEN")
for image in "${@:3}"; do
    curl --silent --show-error --fail-with-body --max-time 60 "${headers[@]}" --data-binary "@$image" "$url/v2/models/$model/score"
    # The heat map over the image, and the map as float32.
    curl --silent --show-error --fail --max-time 60 "${headers[@]}" --header 'Accept: image/png' --data-binary "@$image" \
        --output "$(basename "$image").heat.png" "$url/v2/models/$model/score"
done
