#!/usr/bin/env bash
# command.sh RD4AD MAKE-WOVEN CASE: one case of the command's behaviour, in a folder of its own.
set -euo pipefail
rd4ad=$1 make_woven=$2 name=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
    echo "failed: $*" >&2
    [[ -e out ]] && sed 's/^/standard output: /' out >&2
    [[ -e err ]] && sed 's/^/standard error: /' err >&2
    exit 1
}

# gives STATUS WORD...: runs the command; its output is then in the files out and err.
gives() {
    local wanted=$1 status=0
    shift
    "$rd4ad" "$@" >out 2>err || status=$?
    ((status == wanted)) || fail "rd4ad $*: status $status, expected $wanted"
    ((status == 0 || $(wc -l <err) == 1)) || fail "expected one line on standard error"
}

# says FILE TEXT: the text is in the file.
says() { grep -qF -- "$2" "$1" || fail "expected in $1: $2"; }

# complains TEXT: exactly this is on standard error, in one line, and nothing on standard output.
complains() {
    [[ $(cat err) == "rd4ad: $1" ]] || fail "expected on standard error: rd4ad: $1"
    [[ ! -s out ]] || fail "expected nothing on standard output"
}

# needs_python MODULE...: leaves the case, as skipped, where Python has not all of them; sets `python`.
needs_python() {
    python=${RD4AD_TEST_PYTHON:-python3}
    local module
    for module in "$@"; do
        "$python" -c "import $module" 2>/dev/null || { echo "skipped: $python has no $module (RD4AD_TEST_PYTHON names another)" && exit 77; }
    done
}

tiny_training=(--inp 64 --bs 4 --threads 1)

case_help() {
    gives 0 --help
    says out "Example:"
    local verb
    for verb in train test score export verify; do
        gives 0 "$verb" --help
        says out "Example:"
        says out "  rd4ad $verb "
        [[ $verb == export ]] || says out "--threads N"
        [[ ! -s err ]] || fail "expected nothing on standard error"
    done
    gives 0 --version
    grep -qxE 'rd4ad [0-9]+\.[0-9]+\.[0-9]+' out || fail "expected the version"
}

case_usage() {
    gives 2
    complains "no verb: expected train, test, score, export or verify (see rd4ad --help)"
    gives 2 tran
    complains "unknown verb tran: did you mean train? (see rd4ad --help)"
    gives 2 --verson
    complains "unknown flag --verson: did you mean --version? (see rd4ad --help)"
    gives 2 train --epoch 3
    complains "unknown flag --epoch: did you mean --epochs? (see rd4ad train --help)"
    gives 2 test --save-segmentation-image
    complains "unknown flag --save-segmentation-image: did you mean --save-segmentation-images? (see rd4ad test --help)"
    gives 2 score --xyzzyxyzzy
    complains "unknown flag --xyzzyxyzzy (see rd4ad score --help)"
    gives 2 train somewhere
    complains "'somewhere' belongs to no flag: expected flags only (see rd4ad train --help)"
    gives 2 train --out models
    complains "--data is missing (see rd4ad train --help)"
    gives 2 train --data . --out models --epochs ten
    complains "--epochs 'ten': expected a whole number of at least 1 (see rd4ad train --help)"
    gives 2 train --data . --out models --epochs 0
    complains "--epochs 0: expected a whole number of at least 1 (see rd4ad train --help)"
    gives 2 train --data . --out models --lr fast
    complains "--lr 'fast': expected a number (see rd4ad train --help)"
    gives 2 train --data . --out models --algorithm fft
    complains "--algorithm 'fft': expected one of auto, direct, winograd (see rd4ad train --help)"
    gives 2 train --data . --out models --backend cuda
    complains "--backend 'cuda': expected one of xtensor, thrust, onednn (see rd4ad train --help)"
    gives 2 test --data . --checkpoint models --save-segmentation-images
    complains "--save-segmentation-images needs --out DIR (see rd4ad test --help)"
    gives 2 export --checkpoint a.safetensors --format tensorrt --out b
    complains "--format 'tensorrt': expected one of onnx (see rd4ad export --help)"
    gives 2 export --checkpoint a.safetensors
    complains "--out is missing (see rd4ad export --help)"
    gives 2 verify --onnx a.onnx --checkpoint a.safetensors --data . --runtime tensorrt
    complains "--runtime 'tensorrt': expected onnxruntime, openvino or both (see rd4ad verify --help)"
    gives 2 verify --onnx a.onnx --checkpoint a.safetensors --data . --batches 0
    complains "--batches '0': expected whole numbers from 1 to 9999 (see rd4ad verify --help)"
    gives 2 score --checkpoint models
    complains "nothing to score: expected images or folders (see rd4ad score --help)"
}

