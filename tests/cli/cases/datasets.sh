# datasets.sh: cases of command.sh about the files of a data set, its labels and its masks.

quick_training=(--epochs 1 --calibration none "${tiny_training[@]}")

# grey_image FILE VALUE: writes an image of 64 x 64 pixels of one grey value (an octal number).
grey_image() {
    printf 'P5\n64 64\n255\n' >"$1"
    head -c 4096 /dev/zero | tr '\0' "\\$2" >>"$1"
}

# Every verb states the files that it found, uses and leaves out, with the reasons.
case_files_are_stated() {
    "$make_woven" cloth 8 2 64
    local good=cloth/train/good
    for file in a.gif b.GIF c.heic; do echo x >"$good/$file"; done
    mkdir -p "$good/lot" cloth/train/other cloth/@eaDir cloth/val/good
    cp "$good/000.png" "$good/lot/8.png"
    cp "$good/001.png" cloth/train/other
    cp "$good/002.png" "$good/.hidden.png"
    cp "$good/003.png" cloth/@eaDir
    mv "$good/007.png" cloth/val/good
    mv "$good/006.png" cloth/val/good/006.png
    ln -s nowhere.png "$good/link.png"
    gives 0 train --data cloth --out models "${quick_training[@]}"
    says files "cloth: 26 files: 18 used (train 6, validation 2, test 6, masks 4), 8 left out: 2 .gif (not read)" \
        "1 .heic (not read)" "1 broken link" "1 hidden" "1 in sub-folders (--recursive)" "1 in train/other (not used)" \
        "1 of the system (@eaDir)"
    says out "6 images"
    (($(wc -l <files) == 1)) || fail "expected one line on the files"
    gives 0 train --data cloth --out deep --recursive "${quick_training[@]}"
    says files "26 files: 19 used (train 7, "
    says out "7 images"

    gives 0 test --data cloth --checkpoint models --json
    says out '"files": {' '"found": 26' '"train": 6' '"reason": ".gif (not read)"' '"file": "cloth/train/other/001.png"' '"notes": []'
    gives 0 calibrate --data cloth --checkpoint models --json
    says files "cloth: 26 files: 18 used"
    says out '"found": 26' '"reason": "broken link"'
    gives 0 fps --data cloth --checkpoint models --bs 1 --repetitions 1 --json
    says files "cloth: 26 files: 18 used"
    says out '"found": 26'

    mkdir -p photos/lot
    grey_image photos/a.pgm 200
    cp "$good/000.png" photos/lot
    cp "$good/000.png" photos/b.jfif
    echo x >photos/c.gif
    gives 0 score photos --checkpoint models/cloth.safetensors
    says files "4 files: 2 used (images 2), 2 left out: 1 .gif (not read), 1 in sub-folders (--recursive)"
    (($(wc -l <out) == 2)) || fail "expected two results"
    gives 0 score photos "$good/000.png" --checkpoint models/cloth.safetensors --recursive --json
    says files "5 files: 4 used (images 4), 1 left out: 1 .gif (not read)"
    (($(grep -c '"path":' out) == 4)) || fail "expected four results"
    tail -1 out | grep -qF '{"files":{"complete":true,"found":5,"left_out":[{"file":"photos/c.gif","reason":".gif (not read)"}],"used":{"images":4}},"instruction_set":' ||
        fail "expected the files in the last line"

    mkdir -p several/docs
    cp -r cloth several/a
    cp -r cloth several/b
    gives 0 train --data several --class-names all --out both "${quick_training[@]}"
    says files "several: left out, no data set: docs" "a: 26 files: 18 used" "b: 26 files: 18 used"
    gives 0 train --data several --multimodal --out both "${quick_training[@]}"
    says files "several: 52 files: 36 used (train 12, "
}

