# start_service ARG...: starts rd4ad serve on a free port and sets `server` to its address and `service` to its process.
start_service() {
    local waited
    : >address
    "$rd4ad" serve --port 0 --threads 1 --poll-s 0.05 "$@" >address 2>service.log &
    service=$!
    servers+=("$service")
    for ((waited = 0; waited < 3000; ++waited)); do
        [[ ! -s address ]] || { server=$(<address) && return; }
        kill -0 "$service" 2>/dev/null || fail "the service ended: $(tail -3 service.log)"
        sleep 0.02
    done
    fail "the service didn't start"
}

# ask STATUS PATH ARG...: asks the service by curl, expects the status, and keeps the body in `out`.
ask() {
    local status
    status=$(curl --silent --show-error --max-time 60 --noproxy '*' --output out --write-out '%{http_code}' "${@:3}" "$server$2") || fail "curl: $2"
    [[ $status == "$1" ]] || fail "$2: status $status, expected $1"
}

# end_service: ends the service by SIGTERM and expects the exit status 0.
end_service() {
    local status=0
    kill -TERM "$service"
    wait "$service" || status=$?
    ((status == 0)) || fail "the service ended with $status: $(tail -3 service.log)"
}

# until_asked STATUS PATH ARG...: asks until the service answers with the status.
until_asked() {
    local waited
    for ((waited = 0; waited < 500; ++waited)); do
        [[ $(curl --silent --noproxy '*' --output out --write-out '%{http_code}' "${@:3}" "$server$2") != "$1" ]] || return 0
        sleep 0.02
    done
    fail "$2: expected the status $1"
}

