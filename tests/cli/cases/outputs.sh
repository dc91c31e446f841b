# Cases of what the command writes. command.sh reads this file.

# sums FOLDER: the hashes of its files.
sums() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# A calibrated model of small cloths, trained once per case.
trained() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --steps 4 --calibration hold-out --validation 0.25 "${tiny_training[@]}"
    model=models/cloth.safetensors
}

# No output is an input, by whatever path, in any command.
case_inputs_and_outputs() {
    trained
    mkdir photos && cp cloth/test/good/*.png photos && cp photos/000.png photo.png
    ln -s photos link && ln photo.png twin.json
    echo '{"good/000.png": []}' >boxes.json
    (sums cloth && sums photos && sums models && sha256sum photo.png boxes.json) >before
    local out
    for out in photos photos/ ./photos/new link link/../photos "$folder/photos" none/../photos; do
        gives 1 score photos --checkpoint "$model" --out "$out"
        complains "$out: " "photos, which this run reads"
    done
    gives 1 score photos/*.png --checkpoint "$model" --out photos
    complains "photos: holds photos/000.png, which this run reads"
    gives 1 score photo.png --checkpoint "$model" --out . --overwrite
    complains ".: holds photo.png, which this run reads"
    for out in photo.png twin.json; do
        gives 1 score photo.png --checkpoint "$model" --coco "$out" --overwrite
        complains "$out: is " "this run reads"
    done
    gives 1 score photos --checkpoint "$model" --coco photos/regions.json
    complains "photos/regions.json: lies in photos"
    for out in cloth cloth/test cloth/test/good/new; do
        gives 1 test --data cloth --checkpoint "$model" --save-segmentation-images --out "$out"
        complains "$out: is or lies in cloth"
        gives 1 train --data cloth --out "$out"
        complains "$out: is or lies in cloth"
        gives 1 compare --data cloth --checkpoint "$model" --cmp-bboxes boxes.json --out "$out"
        complains "$out: is or lies in cloth"
        gives 1 probe --data cloth --checkpoint "$model" --out "$out"
        complains "$out: is or lies in cloth"
    done
    gives 1 test --data cloth --checkpoint "$model" --coco cloth/train/good/000.png --overwrite
    complains "cloth/train/good/000.png: is "
    gives 1 train --data cloth --out models --from "$model" --steps 1 --overwrite "${tiny_training[@]}"
    complains "$model: is " "this run reads"
    gives 1 convert --from "$model" --out "$model" --teacher built-in --overwrite
    complains "$model: is "
    (sums cloth && sums photos && sums models && sha256sum photo.png boxes.json) | cmp - before || fail "an input has changed"
}

# A file that rd4ad did not write stays unless --overwrite; its own are replaced, and old results don't mix with new.
case_foreign_files_at_outputs() {
    trained
    mkdir photos && cp cloth/test/good/000.png photos/a.png && cp cloth/test/stain/000.png photos/b.png
    gives 0 score photos --checkpoint "$model" --out results --coco regions.json
    gives 0 score photos --checkpoint "$model" --out results --coco regions.json
    [[ -e results/a.jpg && -e results/b_map.png && ! -e results/.rd4ad.lock ]] || fail "expected the results and no lock"
    mv photos/a.png photos/c.png
    gives 0 score photos --checkpoint "$model" --out results
    says err "results: removed 2 files of an earlier run"
    [[ ! -e results/a.jpg && ! -e results/a_map.png && -e results/c.jpg && -e results/b.jpg ]] || fail "old results among the new"
    gives 0 test --data cloth --checkpoint "$model" --out results
    [[ -e results/c.jpg && -e results/report.html ]] || fail "a test removed a score's results"

    echo mine >results/b.jpg && echo mine >mine.json && echo mine >mine.pth
    gives 1 score photos --checkpoint "$model" --out results
    complains "results/b.jpg: exists" "rd4ad did not write it" "--overwrite"
    gives 1 score photos --checkpoint "$model" --coco mine.json
    complains "mine.json: exists" "--overwrite"
    gives 1 test --data cloth --checkpoint "$model" --coco mine.json
    complains "mine.json: exists"
    gives 1 convert --from "$model" --out mine.pth
    complains "mine.pth: exists"
    echo mine >results/report.html
    gives 1 test --data cloth --checkpoint "$model" --out results
    complains "results/report.html: exists"
    echo mine >results/probe.json && echo mine >results/compare.json
    gives 1 probe --data cloth --checkpoint "$model" --out results
    complains "results/probe.json: exists"
    echo '{"good/000.png": []}' >boxes.json
    gives 1 compare --data cloth --checkpoint "$model" --cmp-bboxes boxes.json --out results
    complains "results/compare.json: exists"
    [[ $(cat results/b.jpg results/report.html results/probe.json results/compare.json mine.json mine.pth | sort -u) == mine ]] ||
        fail "a foreign file was replaced"
    gives 0 score photos --checkpoint "$model" --out results --coco mine.json --overwrite
    [[ $(head -c 1 mine.json) == "[" && $(head -c 3 results/b.jpg | od -An -tx1) == " ff d8 ff" ]] || fail "expected new files"
    gives 1 score photos --checkpoint "$model" --out results --coco results/b.jpg --overwrite
    complains "results/b.jpg: --out writes this file, too"
}

case_export_outputs() {
    trained
    ln -s "$model" alias.onnx && ln "$model" twin.onnx
    sums models >before
    local out
    for out in "$model" alias.onnx twin.onnx models/../alias.onnx; do
        gives 1 export --checkpoint "$model" --out "$out" --overwrite
        complains "$out: is " "this run reads"
    done
    sums models | cmp - before || fail "the checkpoint has changed"
    echo mine >mine.onnx
    gives 1 export --checkpoint "$model" --out mine.onnx
    complains "mine.onnx: exists" "--overwrite"
    gives 0 export --checkpoint "$model" --out graph.onnx
    gives 0 export --checkpoint "$model" --out graph.onnx --half
    gives 0 export --checkpoint "$model" --out mine.onnx --overwrite
    gives 0 export --checkpoint "$model" --format triton --out repository
    gives 0 export --checkpoint "$model" --format triton --out repository
    echo mine >repository/cloth/config.pbtxt
    gives 1 export --checkpoint "$model" --format triton --out repository
    complains "repository/cloth/config.pbtxt: exists"
    [[ $(<repository/cloth/config.pbtxt) == mine ]] || fail "a foreign file was replaced"
    gives 1 export --checkpoint "$model" --format triton --out repository --name ..
    says err "model name '..'"
    # the model of another data set, in a file and in a repository
    mkdir other && "$make_woven" other/cloth 4 1 64 7
    gives 0 train --data other/cloth --out others --steps 1 --calibration none "${tiny_training[@]}"
    sums repository >before
    gives 1 export --checkpoint others/cloth.safetensors --out graph.onnx
    complains "graph.onnx: is a model of 'cloth' with 8 training images" "'cloth' with 4" "--overwrite"
    gives 1 export --checkpoint others/cloth.safetensors --format triton --out repository
    complains "repository/cloth: is a model of 'cloth' with 8" "--overwrite"
    sums repository | cmp - before || fail "the repository has changed"
}

# A model of other images is not replaced, though its data set has the same name.
case_training_outputs() {
    trained
    mkdir other && "$make_woven" other/cloth 8 1 64 7
    sha256sum "$model" >before
    gives 1 train --data other/cloth --out models --steps 2 "${tiny_training[@]}"
    complains "$model: is the model of another data set, 'cloth' with 8 training images" "'cloth' with 8" "--overwrite"
    gives 1 train --data other/cloth --out models --steps 2 --resume --overwrite "${tiny_training[@]}"
    complains "$model: is the model of another data set"
    sha256sum "$model" | cmp - before || fail "the model has changed"
    gives 0 train --data cloth --out models --steps 2 --calibration none "${tiny_training[@]}"
    gives 0 train --data other/cloth --out models --steps 2 --calibration none --overwrite "${tiny_training[@]}"
    sha256sum "$model" | cmp -s - before && fail "expected another model"
    echo mine >models/cloth.safetensors
    gives 1 train --data cloth --out models --steps 2 "${tiny_training[@]}"
    complains "models/cloth.safetensors: exists" "--overwrite"
}

# A page of suspects' name may be taken by another file, which is found before the training and stays.
case_foreign_suspects_page() {
    "$make_woven" cloth 8 1 64
    mkdir models && echo mine >models/cloth.suspects.html
    local steps=(--steps 1 --calibration none "${tiny_training[@]}")
    gives 1 train --data cloth --out models "${steps[@]}"
    complains "models/cloth.suspects.html: exists" "rd4ad did not write it" "--overwrite"
    [[ ! -e models/cloth.safetensors ]] || fail "trained before it looked at its outputs"
    gives_lines 0 train --data cloth --out models --overwrite "${steps[@]}"
    [[ $(<models/cloth.suspects.html) == mine ]] || fail "a foreign file was removed"
}

# Labels, classes and file names lead to no place outside --out.
case_names_in_outputs() {
    trained
    mkdir -p list/images && cp cloth/test/good/000.png list/images/a.png && cp cloth/test/stain/000.png list/images/b.png
    cp list/images/b.png list/images/c.png && cp list/images/b.png list/images/.d.png
    cp cloth/ground_truth/stain/000_mask.png list/images/mask.png
    cat >list/list.csv <<CSV
path,label,split,mask
images/a.png,good,train,
images/b.png,../../escaped,test,images/mask.png
images/c.png,$folder/absolute,test,images/mask.png
images/.d.png,..,test,images/mask.png
CSV
    gives 0 test --data list/list.csv --checkpoint "$model" --save-segmentation-images --out deep/er/results
    local found
    found=$(find . -newer list/list.csv -type f ! -path './deep/er/results/*' ! -name out ! -name err ! -name files)
    [[ -z $found ]] || fail "files outside --out: $found"
    (($(find deep/er/results -name '*.jpg' | wc -l) == 3)) || fail "expected three result images"
    echo '{"b.png": []}' >boxes.json
    gives 0 compare --data list/list.csv --checkpoint "$model" --cmp-bboxes boxes.json --out compared --resamples 9
    found=$(find . -newer boxes.json -type f ! -path './compared/*' ! -name out ! -name err ! -name files)
    [[ -z $found ]] || fail "files outside --out: $found"
}

# Two processes on one --out: the second one names the first.
case_locked_outputs() {
    trained
    rm -f err
    "$rd4ad" train --data cloth --out models --epochs 5000 --calibration none "${tiny_training[@]}" >running 2>&1 &
    local job=$! waited
    servers+=("$job")
    for ((waited = 0; waited < 3000; ++waited)); do
        [[ -s models/.rd4ad.lock ]] && break
        sleep 0.02
    done
    gives 1 train --data cloth --out models "${tiny_training[@]}"
    complains "models: another process writes there: 'rd4ad train, process $job'" "another folder"
    gives 1 test --data cloth --checkpoint "$model" --out models
    complains "models: another process writes there"
    kill -KILL "$job"
    wait "$job" 2>/dev/null || true
    servers=()
    gives 0 test --data cloth --checkpoint "$model" --out models
}

# Standard output that is full or closed ends every command with a line and status 1.
case_standard_output() {
    trained
    echo '{"good/000.png": []}' >boxes.json
    local commands=(
        "--help" "--version" "train --help" "teachers" "teachers --json"
        "train --data cloth --out full --steps 1 --calibration none --inp 64 --bs 4 --threads 1"
        "score cloth/test/good --checkpoint $model" "score cloth/test/good --checkpoint $model --json --out full-score"
        "test --data cloth --checkpoint $model" "test --data cloth --checkpoint $model --json --out full-test"
        "calibrate --checkpoint $model" "calibrate --checkpoint $model --data cloth --labelled --json"
        "compare --data cloth --checkpoint $model --cmp-bboxes boxes.json --resamples 9 --json --out full-compare"
        "probe --data cloth --checkpoint $model --runs 20 --threads 1 --out full-probe"
        "fps --data cloth --checkpoint $model --bs 1 --repetitions 1 --warm-up 0 --json"
        "convert --from $model --out full.pth"
        "bench --algorithms --inp 32 --rounds 1 --threads 1")
    local command status
    for command in "${commands[@]}"; do
        # unquoted: a command with its flags is several words
        status=0
        "$rd4ad" $command >/dev/full 2>err || status=$?
        ((status == 1)) || fail "rd4ad $command >/dev/full: status $status, expected 1"
        message_contains "$(tail -1 err)" "standard output can't be written"
        status=0
        "$rd4ad" $command >&- 2>err || status=$?
        ((status == 1)) || fail "rd4ad $command >&-: status $status, expected 1"
        message_contains "$(tail -1 err)" "standard output is closed"
    done
    [[ -s full-test/results.json && -s full-score/000.jpg && -s full-compare/compare.json && -s full-probe/probe.json ]] ||
        fail "expected the files although standard output is full"
    # a reader that goes away is no reason to lose a training
    status=0
    { "$rd4ad" train --data cloth --out piped --steps 2 --calibration none "${tiny_training[@]}" 2>err || echo $? >status; } | true
    [[ $(cat status) == 1 ]] || fail "expected status 1 for a closed pipe"
    # closed standard error and input: messages go nowhere, and not into a result
    gives 0 train --data cloth --out closed --steps 4 --calibration hold-out --validation 0.25 "${tiny_training[@]}"
    "$rd4ad" train --data cloth --out closed-2 --steps 4 --calibration hold-out --validation 0.25 "${tiny_training[@]}" \
        >/dev/null 2>&- <&- || fail "status $?"
    cmp closed/cloth.safetensors closed-2/cloth.safetensors || fail "expected the same model"
}

# A test that can't write its files prints its table and ends with status 1.
case_files_lost_at_output() {
    trained
    cat >vanish.sh <<'SHELL'
while [[ ! -e gone/.rd4ad ]]; do :; done
while [[ -e gone ]]; do rm -rf gone 2>/dev/null; done
SHELL
    local command
    for command in "test --data cloth --checkpoint $model --save-segmentation-images" "score cloth/test/good --checkpoint $model"; do
        bash vanish.sh &
        # unquoted: a command with its flags is several words
        gives_lines 1 $command --out gone
        wait
        complains_last "gone/" "No such file or directory"
        [[ -s out ]] || fail "expected the results on standard output"
    done
    grep -qE '^cloth/test/good/001\.png' out || fail "expected all scores"
}

# SIGHUP and SIGTERM stop a training as Ctrl-C does.
case_hang_up() {
    trained
    local signal job status waited
    for signal in HUP TERM; do
        rm -f err
        "$rd4ad" train --data cloth --epochs 5000 --calibration none --out "stopped-$signal" "${tiny_training[@]}" >out 2>err &
        job=$! status=0
        for ((waited = 0; waited < 3000; ++waited)); do
            grep -qs 'epoch 2/' err && break
            sleep 0.02
        done
        kill "-$signal" "$job"
        wait "$job" || status=$?
        ((status == 130)) || fail "$signal: status $status, expected 130"
        [[ -s stopped-$signal/cloth.safetensors ]] || fail "$signal: expected a model"
    done
}

# A product that the model does not know changes nothing, nor do images without a good one; a link to a checkpoint stays a link.
case_calibration_stays() {
    trained
    ln -s "$model" link.safetensors
    gives 0 calibrate --checkpoint link.safetensors --false-alarm-rate 0.2
    [[ -L link.safetensors ]] || fail "expected the link"
    sums models >before
    local command
    for command in calibrate "calibrate --data cloth" "probe --data cloth --runs 5" "fps --data cloth" \
        "export --out graph.onnx" "export --format triton --out repository" "score cloth/test/good"; do
        # unquoted: a command with its flags is several words
        gives_lines 1 $command --checkpoint "$model" --product nope
        complains_last "found the product 'nope'" "leave the product out"
    done
    rm -r cloth/test/good
    gives 1 calibrate --checkpoint "$model" --data cloth
    complains "cloth: has no good image to calibrate with"
    gives 1 export --checkpoint "$model" --format triton --out .
    complains "./cloth: is a folder of other files"
    sums models | cmp - before || fail "the model has changed"
    [[ ! -e cloth/config.pbtxt && ! -e graph.onnx ]] || fail "expected no export"
}
