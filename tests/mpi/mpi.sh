#!/usr/bin/env bash
# mpi.sh CASE TEST-MPI [RD4AD MAKE-WOVEN]: runs one case under mpirun in a new folder. Status 77: mpirun is not found.
set -euo pipefail
name=$1 test_mpi=$2 rd4ad=${3:-} make_woven=${4:-}
if ! command -v mpirun >/dev/null; then
    echo "SKIPPED: mpirun not found"
    exit 77
fi
# Open MPI: as root, with more ranks than processors, which yield while they wait, and without messages by ptrace, which containers lack.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_hwloc_base_binding_policy=none
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
tiny=(--inp 64 --bs 4 --threads 1 --folds 2)

fail() {
    echo "failed: $*" >&2
    [[ -e out ]] && sed 's/^/standard output: /' out >&2
    [[ -e err ]] && sed 's/^/standard error: /' err >&2
    exit 1
}

# gives STATUS COMMAND...: expects the exit status within 60 seconds, and keeps the output in the files out and err.
gives() {
    local wanted=$1 status=0
    shift
    timeout 60 "$@" >out 2>err || status=$?
    ((status == wanted)) || fail "$*: status $status, expected $wanted"
}

# says FILE COUNT TEXT: as many lines of the file contain the text.
says() {
    [[ $(grep -cF -- "$3" "$1") == "$2" ]] || fail "expected $2 times in $1: $3"
}

# without_times FILE: a result without its times.
without_times() {
    sed -E 's/"(ms|seconds)": ?[0-9.e-]+/TIME/g; s/\t[0-9]+\.[0-9]\t/\tTIME\t/' "$1"
}

same() {
    without_times "$1" >one && without_times "$2" >other
    cmp one other || fail "$1 and $2 differ: $(diff one other | head -4)"
}

case_communicator() {
    local ranks
    for ranks in 1 2 3; do
        gives 0 mpirun -n "$ranks" "$test_mpi"
        says out 1 "$ranks ranks agree"
    done
}