# Models are served, replaced without a failed request, and marked images calibrate; hostile requests are refused.
case_serve() {
    command -v curl >/dev/null || skip "curl not found"
    needs_python json
    local image=cloth/test/stain/000.png form before number
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --steps 2 "${tiny_training[@]}"
    rm models/*.resume.safetensors
    gives 0 score "$image" --checkpoint models/cloth.safetensors --json
    grep -o '"raw_score":[0-9.]*' out | tail -1 >here
    gives 0 score cloth/test/good "$image" --checkpoint models/cloth.safetensors
    cut -f 1,2 out >scores-here

    start_service --models models --feedback feedback
    ask 200 /v2/health/live
    ask 200 /v2/health/ready
    ask 200 /v2 && says out '"binary_tensor_data"'
    ask 200 /v2/models && says out '"name":"cloth"' '"state":"READY"'
    ask 200 /v2/models/cloth && says out '"shape":[-1,3,64,64]' '"raw_score"' '"score"'
    ask 200 /v2/models/cloth/ready
    ask 200 / && says out "<title>rd4ad"
    ask 200 /v2/models/cloth/score --data-binary "@$image"
    says out "$(<here)" '"is_anomalous":' '"regions":[' '"ms":'
    ask 200 /v2/models/cloth/versions/1/score?heat=1 --data-binary "@$image" && says out '"heat":{'
    ask 200 /v2/models/cloth/score --data-binary "@$image" --header 'Accept: image/png'
    [[ $(od -An -tx1 -j16 -N8 out) == " 00 00 00 40 00 00 00 40" ]] || fail "expected an image of 64 x 64"
    ask 200 /v2/models/cloth/score --data-binary "@$image" --header 'Accept: application/octet-stream' --dump-header headers
    (($(wc -c <out) == 4 * 64 * 64)) && grep -qi '^x-rd4ad-width: 64' headers || fail "expected a map of 64 x 64"
    cp out map
    ask 200 /v2/models/cloth/score --data-binary "@$image" --header 'Accept: image/tiff'
    [[ $(head -c 4 out | od -An -tx1) == " 49 49 2a 00" ]] || fail "expected a TIFF"
    tail -c $((4 * 64 * 64)) out | cmp -s - map || fail "expected the map's values at the end of its TIFF"
    for form in auto json binary; do
        gives 0 score cloth/test/good "$image" --server "$server" --model cloth --tensors "$form"
        cut -f 1,2 out >there
        same_scores scores-here there || fail "$form: other raw scores than locally"
    done

    # Requests go on while the model is replaced, and a broken file keeps the model.
    (for ((number = 0; ; ++number)); do
        curl --silent --noproxy '*' --output /dev/null --write-out '%{http_code}\n' --data-binary "@$image" "$server/v2/models/cloth/score" >>statuses
        sleep 0.01
    done) &
    local scoring=$!
    for number in 1 2 3; do
        before=$(grep -c '"a model is loaded"' service.log)
        cp models/cloth.safetensors next && mv next models/cloth.safetensors
        for ((waited = 0; waited < 500; ++waited)); do
            (($(grep -c '"a model is loaded"' service.log) == before)) || break
            sleep 0.02
        done
        (($(grep -c '"a model is loaded"' service.log) > before)) || fail "the model was not taken up"
    done
    cp models/cloth.safetensors whole
    head -c 100000 whole >next && mv next models/cloth.safetensors
    for ((waited = 0; waited < 500; ++waited)); do
        ! grep -q "can't be loaded" service.log || break
        sleep 0.02
    done
    grep -q "can't be loaded" service.log || fail "expected the reason in the log"
    ask 200 /v2/models/cloth/score --data-binary "@$image"
    kill "$scoring" && { wait "$scoring" || true; }
    [[ $(sort -u statuses) == 200 ]] || fail "expected no failed request: $(sort statuses | uniq -c)"
    cp whole models/other.safetensors
    until_asked 200 /v2/models/other/ready
    rm models/other.safetensors
    until_asked 404 /v2/models/other/ready

    # Images that were judged wrongly calibrate.
    ask 400 /v2/models/cloth/feedback --data-binary "@$image"
    for number in 000 001; do
        ask 200 "/v2/models/cloth/feedback?label=good" --data-binary "@cloth/test/good/$number.png"
        ask 200 "/v2/models/cloth/feedback?label=defect" --data-binary "@cloth/test/stain/$number.png"
    done
    ask 200 "/v2/models/cloth/feedback?label=defect" --data-binary "@cloth/test/good/000.png"
    ask 200 "/v2/models/cloth/feedback?label=good" --data-binary "@cloth/test/good/000.png"
    (($(find feedback -name '*.png' | wc -l) == 4)) || fail "expected four images"
    ask 200 /metrics
    says out 'rd4ad_requests_total{route="score",status="200"}' 'rd4ad_batch_size_bucket{model="cloth",le="1"}' \
        'rd4ad_verdicts_total{model="cloth",' 'rd4ad_feedback_total{model="cloth",label="good"}' 'rd4ad_models 1'
    end_service
    grep -q '"event":"request".*"path":"/v2/models/cloth/score".*"status":200' service.log || fail "expected JSON lines"
    mv whole models/cloth.safetensors
    gives 0 calibrate --checkpoint models --data feedback/cloth.csv --labelled
    says out "(best F1, 2 good images)"

    # Hostile requests.
    echo "0123456789abcdef-token" >token && chmod 600 token
    start_service --models models --token-file token --request-s 1.5 --max-body-mb 2 --quiet
    "$python" "$tests/hostile_requests.py" "${server##*:}" cloth 64 "$(<token)" >out 2>&1 || fail "hostile requests"
    gives 1 score cloth/test/good --server "$server" --model cloth
    complains "status 401" "token"
    gives 0 score cloth/test/good --server "$server" --model cloth --token-file token
    end_service
}

# The page scores files and the camera's images, follows the threshold, and marks wrong verdicts.
case_serve_page() {
    local chromium
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || skip "chromium not found"
    needs_python json
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --steps 2 "${tiny_training[@]}"
    start_service --models models --feedback feedback
    "$python" "$tests/serve_page.py" "$chromium" "$server" cloth/test/stain/000.png cloth/test/good/000.png >out 2>&1 || fail "the page"
    (($(find feedback -name '*.png' | wc -l) == 1)) || fail "expected one image of feedback"
    end_service
}

case_serve_usage() {
    gives 2 serve
    complains_usage serve "--models is missing"
    gives 2 serve --models . --host 0.0.0.0
    complains_usage serve "--host 0.0.0.0" "--token-file"
    gives 1 serve --models nowhere
    complains "nowhere"
    gives 2 serve --models . --drift-window 3
    complains_usage serve "--drift-window '3'" "from 5 to "
    truncate -s 1T token
    gives 1 serve --models . --token-file token
    complains "token: has 1099511627776 bytes"
    rm token
    echo short >token
    gives 1 serve --models . --token-file token
    complains "token: " "at least 16 characters"
    echo 0123456789abcdef >token && chmod 600 token
    gives 1 serve --models . --host 203.0.113.7 --token-file token --port 0
    complains "203.0.113.7"
}

# --feedback replaces nothing that rd4ad did not write, lies not among the models, and is checked before the service starts; SIGHUP
# ends the service as SIGTERM does; files that look like models are told.
case_serve_keeps_originals() {
    command -v curl >/dev/null || skip "curl not found"
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --steps 1 --calibration none "${tiny_training[@]}"
    rm models/*.resume.safetensors
    ln -s models link
    for place in models models/sub link/../models/sub; do
        gives 1 serve --models link --port 0 --feedback "$place"
        complains "$place: is or lies in link"
    done
    [[ $(ls models) == cloth.safetensors ]] || fail "expected nothing new among the models"
    mkdir mine && echo "my list" >mine/cloth.csv
    gives 1 serve --models models --port 0 --feedback mine
    complains "mine/cloth.csv: exists, and rd4ad did not write it"
    echo "a file" >file
    gives 1 serve --models models --port 0 --feedback file
    complains "file"

    cp models/cloth.safetensors "models/my part.safetensors"
    mkdir models/sub.safetensors
    start_service --models models --feedback kept
    says service.log "a file is left out" "my part.safetensors" "can't be loaded" "sub.safetensors: is a folder"
    ask 200 "/v2/models/cloth/feedback?label=good" --data-binary "@cloth/test/good/000.png"
    mv kept taken  # while the service runs
    ask 200 "/v2/models/cloth/feedback?label=good" --data-binary "@cloth/test/good/000.png"
    (($(find kept taken -name '*.png' | wc -l) == 2)) || fail "expected an image in each folder"
    echo "my list" >kept/cloth.csv
    ask 500 "/v2/models/cloth/feedback?label=defect" --data-binary "@cloth/test/stain/000.png"
    says out "cloth.csv: exists, and rd4ad did not write it"
    [[ $(<kept/cloth.csv) == "my list" ]] || fail "expected the list as it was"
    local status=0
    kill -HUP "$service"
    wait "$service" || status=$?
    ((status == 0)) || fail "status $status after SIGHUP, expected 0"
    grep -q '"the service ends"' service.log || fail "expected a regular end"
}
