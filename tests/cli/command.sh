#!/usr/bin/env bash
# command.sh RD4AD MAKE-WOVEN CASE: runs one case of the command's behaviour in a new folder.
set -euo pipefail
rd4ad=$1 make_woven=$2 name=$3
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d) servers=()
# clean_up: ends the case's background processes, of which some may have ended, and removes its folder. Keeps the exit status.
clean_up() {
    local server
    for server in "${servers[@]}"; do
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap clean_up EXIT
cd "$folder"

fail() {
    echo "failed: $*" >&2
    [[ -e out ]] && sed 's/^/standard output: /' out >&2
    [[ -e err ]] && sed 's/^/standard error: /' err >&2
    exit 1
}

# keep_files: moves the lines that state a data set's files from err to the file `files`.
keep_files() {
    local stated='^(.*: )?(at least )?[0-9]+ files?: [0-9]+ used|^(.*: )?read as: |: left out, no data set: '
    grep -E "$stated" err >files || true
    grep -vE "$stated" err >rest || true
    mv rest err
}

# gives STATUS ARG...: runs the command, expects its exit status, and keeps its output in the files out, err and files.
gives() {
    local wanted=$1 status=0
    shift
    "$rd4ad" "$@" >out 2>err || status=$?
    keep_files
    ((status == wanted)) || fail "rd4ad $*: status $status, expected $wanted"
    ((status == 0 || $(wc -l <err) == 1)) || fail "expected one line on standard error"
}

# gives_lines STATUS ARG...: as gives, but allows progress on standard error before the message.
gives_lines() {
    local wanted=$1 status=0
    shift
    "$rd4ad" "$@" >out 2>err || status=$?
    keep_files
    ((status == wanted)) || fail "rd4ad $*: status $status, expected $wanted"
}

# says FILE TEXT...: the file contains each text.
says() {
    local file=$1 text
    shift
    for text in "$@"; do grep -qF -- "$text" "$file" || fail "expected in $file: $text"; done
}

# message_contains LINE TEXT...: the line is a message of the command and contains each text.
message_contains() {
    local line=$1 text
    shift
    [[ $line == "rd4ad: "* ]] || fail "expected a message that begins with rd4ad: and found: $line"
    # the command's words are flags, not the library's functions and settings
    [[ ! $line =~ ^rd4ad:\ (([a-z0-9]+_[a-z0-9_]+):|.*(options\.[a-z]|::)) || -e ${BASH_REMATCH[2]:-} ]] ||
        fail "expected no name of the library in: $line"
    for text in "$@"; do [[ $line == *"$text"* ]] || fail "expected in the message: $text"; done
}

# complains TEXT...: standard error is one message with each text, and standard output is empty.
complains() {
    message_contains "$(<err)" "$@"
    [[ ! -s out ]] || fail "expected nothing on standard output"
}

# complains_last TEXT...: the last line on standard error is a message with each text.
complains_last() { message_contains "$(tail -1 err)" "$@"; }

# complains_usage COMMAND TEXT...: as complains, and the message refers to the command's help ("" for rd4ad's).
complains_usage() { complains "${@:2}" "(see rd4ad ${1:+$1 }--help)"; }

# same_scores A B [DIFFERENCE]: two files of paths and scores agree to the difference, by default 1e-5.
same_scores() { paste "$1" "$2" | awk -F '\t' -v most="${3:-1e-5}" '$1 != $3 || $2 - $4 > most || $4 - $2 > most { exit 1 }'; }

# skip REASON: ends the case with the exit status that CTest counts as skipped.
skip() {
    echo "SKIPPED: $1"
    exit 77
}

# needs_python MODULE...: skips the case unless Python has every module; sets `python`.
needs_python() {
    python=${RD4AD_TEST_PYTHON:-python3}
    local module
    for module in "$@"; do
        "$python" -c "import $module" 2>/dev/null || skip "$python has no $module; set RD4AD_TEST_PYTHON or RD4AD_TORCH_PYTHON"
    done
}

tiny_training=(--inp 64 --bs 4 --threads 1 --folds 2)  # two folds: each begins with new initial values

case_help() {
    gives 0 --help
    says out "Example:"
    local command
    for command in train test score calibrate compare fps serve export verify fetch teachers convert bench; do
        gives 0 --help
        says out "  $command "
        gives 0 "$command" --help
        says out "Example:"
        says out "  rd4ad $command "
        [[ $command == @(export|fetch|teachers|convert) ]] || says out "--threads N"
        [[ ! -s err ]] || fail "expected nothing on standard error"
    done
    gives 0 --version
    grep -qxE 'rd4ad [0-9]+\.[0-9]+\.[0-9]+ \(instruction set [a-z0-9]+\)' out && (($(wc -l <out) == 1)) || fail "expected the version"
    gives 0 --version --verbose
    grep -qE '^rd4ad [0-9]+\.[0-9]+\.[0-9]+ ' out || fail "expected the version"
    grep -qE '^JPEG decoder: +(libjpeg-turbo|stb_image)' out || fail "expected the JPEG decoder"
    grep -qE '^TIFF decoder: +(libtiff|none)' out && grep -qE '^WebP decoder: +(libwebp|none)' out || fail "expected decoders"
    grep -qE '^backends: +(xtensor|thrust)' out && grep -q '^export: ' out && grep -q '^HTTP: ' out || fail "expected the parts"
    grep -qE '^data files: +/' out || fail "expected the folder of the data files"
    gives 2 --version --verbos
    complains_usage "" "--version --verbos: expected --verbose"
}

case_usage() {
    gives 2
    complains_usage "" "no command" "train, test, score, calibrate, probe, compare, fps, serve, export, verify, fetch, teachers, convert or bench"
    gives 2 tran
    complains_usage "" "unknown command tran" "did you mean train?"
    gives 2 --verson
    complains_usage "" "unknown flag --verson" "did you mean --version?"
    gives 2 train --epoch 3
    complains_usage train "unknown flag --epoch" "did you mean --epochs?"
    gives 2 test --save-segmentation-image
    complains_usage test "unknown flag --save-segmentation-image" "did you mean --save-segmentation-images?"
    gives 2 score --xyzzyxyzzy
    complains_usage score "unknown flag --xyzzyxyzzy (see"
    gives 2 train somewhere
    complains_usage train "'somewhere'" "expected flags only"
    gives 2 train --out models
    complains_usage train "--data is missing"
    gives 2 train --data . --out models --epochs ten
    complains_usage train "--epochs 'ten'" "a whole number of at least 1"
    gives 2 train --data . --out models --epochs 0
    complains_usage train "--epochs '0'" "a whole number of at least 1"
    gives 2 train --data . --out models --reset-every often
    complains_usage train "--reset-every 'often'" "a whole number of at least 0"
    gives 2 train --data . --out models --lr fast
    complains_usage train "--lr 'fast'" "number"
    gives 2 train --data . --out models --cache-gb -1
    complains_usage train "--cache-gb '-1'" "a number from 0 to 1000000"
    gives 2 train --data . --out models --algorithm fft
    complains_usage train "--algorithm 'fft'" "one of auto, im2col, winograd, winograd-2x2"
    gives 2 train --data . --out models --backend cuda
    complains_usage train "--backend 'cuda'" "one of xtensor, thrust, onednn, onednn-bf16"
    gives 2 test --data . --checkpoint models --save-segmentation-images
    complains_usage test "--save-segmentation-images needs --out DIR"
    gives 2 export --checkpoint a.safetensors --format tensorrt --out b
    complains_usage export "--format 'tensorrt'" "one of onnx, triton"
    gives 2 export --checkpoint a.safetensors
    complains_usage export "--out is missing"
    gives 2 verify --onnx a.onnx --checkpoint a.safetensors --data . --runtime tensorrt
    complains_usage verify "--runtime 'tensorrt'" "onnxruntime, openvino"
    gives 2 verify --onnx a.onnx --checkpoint a.safetensors --data . --batches 0
    complains_usage verify "--batches '0'" "whole numbers from 1 to 9999"
    gives 2 export --checkpoint a.safetensors --out b --name c
    complains_usage export "--name c" "triton"
    gives 2 score a.png --checkpoint models --server http://localhost:8000
    complains_usage score "--checkpoint" "--server" "give one of them"
    gives 2 score a.png --server http://localhost:8000
    complains_usage score "--model is missing"
    gives 2 fetch
    complains_usage fetch "nothing to fetch" "resnet18, resnet34, resnet50 or wide_resnet50_2"
    gives 2 fetch resnet18 resnet34 --from http://localhost/file
    complains_usage fetch "--from http://localhost/file" "a folder, ending in /"
    gives 2 fetch resnet18 --sha256 xyz
    complains_usage fetch "--sha256 'xyz'" "8 to 64 digits of 0-9a-f"
    gives 2 convert --from a.safetensors --out b.onnx
    complains_usage convert "--out b.onnx" ".safetensors" ".pth"
    gives 2 convert --from a.pth --out b.safetensors
    complains_usage convert "--teacher is missing"
    gives 2 convert --from a.safetensors --out b.pth --inp 64
    complains_usage convert "--out b.pth" "neither --teacher nor --inp"
    gives 2 train --data . --out models --inp 64,32
    complains_usage train "--inp '64,32'" "a whole number of at least 1" "640x256"
    gives 2 train --data . --out models --patch-size 64 --patches-per-row 2
    complains_usage train "--patch-size" "--patches-per-row" "--patches-per-column" "give one or the other"
    gives 2 train --data . --out models --fit native --patch-size 64 --inp 64
    complains_usage train "--fit native" "--inp" "give --patch-size alone"
    gives 2 calibrate --checkpoint models --labelled
    complains_usage calibrate "--labelled needs --data DIR"
    gives 2 calibrate --checkpoint models --false-alarm-rate 2
    complains_usage calibrate "--false-alarm-rate '2'" "above 0 and below 1"
    gives 2 score --checkpoint models
    complains_usage score "nothing to score" "images or folders"
}

case_failures() {
    "$make_woven" cloth 2 1 64
    gives 1 train --data nowhere --out models
    complains "nowhere" "no such folder"
    mkdir empty
    gives 1 train --data empty --dataset folder --out models
    says err "empty" "holds no images"
    gives 1 train --data cloth --out models --inp 100
    says err "100"
    gives 1 train --data cloth --out models --teacher cloth/train/good/000.png
    says err "cloth/train/good/000.png" "safetensors" "PyTorch checkpoint"
    gives 2 train --data cloth --out models --arch resnet50
    complains_usage train "--arch resnet50" "resnet18" "rd4ad fetch resnet50" "--teacher resnet50-imagenet" "--teacher none"
    gives 1 train --data cloth --out models --arch resnet19
    says err "resnet19"
    gives 1 train --data cloth --out models --resume
    says err "models/cloth.safetensors"
    gives 1 test --data cloth --checkpoint nowhere.safetensors
    complains "nowhere.safetensors" "no such file" "rd4ad train"
    mkdir no_models
    gives 1 test --data cloth --checkpoint no_models
    complains "no_models" "expected the checkpoint cloth.safetensors, found none"
    gives 1 score cloth/train/good/000.png --checkpoint cloth/train/good/001.png
    says err "cloth/train/good/001.png"
}

case_train_test_score() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --epochs 2 --calibration none "${tiny_training[@]}"
    says out "teacher: built-in (resnet18, Tiny ImageNet); " "rd4ad fetch resnet18, then --teacher resnet18-imagenet"
    says out "cloth: resnet18, 8 images, 4 steps, loss "
    says out "cloth: no threshold: 0 validation images and 8 training images" "expected at least 2 of the first" "rd4ad calibrate"
    says err "cloth: epoch 2/2, loss "
    [[ -s models/cloth.safetensors && -s models/cloth.resume.safetensors ]] || fail "expected a checkpoint and its resume file"

    gives 0 test --data cloth --checkpoint models --json --save-segmentation-images --out results
    local key
    for key in image_auroc pixel_auroc aupro aupro_per_image image_ap pixel_ap best_f1 best_f1_raw_threshold; do
        grep -qE "^  \"$key\": [0-9.e-]+,$" out || fail "expected a number for $key"
    done
    says out '"images": 6,'
    says out '"false_alarm_count": null,'
    says out '"false_alarm_rate": null,'
    grep -qE '"seconds": [0-9.e-]+,$' out || fail "expected a number for seconds"
    says out '"teacher": "built-in (resnet18, Tiny ImageNet)"'
    cmp out results/results.json || fail "expected the same JSON in results.json"
    for key in good/000 good/001 scratch/000 scratch/001 stain/000 stain/001; do
        [[ $(head -c 3 results/$key.jpg | od -An -tx1) == " ff d8 ff" ]] || fail "expected a JPEG at $key.jpg"
        # the PNG header: 64 x 64, 16 bit, grey
        [[ $(od -An -tx1 -j16 -N10 results/${key}_map.png) == " 00 00 00 40 00 00 00 40 10 00" ]] || fail "expected a map at $key"
    done

    [[ $(wc -l <results/results.csv) == 7 && $(head -n 1 results/results.csv) == class,file,label,kind,raw_score,score,regions,ms,error ]] ||
        fail "expected one line per image in results.csv"
    grep -qE '^cloth,test/scratch/001\.png,defect,scratch,[0-2]\.[0-9]{6},' results/results.csv || fail "expected an image's line"
    grep -qE '^\| cloth \| [01]\.[0-9]{4} \|' results/results.md || fail "expected the class's row in Markdown"
    grep -q '"title":"cloth"' results/report.html || fail "expected the data in report.html"
    grep -qF '@RD4AD_REPORT@' results/report.html && fail "the report's mark is still there"
    gives 2 test --data cloth --checkpoint models --report-mb -1
    complains_usage test "--report-mb '-1'" "a number from 0 to 500"

    gives 0 test --data cloth --checkpoint models/cloth.safetensors
    says out "class  image AUROC  pixel AUROC  AUPRO  per image  image AP  pixel AP  best F1  raw threshold  false alarms  detected  images  seconds"
    grep -qE '^cloth  +[01]\.[0-9]{4} ' out || fail "expected a row of the table"

    mkdir -p several/a several/b
    cp -r cloth/* several/a && cp -r cloth/* several/b
    gives 0 test --data several --class-names all --checkpoint models --json
    says out '"classes": {'
    says out '"mean": {'
    gives 1 test --data several --class-names a,c --checkpoint models
    complains several "class" "a, b"

    mkdir plain && cp cloth/test/stain/*.png plain && echo "no image" >plain/note.txt
    gives 0 score plain cloth/test/good/000.png --checkpoint models/cloth.safetensors --out scored
    (($(wc -l <out) == 3)) || fail "expected three lines"
    grep -qE $'^plain/000\\.png\t[0-2]\\.[0-9]{6}\t[0-9.]+$' out || fail "expected path, raw score and milliseconds"
    [[ -s scored/000.jpg && -s scored/000_map.png && -s scored/000-2.jpg && -s scored/001.jpg ]] || fail "expected result images"
    gives 0 score --checkpoint models/cloth.safetensors --json -- cloth/test/good/000.png
    grep -qE '^\{"is_anomalous":null,"ms":[0-9.e+-]+,"path":"cloth/test/good/000\.png","raw_score":[0-9.e-]+,"regions":\[\],"score":null\}$' out ||
        fail "expected a JSON object"
    cp plain/note.txt note.png
    gives 1 score note.png --checkpoint models/cloth.safetensors
    says err "rd4ad: note.png: " "not an image"
}

# A shell script stands in for the runtime: it fails, or returns wrong results. case_verify_with_onnxruntime and
# scripts/check-export test real runtimes.
case_export_and_verify() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    gives 0 export --checkpoint models/cloth.safetensors --out cloth.onnx
    says out "cloth.onnx: resnet18, 64 x 64"
    gives 0 export --checkpoint models/cloth.safetensors --out half.onnx --half
    (($(wc -c <half.onnx) * 100 < $(wc -c <cloth.onnx) * 52)) || fail "expected half the bytes"
    gives 1 export --checkpoint cloth.onnx --out other.onnx
    says err "cloth.onnx"

    local verify=(verify --onnx cloth.onnx --checkpoint models/cloth.safetensors --data cloth --runtime onnxruntime --threads 1)
    gives 1 verify --onnx none.onnx --checkpoint models/cloth.safetensors --data cloth
    complains "none.onnx: no such file" "rd4ad export"
    gives 1 "${verify[@]}" --python ./nowhere
    complains "./nowhere: " "No such file or directory"
    printf '#!/bin/sh\nexit 3\n' >python && chmod +x python
    gives 1 "${verify[@]}" --python ./python
    complains "./python: ended with status 3"
    # arguments: the runner, the runtime, the graph, the folder; three images of 64 x 64
    cat >python <<'SHELL'
#!/bin/sh
head -c $((3 * 64 * 64 * 4)) /dev/zero >"$4/maps"
head -c $((3 * 4)) /dev/zero >"$4/raw_scores"
echo '{"version": "0", "description": null}' >"$4/about.json"
SHELL
    status=0
    "$rd4ad" "${verify[@]}" --python ./python >out 2>err || status=$?
    ((status == 1)) || fail "status $status, expected 1"
    says err "cloth.onnx: differs from models/cloth.safetensors by more than 1e-4 of a map's range or 1e-5 of a raw score"
    grep -qE '^onnxruntime 0 +5 +3 +[0-9.e+-]+ +[0-9.e+-]+ +equal$' out || fail "expected a row of the table"
    gives 0 "${verify[@]}" --batches 5 --map-tolerance 1e15 --raw-score-tolerance 9 --json --python ./python
    says out '"differences": [' '"swapped_pairs": 0' '"files": {' '"found": 9'
    sed -i 's/null/{"format": "another"}/' python
    gives 1 "${verify[@]}" --python ./python
    says err "cloth.onnx: " "rd4ad graph 2" "export"
    sed -i 's/3 \* 64 \* 64/2 * 64 * 64/; s/{"format": "another"}/null/' python
    gives 1 "${verify[@]}" --python ./python
    says err "maps: has 32768 bytes, expected 49152"
}

case_verify_with_onnxruntime() {
    needs_python numpy onnxruntime
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --epochs 1 --map positions "${tiny_training[@]}"
    gives 0 export --checkpoint models/cloth.safetensors --out cloth.onnx
    gives 0 verify --onnx cloth.onnx --checkpoint models/cloth.safetensors --data cloth --runtime onnxruntime --python "$python" --json
    (($(grep -cE '"swapped_pairs": 0,' out) == 2)) || fail "expected the same order for two batch sizes"
    says out '"differences": [' '"files": {' '"found": 18'
    gives 0 train --data cloth --out cut --epochs 1 --bs 4 --threads 1 --inp 128 --patches-per-row 2 --patches-per-column 2 --folds 2 --map scales
    gives 0 export --checkpoint cut/cloth.safetensors --out cut.onnx
    gives 0 verify --onnx cut.onnx --checkpoint cut/cloth.safetensors --data cloth --runtime onnxruntime --python "$python"
    gives 1 verify --onnx cut.onnx --checkpoint models/cloth.safetensors --data cloth --runtime onnxruntime --python "$python"
    complains "cut.onnx: " "another input than the checkpoint's" "export it again"
    gives 0 train --data cloth --out others --epochs 1 --seed 2 --calibration none "${tiny_training[@]}"
    status=0
    "$rd4ad" verify --onnx cloth.onnx --checkpoint others/cloth.safetensors --data cloth --runtime onnxruntime \
        --python "$python" >out 2>err || status=$?
    ((status == 1)) || fail "status $status, expected 1 for another checkpoint"
}

# start_server SCRIPT ARG...: starts a server of the tests and sets `port`. The server ends with the case.
start_server() {
    rm -f port
    "${python:-python3}" "$tests/$1" "${@:2}" 2>server.log &
    local job=$! waited
    servers+=("$job")
    for ((waited = 0; waited < 1500; ++waited)); do
        [[ ! -e port ]] || { port=$(<port) && return; }
        kill -0 "$job" 2>/dev/null || fail "the server ended: $(tail -3 server.log)"
        sleep 0.02
    done
    fail "the server didn't start"
}

# A server returns the local scores, with tensors in JSON and in binary.
case_score_on_server_with_onnxruntime() {
    needs_python numpy onnxruntime
    "$make_woven" cloth 8 3 64
    gives 0 train --data cloth --out models --epochs 1 --map positions "${tiny_training[@]}"
    gives 0 export --format triton --checkpoint models/cloth.safetensors --out repository --max-batch 4
    says out "repository/cloth: resnet18, 64 x 64"
    local images=(cloth/test/good cloth/test/stain cloth/test/scratch/000.png) form server image size
    gives 0 score "${images[@]}" --checkpoint models/cloth.safetensors --json --out results-here
    grep -o '"map_white":[0-9.]*\|"is_anomalous":[a-z]*' out >verdicts-here
    gives 0 score "${images[@]}" --checkpoint models/cloth.safetensors
    cut -f 1,2 out >here
    cut -f 1,4 out >scores-here
    (($(wc -l <here) == 7)) || fail "expected seven scores"
    start_server kserve_server.py repository port
    server=http://127.0.0.1:$port
    for form in auto json binary; do
        gives 0 score "${images[@]}" --server "$server" --model cloth --tensors "$form" --out "results-$form"
        cut -f 1,2 out >there
        same_scores here there || fail "$form: other raw scores than locally"
        cut -f 1,4 out >there
        # Raw scores of good images lie within 0.03 here: the calibration multiplies a difference of 1e-5 by about 60.
        same_scores scores-here there 6e-4 || fail "$form: other scores than locally"
        [[ -s results-$form/000_map.png && -s results-$form/000.jpg ]] || fail "expected result images"
    done
    # The heat maps have the colours of the threshold, and the maps their range, as locally.
    gives 0 score "${images[@]}" --server "$server" --model cloth --json --out results-json-text
    grep -o '"map_white":[0-9.]*\|"is_anomalous":[a-z]*' out | cmp - verdicts-here || fail "expected the local verdicts and range"
    for image in 000 001 002; do
        size=$(($(wc -c <results-here/$image.jpg) - $(wc -c <results-auto/$image.jpg)))
        ((size >= -40 && size <= 40)) || fail "expected the local colours in $image.jpg"
    done
    gives 1 score cloth/test/good --server "$server" --model other
    complains "$server/v2/models/other: " "status 400" "unknown model: 'other'"
    sed -i 's/key: "rd4ad"/key: "rd5"/; s/rd4ad graph 2/rd4ad graph 9/' repository/cloth/config.pbtxt
    cp -r repository/cloth repository/changed && sed -i 's/name: "cloth"/name: "changed"/' repository/changed/config.pbtxt
    gives 1 score cloth/test/good --server "$server" --model changed
    complains "$server/v2/models/changed: " "rd4ad graph 9" "rd4ad graph 2" "export the model again"
    gives 0 train --data cloth --out cut --epochs 1 --bs 4 --threads 1 --inp 96 --fit pad --patches-per-row 2 --patches-per-column 2 --calibration none
    gives 0 export --format triton --checkpoint cut/cloth.safetensors --out cut-repository --max-batch 3
    gives 0 score "${images[@]}" --checkpoint cut/cloth.safetensors
    cut -f 1,2 out >here-cut
    start_server kserve_server.py cut-repository port
    gives 0 score "${images[@]}" --server "http://127.0.0.1:$port" --model cloth
    cut -f 1,2 out >there
    same_scores here-cut there || fail "patches: other scores than locally"
    start_server kserve_server.py repository port json
    sed -i 's/rd4ad graph 9/rd4ad graph 2/' repository/cloth/config.pbtxt
    server=http://127.0.0.1:$port/
    gives 0 score "${images[@]}" --server "$server" --model cloth
    cut -f 1,2 out >there
    same_scores here there || fail "other scores than locally"
    gives 1 score "${images[@]}" --server "$server" --model cloth --tensors binary
    complains "http://127.0.0.1:$port/v2/models/cloth/infer: " "status 400" "binary tensors are not supported"
    gives 1 score "${images[@]}" --server http://127.0.0.1:1 --model cloth
    says err "rd4ad: http://127.0.0.1:1/v2: no answer: "
}

# A server that sends without end fills no memory.
case_endless_answer_of_server() {
    needs_python http.server
    export no_proxy=127.0.0.1
    "$make_woven" cloth 4 1 64
    echo weights >weights
    start_server weights_server.py weights port
    gives 1 score cloth/test/good --server "http://127.0.0.1:$port/endless" --model cloth
    complains "http://127.0.0.1:$port/endless/v2: the answer is larger than expected" "16777216 bytes" "check the address"
}

# A file of random bytes stands in for torchvision's, by its hash. RD4AD_CACHE is the cache.
case_fetch() {
    needs_python http.server
    head -c 300000 /dev/urandom >weights
    local hash name=resnet18-f37072fd.pth server
    hash=$(sha256sum weights) hash=${hash:0:16}
    export RD4AD_CACHE=$folder/cache no_proxy=127.0.0.1
    start_server weights_server.py weights port
    server=http://127.0.0.1:$port
    # fetches STATUS ADDRESS ARG...: fetches into an empty cache
    fetches() {
        rm -rf cache
        gives_lines "$1" fetch resnet18 --from "$server/$2" --sha256 "$hash" --timeout 1 --tries 2 "${@:3}"
    }
    whole() { cmp weights cache/$name && [[ ! -e cache/$name.part ]] || fail "$1: expected the whole file and no partial file"; }
    nothing() { [[ ! -e cache/$name ]] || fail "$1: expected no file"; }

    local way
    for way in good no-ranges redirect breaks stalls; do
        fetches 0 "$way"
        whole "$way"
        [[ $(<out) == "$folder/cache/$name" ]] || fail "$way: expected the file's path"
    done
    says err "resnet18-f37072fd.pth: Operation too slow"
    gives 0 fetch resnet18 --from "$server/404" --sha256 "$hash"
    [[ $(<out) == "$folder/cache/$name exists already" ]] || fail "expected no second download"

    fetches 1 404
    complains_last "$server/404: " "status 404" "--from"
    nothing 404
    fetches 1 500
    complains_last "$server/500: " "status 500" "--from"
    fetches 1 huge
    complains_last "$server/huge: " "announces 5000000000 bytes" "at most 1073741824" "--from"
    fetches 1 endless
    complains_last "$server/endless: " "more than 1073741824 bytes" "--from"
    nothing endless
    fetches 1 wrong
    says err "$server/wrong: sent 300000 bytes whose SHA-256 is "
    says err ", expected $hash...: " "--from"
    nothing wrong
    fetches 1 long
    says err "$server/long: sent 150000 bytes whose SHA-256 is "
    nothing long
    fetches 1 around
    says err "rd4ad: $server/around: Maximum (10) redirects followed"
    fetches 1 elsewhere
    nothing elsewhere
    fetches 0 short # the server announces too much; its second answer, 416, states that the file is complete
    whole short

    # continues a partial file; discards a partial file of other content
    rm -rf cache && mkdir cache && head -c 123456 weights >cache/$name.part
    gives_lines 0 fetch resnet18 --from "$server/good" --sha256 "$hash"
    whole resumed
    local asked
    asked=$("$python" -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode().split("\n")[-2])' "$server/log")
    [[ $asked == "/good bytes=123456-" ]] || fail "expected a resumed request, found $asked"
    rm -rf cache && mkdir cache && head -c 123456 /dev/zero >cache/$name.part
    gives_lines 0 fetch resnet18 --from "$server/good" --sha256 "$hash"
    whole "another beginning"
    head -c 300000 /dev/zero >cache/$name
    gives_lines 0 fetch resnet18 --from "$server/good" --sha256 "$hash"
    whole "damaged in the cache"
    says err "$folder/cache/$name: " "SHA-256 is wrong"

    # from a file, from a folder of a mirror, and by the name that training knows
    rm -rf cache
    gives 0 fetch resnet18 --from weights --sha256 "$hash"
    whole "from a file"
    gives 1 fetch resnet34 --from weights
    says err "weights: its SHA-256 is ${hash:0:8}..., expected b627a593..."
    gives_lines 1 fetch resnet18 --from "$server/404/"
    says err "$folder/cache/$name: " "SHA-256 is wrong"
    says err "rd4ad: $server/404/$name: "
    gives 1 fetch resnet19
    complains "resnet19" "resnet18, resnet34, resnet50, wide_resnet50_2"
    "$make_woven" cloth 2 1 64
    gives 1 train --data cloth --out models --teacher resnet34-imagenet
    complains "$folder/cache/resnet34-b627a593.pth: " "rd4ad fetch resnet34"
    gives 0 teachers
    grep -qE "^built-in +built in +[0-9.]+ MB  .*teacher_resnet18.safetensors$" out || fail "expected the built-in teacher"
    grep -qE "^resnet18-imagenet +in the cache +0.3 MB  $folder/cache/$name$" out || fail "expected the cached teacher"
    grep -qE "^resnet34-imagenet +rd4ad fetch resnet34 +87.3 MB  https://" out || fail "expected a teacher to fetch"

    # two processes: one downloads, the other waits and finds the file
    rm -rf cache
    local first second
    "$rd4ad" fetch resnet18 --from "$server/stalls" --sha256 "$hash" --timeout 2 >out-1 2>err-1 &
    first=$!
    "$rd4ad" fetch resnet18 --from "$server/good" --sha256 "$hash" --timeout 2 >out-2 2>err-2 &
    second=$!
    wait "$first" && wait "$second" || fail "expected both to succeed"
    whole "two at once"
    [[ $(cat out-1 out-2 | grep -c "exists already") == 1 ]] || fail "expected one to find the other's file"
}

case_compare() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    local wanted=(compare --data cloth --checkpoint models)
    gives 2 "${wanted[@]}"
    complains_usage compare "either --cmp-bboxes or --cmp-coco"
    cat >other.json <<'JSON'
{"good/000.png": [], "good/001.png": [{"bbox": {"left": 0.1, "top": 0.1, "width": 0.2, "height": 0.2}, "labels": {"dent": 0.6}}],
 "scratch/000.png": [{"bbox": {"left": 0, "top": 0, "width": 1, "height": 1}, "labels": {"dent": 0.9}}], "unmatched.png": []}
JSON
    gives 1 "${wanted[@]}" --cmp-bboxes nowhere.json --pred-threshold 1
    says err "nowhere.json: "
    # No map reaches 3, so rd4ad finds every image good, and only rd4ad is correct where the other program has a false alarm.
    gives 0 "${wanted[@]}" --cmp-bboxes other.json --pred-threshold 3 --resamples 20 --out compared
    says out "compared: 3 of 6 test images; raw threshold 3.0000"
    says out "by one program only: 1 by rd4ad, 1 by the external program"
    says out "test images that are not in the file (3): cloth/test/scratch/001.png, cloth/test/stain/000.png, cloth/test/stain/001.png"
    says out "names in the file that match no test image (1): unmatched.png"
    grep -qE '^accuracy  +0\.6667  +0\.6667  +\+0\.0000 ' out || fail "expected the accuracies"
    [[ -s compared/only_rd4ad_correct/good_001.jpg && -s compared/only_external_correct/scratch_000.jpg ]] || fail "expected images"
    gives 0 "${wanted[@]}" --cmp-bboxes other.json --pred-threshold 0 --resamples 20 --json
    says out '"only_external_correct": [' '"raw_threshold": ' '"ap50": {' '"rd4ad_on_all": '
    says out '"cloth/test/good/000.png"'
    echo '[{"image_id": "good/000.png", "bbox": [1, 1, 5, 5], "score": 0.5}]' >coco.json
    gives 0 "${wanted[@]}" --cmp-coco coco.json --pred-threshold 3 --resamples 20
    says out "compared: 1 of 6 test images"
    # Two classes, each with its own model; the folders distinguish equal names.
    mkdir -p all/a all/b
    cp -r cloth/* all/a && cp -r cloth/* all/b
    cat >both.json <<'JSON'
{"a/test/good/000.png": [], "a/test/scratch/000.png": [], "b/test/good/000.png": [{"bbox": {"left": 0, "top": 0, "width": 1, "height": 1},
 "labels": {"dent": 0.9}}], "b/test/scratch/000.png": [], "unmatched.png": []}
JSON
    local several=(compare --data all --checkpoint models --pred-threshold 3 --resamples 20)
    gives 0 "${several[@]}" --class-names a,b --cmp-bboxes both.json --out several
    says out "mean of 2 classes"
    says out "compared: 4 of 12 test images"
    (($(grep -c '^accuracy ' out) == 3)) || fail "expected a table for each class and for the mean"
    grep -qE '^accuracy  +0\.5000  +0\.2500  +\+0\.2500 ' out || fail "expected the mean accuracies"
    says out "names in the file that match no test image (1): unmatched.png"
    [[ -s several/b/only_rd4ad_correct/good_000.jpg && ! -e several/a/only_rd4ad_correct ]] || fail "expected one class's image"
    says several/compare.json '"classes": {'
    says several/compare.json '"mean": {'
    gives 0 "${several[@]}" --multimodal --cmp-bboxes both.json
    says out "compared: 4 of 12 test images; raw threshold 3.0000"
    echo '{"a/test/good/000.png": []}' >one.json
    gives 1 "${several[@]}" --class-names all --cmp-bboxes one.json
    complains "no test image of the classes b;" "--class-names"
    echo '{"000.png": []}' >twice.json
    gives 1 "${wanted[@]}" --cmp-bboxes twice.json --pred-threshold 1
    says err "000.png" "3 test images"
}

case_fps() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    gives 0 fps --data cloth --checkpoint models --bs 1,3 --repetitions 2 --warm-up 1 --threads 1
    says out "resnet18, 64 x 64, on "
    local what
    for what in network "end to end" folder; do
        grep -qE "^    3  $what  +[0-9.]+  +[0-9.]+  +[0-9.]+$" out || fail "expected a row of $what for batch 3"
    done
    grep -qE '^peak memory: [0-9]+ MB$' out || fail "expected the memory"
    gives 0 fps --data cloth --checkpoint models --bs 2 --repetitions 2 --warm-up 1 --json
    local key
    for key in arch backend blas instruction_set processor threads peak_mb median_ms p95_ms images_per_second; do says out "\"$key\": "; done
    (
        unset RD4AD_THREADS
        processors=$(taskset -cp "$BASHPID") && taskset -cp "${processors##*[ ,-]}" "$BASHPID" >/dev/null || exit 0
        gives 0 fps --data cloth --checkpoint models --bs 1 --repetitions 1 --warm-up 0 --json
        grep -qE '"threads": 1,?$' out || fail "expected one thread"
    ) || exit 1
    mkdir -p all/a all/b
    cp -r cloth/* all/a && cp -r cloth/* all/b
    gives 0 fps --data all --class-names a,b --checkpoint models --bs 1 --repetitions 1 --warm-up 1
    says out "a: resnet18, 64 x 64, on "
    says out "mean of 2 classes"
    (($(grep -cE '^    1  network  +[0-9.]+  +[0-9.]+  +[0-9.]+$' out) == 3)) || fail "expected a row for each class and the mean"
    gives 0 fps --data all --class-names all --checkpoint models --bs 1 --repetitions 1 --warm-up 1 --json
    says out '"mean": {'
    gives 2 fps --data cloth --checkpoint models --bs 1,x
    complains_usage fps "--bs '1,x'" "whole numbers from 1 to 4096"
}

# The flags of the RD4AD fork give what the commands give.
case_legacy_flags() {
    mkdir datasets && "$make_woven" datasets/bsd 8 1 64
    gives 0 train --data datasets/bsd --out models --epochs 1 "${tiny_training[@]}"
    gives 0 test --data datasets/bsd --checkpoint models --json
    grep -v '"seconds"' out >direct
    gives 0 --action-type norm-test --dataset bsd --checkpoint models --load-preds --gpu 0 --json
    grep -v '"seconds"' out | cmp - direct || fail "expected what rd4ad test gives"
    says err "rd4ad test --data datasets/bsd --checkpoint models --json"
    says err "ignored" "--load-preds, --gpu"
    gives 0 --action-type --norm-test-fps --dataset bsd --checkpoint models/bsd.safetensors --repetitions 1
    says err "rd4ad fps --data datasets/bsd --checkpoint models/bsd.safetensors --bs 1 --repetitions 1"
    echo '{"good/000.png": []}' >other.json
    gives 0 --dataset bsd --action-type norm-compare-to-matroid -cmp-bboxes other.json --pred-threshold 0.5 --checkpoint models --resamples 9
    says err "rd4ad compare --data datasets/bsd --checkpoint models --cmp-bboxes other.json --pred-threshold 0.5 --resamples 9"
    gives 0 --action-type norm-train --dataset bsd -bs 4 --epochs 1 -inp 64 --patches-per-row 2 --patches-per-column 2 -run cut
    says err "rd4ad train --recipe paper --data datasets/bsd --patches-per-row 2 --patches-per-column 2 --inp 64 --bs 4 --lr 0.0025 --epochs 1 --fit pad --out checkpoints/cut"
    gives 0 --action-type norm-patches-test --dataset bsd --checkpoint checkpoints/cut --patches-per-row 2 --patches-per-column 2 --json
    gives 2 --action-type norm-compare-to-matroid --dataset bsd --checkpoint models
    complains_usage "" "--action-type norm-compare-to-matroid needs --cmp-bboxes FILE"
    gives 2 --action-type norm-tes --dataset bsd
    complains_usage "" "--action-type norm-tes" "norm-compare-to-matroid, norm-patches-compare-to-matroid" \
        "norm-patches-test, norm-test, norm-test-fps, norm-train"
    gives 2 --dataset nowhere
    complains_usage "" "--dataset nowhere" "datasets/nowhere or ../datasets/nowhere" "--data" "RD4AD_DATASETS"
    gives 2 --dataset bsd --train-split-percent 0.8
    complains_usage "" "--train-split-percent 0.8" "--data FILE.csv"
    gives 2 --dataset bsd --epochs
    complains_usage "" "--epochs has no value"
}

# A checkpoint scores equally after a conversion to the paper's format and back.
case_convert() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    gives 0 convert --from models/cloth.safetensors --out paper.pth
    says out "paper.pth: resnet18, bn and decoder"
    gives 0 convert --from paper.pth --out back.safetensors --teacher built-in --inp 64
    says out "back.safetensors: resnet18, 64 x 64"
    gives 0 score cloth/test/stain --checkpoint models/cloth.safetensors
    cut -f 1,2 out >before
    gives 0 score cloth/test/stain --checkpoint back.safetensors
    cut -f 1,2 out | cmp - before || fail "expected the same scores"
    gives 1 convert --from paper.pth --out other.safetensors --teacher paper.pth
    says err "paper.pth: " "resnet18" "0 blocks in layer3"
    gives 1 convert --from paper.pth --out other.safetensors --teacher built-in --inp 65
    says err "65 x 65"
    [[ ! -e other.safetensors ]] || fail "expected no file"
    gives 1 convert --from paper.pth --out again.pth
    says err "paper.pth"
}

# The lines of docs/formats.md give the same scores in PyTorch, with the reference's model.
case_open_in_pytorch() {
    local reference=${RD4AD_REFERENCE:-$tests/../../../shared/reference}
    [[ -e $reference/rd4ad_torch.py ]] || skip "$reference has no rd4ad_torch.py; set RD4AD_REFERENCE"
    RD4AD_TEST_PYTHON=${RD4AD_TORCH_PYTHON:-/usr/bin/python3} needs_python torch safetensors.torch PIL
    "$make_woven" cloth 4 2 100
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    gives 0 convert --from models/cloth.safetensors --out paper.pth
    gives 0 score cloth/test/good/*.png cloth/test/stain/*.png --checkpoint models/cloth.safetensors
    cut -f 1,2 out >here
    "$python" "$tests/open_in_pytorch.py" "$reference" resnet18 64 models/cloth.safetensors paper.pth $(cut -f 1 here) >there ||
        fail "PyTorch can't open them"
    same_scores here there || fail "other scores in PyTorch: $(paste here there)"
}

case_calibrate() {
    "$make_woven" cloth 24 4 64
    cp cloth/train/good/000.png cloth/test/good/999.png
    gives 0 train --data cloth --out models --epochs 2 --seed 3 --calibration hold-out --false-alarm-rate 0.01 "${tiny_training[@]}"
    says err "warning: cloth: 1 of its test images were trained on" "cloth/test/good/999.png is cloth/train/good/000.png"
    says out "cloth: resnet18, 22 images, 12 steps, loss "
    says out "cloth: raw threshold "
    says out "requested 1.00 %, expected 8.33 % by the law, promised 33.3 %"
    says out "(location-scale law, 2 good images)"
    says out "with 2 photographs about 34 in 100 is the least false-alarm rate that can be promised; for 1 in 100 give 150"
    local model=models/cloth.safetensors
    cp "$model" trained.safetensors
    gives 0 calibrate --checkpoint "$model" --false-alarm-rate 0.4
    says out "requested 40.0 %, expected 40.0 %, 95 % interval 1.26 % to 98.7 %" "100 new good images: 1 to " \
        "(order statistic, 2 good images)"
    gives 0 calibrate --checkpoint "$model" --false-alarm-rate 0.01
    cmp "$model" trained.safetensors || fail "expected the bytes that training wrote"

    gives 1 calibrate --checkpoint "$model" --splits 2
    complains "--splits: 2 good images, expected at least 4"

    rm cloth/test/good/999.png
    gives 0 calibrate --checkpoint models --data cloth --labelled
    says out "(best F1, 4 good images)"
    gives 0 test --data cloth --checkpoint models --json --coco regions.json
    grep -qE '"detection_rate": [0-9.]+,' out || fail "expected the detection rate"
    grep -qE '"false_alarm_rate": [0-9.]+,' out || fail "expected the false-alarm rate"
    says regions.json '"category_id": 1,' '"raw_score": ' '"score": '
    says out '"good_images": 4,'
    gives 0 test --data cloth --checkpoint models --out results
    grep -qE '^cloth: false alarms: [0-4] of 4 good images, predicted [0-4] to [0-4] \(95 %\) from the 4 good images' out ||
        fail "expected the false alarms and their prediction"
    says results/report.html "false alarms" "of 4 good images, predicted"
    gives 0 score cloth/test/stain/000.png --checkpoint "$model"
    grep -qE $'^cloth/test/stain/000\\.png\t[0-2]\\.[0-9]{6}\t[0-9.]+\t0\\.[0-9]{6}\t(good|anomalous)$' out || fail "expected a score and a verdict"
    gives 0 score cloth/test/stain/000.png --checkpoint "$model" --json
    grep -qE '^\{"is_anomalous":(true|false),.*"score":0\.[0-9e-]+\}$' out || fail "expected a verdict and a score"
    gives 0 calibrate --checkpoint models --data cloth --splits 5 --false-alarm-rate 0.3 --json
    says out '"images_for_threshold": 2,'
    gives 0 calibrate --checkpoint "$model" --data cloth/test/good --splits 2 --false-alarm-rate 0.3
    says out "requested 30.00 %, measured "
    gives 1 test --data cloth --checkpoint models --patches-per-row 2
    complains "$model: was trained with --patches-per-row 1, not 2"
}

case_preprocessing() {
    "$make_woven" cloth 8 2 96
    local training=(train --data cloth --epochs 1 --bs 4 --threads 1 --calibration hold-out --validation 0.25)
    gives 0 "${training[@]}" --out patches --inp 128 --patches-per-row 2 --patches-per-column 2 --patch-overlap 16
    gives 0 test --data cloth --checkpoint patches --json --patches-per-row 2 --patch-overlap 16 --save-segmentation-images --out results
    grep -qE '"pixel_auroc": 0\.[0-9]+,' out || fail "expected a number"
    [[ $(od -An -tx1 -j16 -N8 results/good/000_map.png) == " 00 00 00 80 00 00 00 80" ]] || fail "expected a map of 128 x 128"
    local grid="patches/cloth.safetensors: was trained with --patches-per-row 2, not 3"
    echo '{"good/000.png": [], "stain/000.png": []}' >other.json
    gives 0 compare --data cloth --checkpoint patches --cmp-bboxes other.json --resamples 9
    says out "compared: 2 of 6 test images"
    gives 0 calibrate --data cloth --checkpoint patches --false-alarm-rate 0.3 --patches-per-row 2
    gives 0 fps --data cloth --checkpoint patches --bs 2 --repetitions 1 --warm-up 1 --patches-per-column 2
    grep -qE '^    2  patches  ' out || fail "expected a row of patches"
    local command
    for command in test calibrate "compare --cmp-bboxes other.json" fps; do
        # unquoted: a command with its flags is several words
        gives 1 $command --data cloth --checkpoint patches --patches-per-row 3
        complains "$grid"
    done
    gives 1 score cloth/test/good --checkpoint patches/cloth.safetensors --patches-per-row 3
    complains "$grid"
    gives 0 export --checkpoint patches/cloth.safetensors --out cloth.onnx
    gives 1 export --checkpoint patches/cloth.safetensors --out other.onnx --calibrated
    says err "export: the output score " "patches"
    gives 0 "${training[@]}" --out sides --fit short-side --inp 64
    gives 1 export --checkpoint sides/cloth.safetensors --out cloth.onnx
    says err "export: " "several sizes"
    gives 0 "${training[@]}" --out native --fit native --patch-size 64
    gives 0 score cloth/test/good --checkpoint native/cloth.safetensors --out scored
    [[ $(od -An -tx1 -j16 -N8 scored/000_map.png) == " 00 00 00 60 00 00 00 60" ]] || fail "expected a map of 96 x 96"
    gives 0 "${training[@]}" --out wide --inp 128x64
    gives 0 "${training[@]}" --out padded --inp 96 --fit pad --crop 64
    gives 0 test --data cloth --checkpoint padded --json
    gives 1 "${training[@]}" --out odd --fit native
    says err "native" "patch size"
    mkdir -p all/a all/b
    cp -r cloth/* all/a && cp -r cloth/* all/b
    gives 0 train --data all --multimodal --epochs 1 --bs 4 --threads 1 --inp 64 --out together
    says out "all: resnet18, 16 images, 4 steps" "(order statistic, " " good images"
    says err "fold 4/4"
    [[ -s together/all.safetensors ]] || fail "expected one checkpoint for all classes"
    gives 0 test --data all --multimodal --checkpoint together --json
    says out '"images": 12,'
    gives 0 test --data all --class-names all --checkpoint together --json
    says out '"mean": {'
}

# Cross-fitting, validation images, a start from a checkpoint, and suspects.
case_calibration_images() {
    "$make_woven" cloth 10 2 64
    local training=(train --data cloth --steps 4 --inp 64 --bs 4 --threads 1)
    gives 0 "${training[@]}" --out crossed
    says out "cloth: resnet18, 10 images, 4 steps" "requested 10.0 %"
    says err "fold 1/4, epoch 1/" "fold 4/4"
    gives 0 "${training[@]}" --out plain --map paper --calibration none
    says out "cloth: no threshold: 0 validation images and 10 training images"
    gives 0 score cloth/test/good/000.png --checkpoint plain/cloth.safetensors --json
    says out '"is_anomalous":null'

    mkdir -p cloth/val/good && cp cloth/test/good/*.png cloth/val/good
    gives 0 "${training[@]}" --out held
    says out "cloth: resnet18, 10 images" "2 good images"
    rm -r cloth/val
    gives 0 "${training[@]}" --out given --validation-data cloth/test/good
    says out "cloth: resnet18, 10 images" "2 good images"
    gives 0 "${training[@]}" --out further --from crossed/cloth.safetensors --recipe paper --steps 2
    says out "cloth: resnet18, 10 images, 2 steps" "no threshold: 0 validation images"

    gives 2 "${training[@]}" --out other --epochs 3
    complains_usage train "--epochs and --steps" "one of them"
    gives 2 "${training[@]}" --out other --calibration often
    complains_usage train "--calibration 'often'" "auto, cross, hold-out, none"
    gives 2 "${training[@]}" --out other --map round
    complains_usage train "--map 'round'" "auto, paper, scales, positions"
    gives 1 "${training[@]}" --out other --map positions --patches-per-row 2
    says err "map positions" "several inputs"
}

# A probe by the folds' students, and one of images that the model did not see.
case_probe() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --steps 4 --out models "${tiny_training[@]}"
    gives 0 probe --data cloth --checkpoint models --runs 60 --threads 1 --out probe
    says out "cloth: 8 photographs, " " false alarms without a defect. Each photograph was scored by a student that was not trained on it."
    says probe/probe.html "<html"
    says probe/probe.json '"photographs": 8'
    mkdir -p cloth/val/good
    local i
    for i in {1..20}; do cp cloth/test/good/000.png "cloth/val/good/$i.png"; done
    gives 0 probe --data cloth --checkpoint models --runs 60 --threads 1 --json
    says out '"photographs": '
    gives 0 train --data cloth --steps 2 --out plain --calibration none "${tiny_training[@]}"
    gives 1 probe --data cloth --checkpoint plain
    says err "plain/cloth.safetensors: has no threshold" "rd4ad calibrate"
}

# A training that a signal stops and --resume continues ends in the same bytes as an uninterrupted one.
case_stop_and_resume() {
    "$make_woven" cloth 8 1 64
    local training=(train --data cloth --epochs 5 --save-every 100 "${tiny_training[@]}")
    gives 0 "${training[@]}" --out whole
    rm err
    "$rd4ad" "${training[@]}" --out parts >out 2>err &
    local job=$! status=0 waited
    for ((waited = 0; waited < 6000; ++waited)); do
        grep -qs 'epoch 2/' err && break
        sleep 0.02
    done
    kill -INT "$job"
    wait "$job" || status=$?
    ((status == 130)) || fail "status $status, expected 130"
    says err "parts/cloth.safetensors" "--resume"
    cmp -s whole/cloth.safetensors parts/cloth.safetensors && fail "the signal came too late to be a test"
    gives 1 "${training[@]}" --out parts --resume --lr 0.001
    says err "parts/cloth.resume.safetensors: " "was 0.005 and is now 0.001"
    gives 1 "${training[@]}" --out parts --resume --arch resnet34
    says err "parts/cloth.safetensors: is a resnet18, expected resnet34"
    gives 0 "${training[@]}" --out parts --resume
    cmp whole/cloth.safetensors parts/cloth.safetensors || fail "expected the same bytes as without the signal"
}

for file in "$tests"/cases/*.sh; do  # a file's helpers are those of its cases
    if grep -q "^case_$name()" "$file"; then source "$file"; fi
done
"case_$name"