# Contradictions between images, labels and masks are refused in one message, before anything is scored or trained.
case_labels_and_masks_are_checked() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --out models "${quick_training[@]}"
    grep -q "read as" files && fail "expected no assumption about $(<files)"

    # What is unambiguous is read, and said.
    cp -r cloth spelled
    mv spelled/train/good spelled/train/OK
    mv spelled/test/good spelled/test/Normal
    mv spelled/ground_truth/stain/000_mask.png spelled/ground_truth/stain/000-mask.png
    gives 0 test --data cloth --checkpoint models/cloth.safetensors --json
    grep -v '"seconds"\|"file' out >expected
    gives 0 test --data spelled --checkpoint models/cloth.safetensors --json
    says files "spelled: read as: the images in train/OK are good ones; the images in test/Normal are good ones"
    local key
    for key in image_auroc pixel_auroc aupro; do
        cmp <(grep "\"$key\"" out) <(grep "\"$key\"" expected) || fail "expected the same $key"
    done

    cp -r cloth wrong
    rm wrong/ground_truth/stain/00?_mask.png
    grey_image wrong/ground_truth/stain/000_mask.pgm 0
    grey_image wrong/ground_truth/stain/001_mask.pgm 377
    mkdir wrong/test/good_2
    cp cloth/test/good/000.png wrong/test/good_2
    echo '{"shapes": [{"label": "rust"}]}' >wrong/train/good/003.json
    gives 1 test --data wrong --checkpoint models/cloth.safetensors --out results
    complains "3 faults" "wrong/ground_truth/stain/000_mask.pgm: marks no pixel" "wrong/test/good_2: " "rename the folder good" \
        "wrong/train/good/003.png: " "003.json (labelme) labels 1 defect" "rust"
    [[ ! -e results ]] || fail "expected nothing written"
    gives 1 train --data wrong --out others "${quick_training[@]}"
    complains "3 faults" "003.json"
    [[ ! -e others ]] || fail "expected nothing written"
    mkdir labelled
    cp cloth/train/good/00?.png labelled
    cp wrong/train/good/003.json labelled
    gives 1 train --data labelled --out others "${quick_training[@]}"
    complains "labelled/003.png: " "003.json (labelme) labels 1 defect" "layout bsd"

    cp -r cloth inverted
    local mask
    for mask in inverted/ground_truth/*/*.png; do
        rm "$mask"
        grey_image "${mask%.png}.pgm" 377
    done
    gives 1 test --data inverted --checkpoint models/cloth.safetensors
    complains "4 of 4 masks look inverted" "--masks zero" "--masks nonzero"
    gives 0 test --data inverted --checkpoint models/cloth.safetensors --masks nonzero
    says files "4 masks mark most of the image"
}

# A list as a spreadsheet writes it is read; its contradictions are refused.
case_lists_are_checked() {
    "$make_woven" cloth 8 2 64
    {
        printf 'Path;Label;Split\r\n'
        for i in 0 1 2 3 4 5 6 7; do printf 'cloth\\train\\good\\00%s.png;OK ;train\r\n' "$i"; done
        printf 'cloth/train/good/000.png;good;train\r\ncloth/test/good/000.png; Good;test\r\ncloth/test/stain/000.png;stain;Test\r\n'
    } >list.csv
    gives 0 train --data list.csv --out models "${quick_training[@]}"
    says files "list: read as: the list's delimiter is ;; the list's backslashes stand for slashes; 1 row repeats another one" \
        "used (train 8, test 2, list 1)" "2 not in the list"
    says out "8 images"
    printf 'cloth/test/good/000.png;stain;test\r\nnowhere.png;good;train\r\n' >>list.csv
    gives 1 test --data list.csv --checkpoint models
    complains "2 faults" "list.csv: line 13: " "is stain in test, but good in test in line 11" "list.csv: line 14: no such file"
}

# A training resumes with its images only.
case_resume_with_other_images() {
    "$make_woven" cloth 8 1 64
    gives 0 train --data cloth --out models "${quick_training[@]}"
    cp cloth/train/good/001.png cloth/train/good/004.png
    gives 1 train --data cloth --out models --resume "${quick_training[@]}"
    says err "models/cloth.resume.safetensors: " "cloth/train/good/004.png" "train from the start"
}

# Masks that can't be read are told before anything is scored; with --strict they and missing ones are refused in one message.
case_masks_that_cannot_be_read() {
    "$make_woven" cloth 4 2 64
    echo "no image" >cloth/ground_truth/stain/000_mask.png
    : >cloth/ground_truth/scratch/001_mask.png
    rm cloth/ground_truth/scratch/000_mask.png
    gives 1 test --data cloth --checkpoint nowhere.safetensors
    says files "2 masks can't be read, the first: cloth/ground_truth/scratch/001_mask.png"
    gives 1 test --data cloth --checkpoint nowhere.safetensors --strict
    complains "3 faults" "cloth/ground_truth/scratch/001_mask.png: " "the file is empty" \
        "cloth/ground_truth/stain/000_mask.png: " "it is a text" "cloth/test/scratch/000.png: its mask is missing"
}
