# tests/cli/cases/bad_input.sh: bad input, command by command: what is given, the exit status and the message. command.sh sources this file, and
# scripts/bad-input writes docs/bad-input.md from it.

# bad WHAT STATUS TEXT -- COMMAND ARG...: runs a command with bad input. Expects the exit status, and TEXT in the message: the first
# image's reason for status 3, else the last line on standard error. Appends a row to the file RD4AD_BAD_INPUT, if there is one.
bad() {
    local what=$1 wanted=$2 text=$3 status=0 message
    shift 4
    "$rd4ad" "$@" >out 2>err || status=$?
    ((status == wanted)) || fail "$what: rd4ad $*: status $status, expected $wanted"
    message=$(tail -1 err)
    [[ $message == "rd4ad: "* ]] || fail "$what: expected a last line that begins with rd4ad:"
    ((status != 3)) || message="rd4ad: $(grep -m 1 $'\terror\t' out | cut -f 3)"
    message=${message#rd4ad: }
    [[ $message == *"$text"* ]] || fail "$what: expected in the message: $text; found: $message"
    [[ -n ${RD4AD_BAD_INPUT:-} ]] || return 0
    message=${message//"$folder/"/}
    [[ $1 == "${bad_command:-}" ]] || printf '\n## rd4ad %s\n| given | status | message |\n| --- | ---: | --- |\n' "$1" >>"$RD4AD_BAD_INPUT"
    bad_command=$1
    printf '| %s | %d | `%s` |\n' "$what" "$status" "${message//|/\\|}" >>"$RD4AD_BAD_INPUT"
}

case_bad_input() {
    source "$tests/cases/batch.sh"  # makes_model
    makes_model
    local model=models/cloth.safetensors
    mkdir empty no_models photos notes
    cp cloth/test/good/*.png photos
    damages photos
    echo "no image" >notes/note.txt
    cp -r cloth spoilt && damages spoilt/train/good
    cp -r cloth holes && rm holes/ground_truth/scratch/000_mask.png
    cp -r cloth torn && damages torn/test/good
    cp cloth/test/good/000.png sparse.png && truncate -s 1G sparse.png
    mkdir mine && echo "my list" >mine/cloth.csv
    echo short >token
    echo '{' >broken.json
    echo '{"good/000.png": []}' >other.json
    echo '{"000.png": []}' >twice.json

    local training=(train --threads 1 --inp 64 --bs 4 --steps 2 --calibration none)
    bad "no \`--data\`" 2 "--data is missing" -- train --out new
    bad "a folder that is not there" 1 "no such folder" -- "${training[@]}" --data nowhere --out new
    bad "a folder without images" 1 "holds no images" -- "${training[@]}" --data empty --dataset folder --out new
    bad "damaged images among the good ones" 1 "3 of 11 images" -- "${training[@]}" --data spoilt --out new
    bad "a size that the network can't have" 1 "multiples of 32" -- "${training[@]}" --data cloth --out new --inp 100
    bad "a teacher that holds no weights" 1 "safetensors" -- "${training[@]}" --data cloth --out new --teacher notes/note.txt
    bad "a teacher of another architecture" 2 "resnet50" -- "${training[@]}" --data cloth --out new --arch resnet50
    bad "\`--resume\` without a checkpoint" 1 "new/cloth.safetensors" -- "${training[@]}" --data cloth --out new --resume

    bad "no checkpoint at that path" 1 "no such file" -- test --data cloth --checkpoint nowhere.safetensors
    bad "a folder without checkpoints" 1 "found none" -- test --data cloth --checkpoint no_models
    bad "a file that is no checkpoint" 1 "notes/note.txt" -- test --data cloth --checkpoint notes/note.txt
    bad "damaged images in the test set" 3 "not an image" -- test --data torn --checkpoint models
    bad "the same, with \`--strict\`" 1 "not an image" -- test --data torn --checkpoint models --strict
    bad "a defect without a mask" 3 "its mask is missing" -- test --data holes --checkpoint models
    bad "another input size than the model's" 1 "--inp" -- test --data cloth --checkpoint models --inp 128
    bad "result images without a folder" 2 "needs --out DIR" -- test --data cloth --checkpoint models --save-segmentation-images

    bad "no image" 2 "nothing to score" -- score --checkpoint $model
    bad "a file that is not there" 1 "no such file" -- score nowhere.png --checkpoint $model
    bad "a file that is no image" 1 "not an image" -- score notes/note.txt --checkpoint $model
    bad "an empty file" 1 "is empty" -- score photos/bad2.png --checkpoint $model
    bad "a file that is cut short" 1 "photos/bad3.png: " -- score photos/bad3.png --checkpoint $model
    bad "a file with far more bytes than its image needs" 1 "64 x 64 pixels" -- score sparse.png --checkpoint $model
    bad "an empty value, as of a variable that is not set" 2 "--out is empty" -- score photos --checkpoint $model --out ""
    bad "a folder without images" 1 "holds no images" -- score notes --checkpoint $model
    bad "damaged images among good ones" 3 "not an image" -- score photos --checkpoint $model
    bad "the same, with \`--strict\`" 1 "not an image" -- score photos --checkpoint $model --strict --threads 1
    bad "a file that is not there, among good ones" 3 "no such file" -- score photos/000.png nowhere.png --checkpoint $model
    bad "a checkpoint and a server" 2 "give one of them" -- score photos --checkpoint $model --server http://localhost:1

    bad "a rate above 1" 2 "above 0 and below 1" -- calibrate --checkpoint $model --false-alarm-rate 2
    bad "\`--labelled\` without a data set" 2 "needs --data DIR" -- calibrate --checkpoint $model --labelled
    cp $model kept.safetensors
    bad "damaged images among the good ones" 3 "not an image" -- calibrate --checkpoint kept.safetensors --data torn --false-alarm-rate 0.3

    bad "no boxes of the other program" 2 "either --cmp-bboxes or --cmp-coco" -- compare --data cloth --checkpoint models
    bad "boxes that are no JSON" 1 "is not JSON" -- compare --data cloth --checkpoint models --cmp-bboxes broken.json
    bad "a name that fits several images" 1 "fits 3 test images" -- compare --data cloth --checkpoint models --cmp-bboxes twice.json
    bad "damaged images in the test set" 3 "not an image" -- compare --data torn --checkpoint models --cmp-bboxes other.json --resamples 9

    bad "damaged images to paint defects into" 3 "not an image" -- probe --data spoilt --checkpoint models --out-of-fold --runs 9 --threads 1
    bad "a checkpoint that is not there" 1 "no such file" -- probe --data cloth --checkpoint nowhere.safetensors

    bad "a damaged image" 1 "not an image" -- fps --data torn --checkpoint models --bs 8 --repetitions 1 --threads 1
    bad "a file that is no checkpoint" 1 "notes/note.txt" -- export --checkpoint notes/note.txt --out new.onnx
    if [[ $("$rd4ad" serve --models no_models --port 99999 2>&1) != *"built without"* ]]; then
        bad "no \`--models\`" 2 "--models is missing" -- serve --port 0
        bad "a folder that is not there" 1 "nowhere" -- serve --port 0 --models nowhere
        bad "an address that others reach, without a token" 2 "--token-file" -- serve --port 0 --models models --host 0.0.0.0
        bad "a token that is too short" 1 "at least 16" -- serve --port 0 --models models --token-file token
        bad "feedback among the models" 1 "lies in models" -- serve --port 0 --models models --feedback models/feedback
        bad "feedback that would replace a file of yours" 1 "did not write it" -- serve --port 0 --models models --feedback mine
    fi
    bad "no graph at that path" 1 "no such file" -- verify --onnx nowhere.onnx --checkpoint $model --data cloth
    bad "a file type that is not written" 2 "--out new.onnx" -- convert --from $model --out new.onnx
}