# test and score: the outputs of one process, also with an image that can't be read.
case_results() {
    "$make_woven" cloth 8 4 64
    gives 0 "$rd4ad" train --data cloth --out models --steps 4 --calibration hold-out --validation 0.5 "${tiny[@]}"
    echo "no image" >cloth/test/good/001.png
    local files=() ranks
    gives 3 "$rd4ad" test --data cloth --checkpoint models --json --out alone --save-segmentation-images --coco alone.json --threads 1
    mv out alone.test
    gives 3 "$rd4ad" score cloth/test/good cloth/test/stain --checkpoint models/cloth.safetensors --threads 1
    mv out alone.score
    for ranks in 2 3; do
        gives 3 mpirun -n "$ranks" "$rd4ad" test --data cloth --checkpoint models --json --out ranks --overwrite \
            --save-segmentation-images --coco ranks.json --threads 1
        same alone.test out
        cmp alone.json ranks.json || fail "the COCO results differ"
        mapfile -t files < <(cd alone && find . -name '*.png' -o -name '*.jpg')
        ((${#files[@]} > 10)) || fail "expected result images"
        for file in "${files[@]}"; do cmp "alone/$file" "ranks/$file" || fail "$file differs"; done
    done
    gives 3 mpirun -n 2 "$rd4ad" test --data cloth --checkpoint models --json --threads 1
    same alone.test out
    gives 3 mpirun -n 2 "$rd4ad" score cloth/test/good cloth/test/stain --checkpoint models/cloth.safetensors --threads 1
    same alone.score out
    says err 1 "rd4ad: 7 of 8 images scored, 1 failed"
}

# loss_of FILE: the loss that rd4ad train printed.
loss_of() { sed -nE 's/.* loss ([0-9.]+),.*/\1/p' "$1"; }

# One training on ranks: the losses of one process, one writer, equal bits on every run, and a resume on another number of ranks.
case_training() {
    "$make_woven" cloth 9 1 64
    local train=("$rd4ad" train --data cloth --steps 6 --calibration hold-out --validation 0.3 "${tiny[@]}") status=0
    gives 0 "${train[@]}" --out alone
    local alone
    alone=$(loss_of out)
    gives 0 mpirun -n 2 "${train[@]}" --out two
    says out 1 "cloth: resnet18, "
    says err 1 "cloth: epoch 1/"
    awk -v a="$alone" -v b="$(loss_of out)" 'BEGIN { exit !(a > 0 && (a - b) ^ 2 < 1e-6) }' || fail "the losses $alone and $(loss_of out)"
    gives 0 mpirun -n 2 "${train[@]}" --out again
    cmp two/cloth.safetensors again/cloth.safetensors || fail "two runs on two ranks differ"
    # A signal to one rank stops all after the step; they save, and three ranks go on.
    rm out err
    mpirun -n 2 "${train[@]}" --steps 2000 --final-rate 1 --warm-up 0 --hard-mining off --out stopped >out 2>err &
    local job=$! rank
    until grep -qs "cloth: epoch 2/" err; do sleep 0.1; done
    rank=$(pgrep -n -f "^$rd4ad train .*--out stopped")
    kill -TERM "$rank"
    wait "$job" || status=$?
    ((status == 130)) || fail "a stopped training: status $status, expected 130"
    says err 1 "run the same command with --resume to continue"
    local steps
    steps=$(sed -nE 's/^cloth: epoch ([0-9]+)\/.*/\1/p' err | tail -1)
    gives 0 mpirun -n 3 "${train[@]}" --final-rate 1 --warm-up 0 --hard-mining off --out stopped --resume --steps $((2 * steps + 6))
    says out 1 "cloth: resnet18, "
}

# Several classes: each is trained by one rank, and one that fails is named.
case_classes() {
    mkdir all
    "$make_woven" all/a 8 1 64 && "$make_woven" all/b 12 1 64 && "$make_woven" all/c 8 1 64
    local train=("$rd4ad" train --data all --class-names a,b,c --steps 2 --calibration none "${tiny[@]}") class
    gives 0 "${train[@]}" --out alone
    gives 0 mpirun -n 2 "${train[@]}" --out ranks
    says out 1 "3 classes trained on 2 ranks: "
    says out 1 "teacher: "
    for class in a b c; do
        says out 1 "$class: resnet18, "
        cmp alone/$class.safetensors ranks/$class.safetensors || fail "class $class differs"
    done
    # Batch norm has no variance in a last batch of one 32 x 32 image.
    rm all/b/train/good/00[1-9].png all/b/train/good/01*.png
    gives 1 mpirun -n 2 "${train[@]}" --inp 32 --out failed
    says err 1 "rd4ad: some of 3 classes failed: b: "
    says out 1 "a: resnet18, "
    says out 1 "c: resnet18, "
    [[ -s failed/a.safetensors && -s failed/c.safetensors ]] || fail "expected the other classes' checkpoints"
}

# A rank that fails, one that dies, and commands of one process: all end soon, with a line.
case_failures() {
    "$make_woven" cloth 8 1 64
    local train=("$rd4ad" train --data cloth --calibration none "${tiny[@]}") job began status=0 rank
    gives 2 mpirun -n 2 "$rd4ad" probe --data cloth
    says err 1 "rd4ad: probe works in one process, and mpirun started 2"
    gives 1 mpirun -n 2 "${train[@]}" --data nowhere --out models
    says err 1 "rd4ad: "
    # Rank 1 has no space for the teacher's features.
    gives 1 mpirun -n 1 "${train[@]}" --cache-gb 0 --steps 2 --out full : -n 1 env TMPDIR=/nowhere "${train[@]}" --cache-gb 0 --steps 2 --out full
    says err 1 "rd4ad: rank 1: "
    # A rank dies in the middle of the training.
    mpirun -n 2 "${train[@]}" --steps 4000 --save-every 1 --out killed >out 2>err &
    job=$!
    until [[ -s killed/cloth.resume.safetensors ]]; do sleep 0.1; done
    rank=$(pgrep -n -f "^$rd4ad train .*--out killed")
    kill -KILL "$rank"
    began=$SECONDS
    wait "$job" || status=$?
    ((status != 0 && SECONDS - began <= 10)) || fail "status $status after $((SECONDS - began)) s"
    gives 0 "$rd4ad" test --data cloth --checkpoint killed
}

"case_$name"