case_failures() {
    "$make_woven" cloth 2 1 64
    gives 1 train --data nowhere --out models
    complains "nowhere: no such folder; check the path of the data set"
    mkdir empty
    gives 1 train --data empty --dataset folder --out models
    says err "empty: holds no images"
    gives 1 train --data cloth --out models --inp 100
    says err "100"
    gives 1 train --data cloth --out models --teacher cloth/train/good/000.png
    says err "cloth/train/good/000.png: is neither a safetensors file nor a PyTorch checkpoint"
    gives 2 train --data cloth --out models --arch resnet50
    complains "--arch resnet50: the built-in teacher is a resnet18; give resnet50's weights by --teacher FILE, say torchvision's resnet50-0676ba61.pth, or train without any by --teacher none (see rd4ad train --help)"
    gives 1 train --data cloth --out models --arch resnet19
    says err "resnet19"
    gives 1 train --data cloth --out models --resume
    says err "models/cloth.safetensors"
    gives 1 test --data cloth --checkpoint nowhere.safetensors
    complains "nowhere.safetensors: no such file; give the checkpoint that rd4ad train wrote"
    mkdir no_models
    gives 1 test --data cloth --checkpoint no_models
    complains "no_models: expected the checkpoint cloth.safetensors, found none; give the file itself"
    gives 1 score cloth/train/good/000.png --checkpoint cloth/train/good/001.png
    says err "cloth/train/good/001.png"
}

