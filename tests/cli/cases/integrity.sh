# integrity.sh: cases of damaged and exchanged files, numbers that are not finite, and flags that don't fit.

# A trained model of `cloth` in models/cloth.safetensors.
tiny_model() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 --calibration hold-out --validation 0.5 "${tiny_training[@]}"
    model=models/cloth.safetensors photo=cloth/train/good/000.png
}

# replace_bytes FILE OFFSET BYTES: overwrites bytes from OFFSET on; a negative OFFSET counts from the end. BYTES: as printf writes them.
replace_bytes() {
    local file=$1 offset=$2
    ((offset >= 0)) || offset=$(($(stat -c %s "$file") + offset))
    printf "$3" | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
}

# Every command that loads a checkpoint refuses a damaged one by name; --no-verify loads it.
case_damaged_checkpoint() {
    tiny_model
    cp "$model" flipped.safetensors
    replace_bytes flipped.safetensors -100 '\x11'
    cp "$model" zeros.safetensors
    dd if=/dev/zero of=zeros.safetensors bs=4096 seek=500 count=1 conv=notrunc status=none
    cp "$model" threshold.safetensors
    local at
    at=$(grep -aobF '\"threshold\":' "$model" | head -1 | cut -d: -f1) || fail "expected a model with a threshold"
    replace_bytes threshold.safetensors $((at + 14)) 9
    ! cmp -s "$model" threshold.safetensors || replace_bytes threshold.safetensors $((at + 14)) 8
    local file command
    for file in flipped zeros threshold; do
        for command in "score $photo" "test --data cloth" "compare --data cloth --cmp-coco boxes.json" "fps --data cloth" \
            "probe --data cloth" "export --out x.onnx" "convert --out x.pth" "train --data cloth --out other" "calibrate"; do
            local flag=--checkpoint
            [[ $command == convert* || $command == train* ]] && flag=--from
            echo '[]' >boxes.json
            local status=0
            # shellcheck disable=SC2086
            "$rd4ad" $command $flag $file.safetensors >out 2>err || status=$?
            ((status == 1)) || fail "rd4ad $command: status $status for $file, expected 1"
            complains_last "$file.safetensors" "is damaged" "checksum" "--no-verify"
            if [[ $file == threshold ]]; then complains_last "metadata 'calibration'"; else complains_last "tensor '"; fi
        done
        gives 0 score "$photo" --checkpoint $file.safetensors --no-verify
        gives 0 convert --from $file.safetensors --out $file.pth --no-verify
    done
    replace_bytes models/cloth.resume.safetensors -100 '\x11'
    gives_lines 1 train --data cloth --out models --epochs 1 --calibration hold-out --validation 0.5 "${tiny_training[@]}" --resume
    complains_last "models/cloth.resume.safetensors" "is damaged" "--no-verify"
}

# A weight that is NaN or infinite is refused by the tensor's name, and no verdict is printed.
case_weights_not_finite() {
    tiny_model
    local bytes
    for bytes in '\x00\x00\xc0\x7f' '\x00\x00\x80\x7f'; do
        cp "$model" ill.safetensors
        replace_bytes ill.safetensors -4 "$bytes"
        gives 1 score "$photo" --checkpoint ill.safetensors --no-verify
        complains "ill.safetensors: finite weights" "teacher." "at value"
        gives 1 test --data cloth --checkpoint ill.safetensors --no-verify --json
        complains "ill.safetensors: finite weights" "teacher." "at value"
    done
}

# A checkpoint that another process overwrites or shortens is read whole, or refused in one line: no signal, no other score.
case_checkpoint_exchanged_while_read() {
    tiny_model
    gives 0 train --data cloth --out others --epochs 1 --seed 9 --calibration none "${tiny_training[@]}"
    local status scores
    for file in "$model" others/cloth.safetensors; do
        gives 0 score "$photo" --checkpoint "$file"
        cut -f 2 out >>known
    done
    (while true; do
        cat "$model" >shared.safetensors
        cat others/cloth.safetensors >shared.safetensors
        truncate -s 100000 shared.safetensors
    done) &
    local writer=$! refused=0 i
    servers+=("$writer")
    sleep 0.2
    for ((i = 0; i < 20; ++i)); do
        status=0
        "$rd4ad" score "$photo" --checkpoint shared.safetensors --threads 1 >out 2>err || status=$?
        case $status in
            0) grep -qxFf known <(cut -f 2 out) || fail "a score of neither model" ;;
            1) message_contains "$(tail -1 err)" "shared.safetensors" && refused=$((refused + 1)) ;;
            *) fail "status $status" ;;
        esac
    done
    kill "$writer"
    ((refused > 0)) || fail "expected the file to be caught while it was written"
}