case_train_test_score() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models --epochs 2 "${tiny_training[@]}"
    says out "teacher: built-in (resnet18, Tiny ImageNet); ImageNet's weights find more: --teacher resnet18-f37072fd.pth"
    says out "cloth: resnet18, 8 images, 2 epochs, loss "
    says err "cloth: epoch 2/2, loss "
    [[ -s models/cloth.safetensors && -s models/cloth.resume.safetensors ]] || fail "expected a checkpoint and what resumes it"

    gives 0 test --data cloth --checkpoint models --json --save-segmentation-images --out pictures
    local key
    for key in image_auroc pixel_auroc aupro aupro_per_image image_ap pixel_ap best_f1 best_f1_threshold; do
        grep -qE "^  \"$key\": [0-9.e-]+,$" out || fail "expected a number for $key"
    done
    says out '"images": 6,'
    grep -qE '"seconds": [0-9.e-]+,$' out || fail "expected a number for seconds"
    says out '"teacher": "built-in (resnet18, Tiny ImageNet)"'
    cmp out pictures/results.json || fail "expected the same in results.json"
    for key in good/000 good/001 scratch/000 scratch/001 stain/000 stain/001; do
        [[ $(head -c 3 pictures/$key.jpg | od -An -tx1) == " ff d8 ff" ]] || fail "expected a JPEG at $key.jpg"
        # PNG's header: 64 x 64, 16 bit, grey
        [[ $(od -An -tx1 -j16 -N10 pictures/${key}_map.png) == " 00 00 00 40 00 00 00 40 10 00" ]] || fail "expected a map at $key"
    done

    [[ $(wc -l <pictures/results.csv) == 7 && $(head -n 1 pictures/results.csv) == class,file,label,kind,raw_score,score,regions,ms ]] ||
        fail "expected a line for each image in results.csv"
    grep -qE '^cloth,test/scratch/001\.png,defect,scratch,[0-2]\.[0-9]{6},' pictures/results.csv || fail "expected an image's line"
    grep -qE '^\| cloth \| [01]\.[0-9]{4} \|' pictures/results.md || fail "expected the class's row in Markdown"
    grep -q '"title":"cloth"' pictures/report.html || fail "expected the data in report.html"
    grep -qF '@RD4AD_REPORT@' pictures/report.html && fail "the report's mark is still there"
    gives 2 test --data cloth --checkpoint models --report-mb -1
    complains "--report-mb -1: expected 0 to 500 (see rd4ad test --help)"

    gives 0 test --data cloth --checkpoint models/cloth.safetensors
    says out "class  image AUROC  pixel AUROC  AUPRO  per image  image AP  pixel AP  best F1  threshold  images  seconds"
    grep -qE '^cloth  +[01]\.[0-9]{4} ' out || fail "expected a row of the table"

    mkdir -p several/a several/b
    cp -r cloth/* several/a && cp -r cloth/* several/b
    gives 0 test --data several --class-names all --checkpoint models --json
    says out '"classes": {'
    says out '"mean": {'
    gives 1 test --data several --class-names a,c --checkpoint models
    complains 'several: has no class "c"; there are a, b'

    mkdir plain && cp cloth/test/stain/*.png plain && echo "no image" >plain/note.txt
    gives 0 score plain cloth/test/good/000.png --checkpoint models/cloth.safetensors --out scored
    (($(wc -l <out) == 3)) || fail "expected three lines"
    grep -qE $'^plain/000\\.png\t[0-2]\\.[0-9]{6}\t[0-9.]+$' out || fail "expected path, score and milliseconds"
    [[ -s scored/000.jpg && -s scored/000_map.png && -s scored/000-2.jpg && -s scored/001.jpg ]] || fail "expected pictures"
    gives 0 score --checkpoint models/cloth.safetensors --json -- cloth/test/good/000.png
    grep -qE '^\{"ms":[0-9.e+-]+,"path":"cloth/test/good/000\.png","score":[0-9.e-]+\}$' out || fail "expected a JSON object"
    cp plain/note.txt note.png
    gives 1 score note.png --checkpoint models/cloth.safetensors
    says err "rd4ad: note.png: is not an image this library reads"
}

# The runtime is played by a shell script: what verify says of one that fails, and of one whose results are wrong. That true
# ones agree is shown by case_verify_with_onnxruntime and scripts/check-export.
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
    complains "none.onnx: no such file; give what rd4ad export wrote"
    gives 1 "${verify[@]}" --python ./nowhere
    complains "./nowhere: can't be run: No such file or directory"
    printf '#!/bin/sh\nexit 3\n' >python && chmod +x python
    gives 1 "${verify[@]}" --python ./python
    complains "./python: ended with status 3; what it said stands above"
    # words: the runner, the runtime, the graph, the folder; three photographs of 64 x 64
    cat >python <<'SHELL'
#!/bin/sh
head -c $((3 * 64 * 64 * 4)) /dev/zero >"$4/maps"
head -c $((3 * 4)) /dev/zero >"$4/scores"
echo '{"version": "0", "description": null}' >"$4/about.json"
SHELL
    status=0
    "$rd4ad" "${verify[@]}" --python ./python >out 2>err || status=$?
    ((status == 1)) || fail "status $status, expected 1"
    says err "cloth.onnx: differs from models/cloth.safetensors by more than 1e-4 of a map's range or 1e-5 of a score"
    grep -qE '^onnxruntime 0 +5 +3 +[0-9.e+-]+ +[0-9.e+-]+ +equal$' out || fail "expected a row of the table"
    sed -i 's/null/{"format": "another"}/' python
    gives 1 "${verify[@]}" --python ./python
    says err "cloth.onnx: is no description of the format 'rd4ad graph 1'"
    sed -i 's/3 \* 64 \* 64/2 * 64 * 64/; s/{"format": "another"}/null/' python
    gives 1 "${verify[@]}" --python ./python
    says err "maps: has 32768 bytes, expected 49152 from the runtime"
}

case_verify_with_onnxruntime() {
    needs_python numpy onnxruntime
    "$make_woven" cloth 4 2 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    gives 0 export --checkpoint models/cloth.safetensors --out cloth.onnx
    gives 0 verify --onnx cloth.onnx --checkpoint models/cloth.safetensors --data cloth --runtime onnxruntime --python "$python" --json
    (($(grep -cE '"swapped_pairs": 0,' out) == 2)) || fail "expected equal ranks for two batch sizes"
    gives 0 train --data cloth --out others --epochs 1 --seed 2 "${tiny_training[@]}"
    status=0
    "$rd4ad" verify --onnx cloth.onnx --checkpoint others/cloth.safetensors --data cloth --runtime onnxruntime \
        --python "$python" >out 2>err || status=$?
    ((status == 1)) || fail "status $status, expected 1 for another checkpoint"
}

# A training that a signal ends, and then goes on, ends in the same bytes as one that nothing disturbed.
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
    says err "parts/cloth.safetensors; the same command with --resume goes on"
    cmp -s whole/cloth.safetensors parts/cloth.safetensors && fail "the signal came too late to be a test"
    gives 1 "${training[@]}" --out parts --resume --lr 0.001
    says err "the training can't be resumed with other settings (rate was 0.005 and is now 0.001)"
    gives 1 "${training[@]}" --out parts --resume --arch resnet34
    says err "parts/cloth.safetensors: is a resnet18, --arch says resnet34"
    gives 0 "${training[@]}" --out parts --resume
    cmp whole/cloth.safetensors parts/cloth.safetensors || fail "expected the same bytes as without the signal"
}

"case_$name"