# Names of DataParallel's and torch.compile's modules.
case_wrapped_weights() {
    RD4AD_TEST_PYTHON=${RD4AD_TORCH_PYTHON:-/usr/bin/python3} needs_python torch
    tiny_model
    gives 0 convert --from "$model" --out plain.pth
    "$python" - <<'PY'
import torch
plain = torch.load("plain.pth")
torch.save({part: {"module." + name: value for name, value in state.items()} for part, state in plain.items()}, "wrapped.pth")
PY
    gives 0 convert --from plain.pth --teacher built-in --inp 64 --out a.safetensors
    gives 0 convert --from wrapped.pth --teacher built-in --inp 64 --out b.safetensors
    cmp a.safetensors b.safetensors || fail "expected the same checkpoint without the wrappers' names"
}

# Each message names the flag or the file, what was found, what is expected, and what to do.
case_messages() {
    "$make_woven" cloth 4 1 64
    gives 2 train --data cloth --out models --inp -32
    complains_usage train "--inp '-32'" "a multiple of 32"
    gives 2 train --data cloth --out models --inp --bs 4
    complains_usage train "--inp has no value" "expected PIXELS" "found the flag --bs"
    gives 2 train --data cloth --out
    complains_usage train "--out has no value" "expected DIR"
    gives 2 train --data cloth --out ""
    complains_usage train "--out is empty"
    local command flag
    for command in train score serve; do  # each flag with a value: a script's variable may be empty
        for flag in $("$rd4ad" $command --help | grep -oE '^ +--[a-z-]+ [A-Z]' | grep -oE -- '--[a-z-]+'); do
            gives 2 $command "$flag" ""
            complains_usage $command "$flag is empty: expected "
        done
    done
    for command in "train --data cloth --out models --bs" "train --data cloth --out models --folds" \
        "fps --data cloth --checkpoint x --repetitions" "bench --algorithms --threads" "score cloth/train/good --checkpoint x --drift-window" \
        "serve --models . --drift-window" "export --checkpoint x --out y --max-batch" "serve --models . --port"; do
        gives 2 $command 9223372036854775807
        complains_usage "${command%% *}" "'9223372036854775807': expected "
    done
    gives 2 train --data cloth --out models --resume=yes
    complains_usage train "--resume takes no value" "'yes'"
    gives 1 train --data cloth --out models --inp 100
    complains "--inp 100: " "multiples of 32"
    gives 1 train --data cloth --out models --fit pad --inp 64x32
    complains "--inp 64x32 --fit pad: " "only fit squash"
    gives 1 train --data cloth --out models --crop 40
    complains "--crop 40: " "a multiple of 32"
    gives 1 train --data cloth --out models --patch-size 40
    complains "--patch-size 40: " "a multiple of 32"
    gives 2 train --data cloth --out models --lr 0
    complains_usage train "--lr '0'" "above 0"
    gives 2 train --data cloth --out models --lr nan
    complains_usage train "--lr 'nan'" "above 0"
    gives 2 train --data cloth --out models --validation 1
    complains_usage train "--validation '1'" "from 0 to 0.9"
    gives 2 train --data cloth --out models --warm-up 2
    complains_usage train "--warm-up '2'" "from 0 to 1"
    gives 2 train --data cloth --out models --fold-steps 0
    complains_usage train "--fold-steps '0'" "above 0 and up to 1"
    gives 2 train --data cloth --out models --false-alarm-rate 1
    complains_usage train "--false-alarm-rate '1'" "above 0 and below 1"
    gives 2 train --data cloth --out models --weight-decay inf
    complains_usage train "--weight-decay 'inf'" "at least 0"
    gives 2 train --data cloth --out models --steps 99999999999999999999
    complains_usage train "--steps '99999999999999999999'" "from 1 to 1000000000"
    gives 2 train --data cloth --out models --threads 100000
    complains_usage train "--threads '100000'" "from 0 to 4096"
    gives 1 train --data cloth --out models --teacher resnet18
    complains "--teacher: resnet18: no such file" "resnet18-imagenet" "built-in"
    gives 1 convert --from a.pth --out b.safetensors --teacher resnet50
    complains "--teacher: resnet50: no such file" "resnet50-imagenet" "rd4ad fetch resnet50"
    gives 1 train --data cloth --out models --resume
    complains "--resume: models/cloth.safetensors: no such file" "leave --resume out"
    gives 2 train --data cloth --out models --resume --from a.safetensors
    complains_usage train "--resume excludes --from"
    gives 0 train --data cloth --out models --steps 1 --calibration none "${tiny_training[@]}"
    gives 1 score cloth/train/good/000.png --checkpoint models/cloth.resume.safetensors
    complains "models/cloth.resume.safetensors" "the file for --resume" "without .resume"
    gives 1 score cloth/train/good/000.png --checkpoint cloth/train/good/001.png
    complains "cloth/train/good/001.png: is no safetensors file" "a PNG image"
    gives 1 score cloth/train/good/000.png --checkpoint models
    complains "models: is a folder"
    mv models/cloth.resume.safetensors away
    gives 1 train --data cloth --out models --steps 1 --calibration none "${tiny_training[@]}" --resume
    complains "--resume: models/cloth.resume.safetensors: no such file" "--from"
}
