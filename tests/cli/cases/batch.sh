# tests/cli/cases/batch.sh: an image that can't be used is a row with its reason, and stops no other. command.sh sources this file.

# makes_model: cloth, a data set, and models/cloth.safetensors, its calibrated model.
makes_model() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --steps 4 --out models "${tiny_training[@]}"
}

# damages FOLDER: puts images that can't be read into a folder: no image, an empty file, a cut file, a folder named as an image.
damages() {
    echo "no image" >"$1/bad1.png"
    : >"$1/bad2.png"
    head -c 400 "$(find cloth/train/good -name '*.png' | head -1)" >"$1/bad3.png"
}

# counts_last TEXT: the last line on standard error is this number of images, "N of M images ..., K failed".
counts_last() { [[ $(tail -1 err) == "rd4ad: $1" ]] || fail "expected the last line: rd4ad: $1"; }

# One damaged photograph among others, and what file servers put beside them.
case_batch_score() {
    makes_model
    local model=models/cloth.safetensors name
    mkdir -p photos/@eaDir photos/'$RECYCLE.BIN' photos/__MACOSX photos/.thumbnails photos/lost+found clean
    cp cloth/test/good/*.png clean
    cp cloth/test/stain/000.png clean/zz.png
    cp clean/* photos
    for name in @eaDir '$RECYCLE.BIN' __MACOSX .thumbnails lost+found; do cp clean/zz.png "photos/$name/000.png"; done
    echo "fork" >photos/._000.png
    echo "db" >photos/Thumbs.db
    echo "[x]" >photos/desktop.ini
    gives 0 score clean --checkpoint $model
    cut -f 1,2,4,5 out | sed 's/^clean/photos/' >expected
    (($(wc -l <expected) == 3)) || fail "expected three results"
    gives 0 score photos --checkpoint $model
    cut -f 1,2,4,5 out | cmp - expected || fail "a system's files changed the results"
    gives 0 score photos/* --checkpoint $model # the shell's * gives @eaDir, Thumbs.db and desktop.ini, too
    cut -f 1,2,4,5 out | cmp - expected || fail "a system's files changed the results"

    damages photos
    gives 3 score photos --checkpoint $model --out results --coco regions.json
    counts_last "3 of 6 images scored, 3 failed"
    grep -v $'\terror\t' out | cut -f 1,2,4,5 | cmp - expected || fail "a damaged image changed another's result"
    grep -qE $'^photos/bad1\\.png\terror\tphotos/bad1\\.png: .*not an image' out || fail "expected a row for bad1"
    grep -qE $'^photos/bad2\\.png\terror\tphotos/bad2\\.png: .*empty' out || fail "expected a row for bad2"
    grep -qE $'^photos/bad3\\.png\terror\tphotos/bad3\\.png: ' out || fail "expected a row for bad3"
    [[ $(cut -f 1 out) == $'photos/000.png\nphotos/001.png\nphotos/bad1.png\nphotos/bad2.png\nphotos/bad3.png\nphotos/zz.png' ]] ||
        fail "expected the images' order"
    [[ -s results/zz.jpg && ! -e results/bad1.jpg && -s regions.json && -s regions.images.json ]] || fail "expected the results' files"
    gives 3 score photos --checkpoint $model --json
    (($(grep -c '"path":' out) == 6)) || fail "expected a line per image"
    (($(grep -cE '^\{"error":"photos/bad[123]\.png: [^"]+","is_anomalous":null,"ms":null,"path":"photos/bad[123]\.png","raw_score":null,"regions":\[\],"score":null\}$' out) == 3)) ||
        fail "expected three lines with an error"
    gives 3 score clean/zz.png nowhere.png empty_folder clean/000.png --checkpoint $model
    grep -qE $'^nowhere\\.png\terror\tnowhere\\.png: no such file' out || fail "expected a row for the missing file"
    mkdir empty_folder
    gives 3 score clean/zz.png empty_folder --checkpoint $model
    grep -qE $'^empty_folder\terror\tempty_folder: holds no images' out || fail "expected a row for the folder"

    # --strict stops at the first, and nothing done is a failure.
    gives_lines 1 score photos --checkpoint $model --strict --threads 1
    complains_last "photos/bad1.png: " "not an image"
    gives 1 score nowhere.png --checkpoint $model
    says err "rd4ad: nowhere.png: no such file"
    gives 1 score photos/bad1.png photos/bad2.png --checkpoint $model
    says err "none of 2 images could be scored; the first: photos/bad1.png: "
    gives 1 score empty_folder --checkpoint $model --strict
    says err "empty_folder: holds no images"
    gives 1 score photos/@eaDir --checkpoint $model
    says err "photos/@eaDir: " "system"
}

# Names that could forge a row, name no UTF-8, or are too long for what is written beside them.
case_batch_names() {
    needs_python json
    makes_model
    local model=models/cloth.safetensors long
    mkdir -p odd/a odd/b
    long=$(printf 'n%.0s' {1..250}).png
    cp cloth/test/stain/000.png $'odd/tab\there.png' || skip "the file system refuses a tab in a name"
    cp cloth/test/stain/000.png $'odd/line\nodd\tforged.png\t0.1\t1.0\t0.1\tgood.png'
    cp cloth/test/stain/000.png $'odd/caf\xe9.png' || skip "the file system refuses names that are not UTF-8"
    cp cloth/test/stain/000.png $'odd/\x1b[2Jclear.png'
    cp cloth/test/stain/000.png 'odd/=1+1.png'
    cp cloth/test/stain/000.png "odd/$long"
    cp cloth/test/stain/000.png "odd/m${long:1}"
    gives 0 score odd --checkpoint $model --out results
    (($(wc -l <out) == 7)) || fail "expected one line per image"
    (($(grep -cE $'^odd/[^\t]+\t[0-2]\\.[0-9]{6}\t[0-9.]+\t[01]\\.[0-9]{6}\t(good|anomalous)$' out) == 7)) || fail "expected rows only"
    says out 'odd/tab\there.png' 'odd/line\nodd\tforged.png\t0.1\t1.0\t0.1\tgood.png' 'odd/caf\xe9.png' 'odd/\x1b[2Jclear.png' "odd/$long"
    [[ $(find results -name 'nnnn*~*.jpg' | wc -l) == 1 && $(find results -name 'mnnn*~*_map.png' | wc -l) == 1 ]] ||
        fail "expected shortened names with a hash"
    gives 0 score odd --checkpoint $model --json
    "$python" - out <<'PYTHON' || fail "expected JSON in UTF-8, one object per image"
import json, sys
rows = [row for row in map(json.loads, open(sys.argv[1], encoding="utf-8")) if "path" in row]
names = {row["path"] for row in rows}
assert len(rows) == len(names) == 7 and "odd/caf\\xe9.png" in names and "odd/tab\there.png" in names, names
PYTHON

    # COCO: ids and paths lead back to the photographs, also to two of one name and to a name that is not UTF-8.
    cp cloth/test/scratch/000.png odd/a/000.png
    cp cloth/test/stain/000.png odd/b/000.png
    gives 0 calibrate --checkpoint $model --data cloth --labelled
    gives 0 score odd/a odd/b $'odd/caf\xe9.png' --checkpoint $model --coco regions.json --min-region-area 0
    "$python" - regions.json regions.images.json <<'PYTHON' || fail "expected paths that lead back to the images"
import json, os, sys
results, coco = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
names = {image["id"]: image["file_name"] for image in coco["images"]}
assert names == {1: "odd/a/000.png", 2: "odd/b/000.png", 3: "odd/caf\\xe9.png"}, names
assert all(os.path.exists(os.path.join(coco["info"]["folder"], names[i])) for i in (1, 2))
assert results and all(names[one["image_id"]] == one["file_name"] for one in results)
assert all(image["width"] == image["height"] == 64 for image in coco["images"])
PYTHON

    # The same names in a data set, and COCO files that compare reads.
    mkdir -p set/test/good set/test/=bent set/train
    cp -r cloth/train/good set/train
    cp odd/*.png set/test/=bent
    cp cloth/test/good/*.png set/test/good
    gives 0 test --data set --checkpoint $model --out tested --coco tested.json --json
    (($(wc -l <tested/results.csv) == 10)) || fail "expected one line per image in results.csv"
    says tested/results.csv "set,test/=bent/=1+1.png,defect,'=bent," 'caf\xe9.png,defect,' 'tab\there.png,defect,' 'line\nodd\tforged.png'
    gives 0 test --data cloth --checkpoint $model --coco cloth.json
    gives 0 compare --data cloth --checkpoint $model --cmp-coco cloth.json --cmp-coco-images cloth.images.json --resamples 9
    says out "compared: 6 of 6 test images"
}

# A data set with damaged images and a missing mask: its rest is tested, calibrated, compared and probed.
case_batch_datasets() {
    makes_model
    cp -r cloth spoilt
    damages spoilt/test/good
    cp cloth/test/stain/000.png spoilt/test/stain/unmasked.png
    echo "no image" >spoilt/ground_truth/scratch/000_mask.png
    local system # what file servers and systems put into any folder stops nothing and counts as nothing
    for system in spoilt/@eaDir spoilt/train/@eaDir spoilt/train/good/@eaDir spoilt/test/@eaDir spoilt/test/__MACOSX spoilt/test/lost+found \
        spoilt/test/stain/@eaDir spoilt/ground_truth/@eaDir; do
        mkdir "$system"
        cp cloth/test/good/000.png "$system"
    done
    for system in test/good/._000.png test/stain/._000.png ground_truth/stain/._000_mask.png test/Thumbs.db test/good/Thumbs.db \
        test/stain/desktop.ini train/good/.DS_Store; do
        echo "not for you" >"spoilt/$system"
    done
    cp -r cloth clean
    rm clean/test/scratch/000.png
    local command model=models/cloth.safetensors
    local wanted=(--checkpoint models --threads 1)
    gives 0 test --data clean "${wanted[@]}" --json
    grep -vE '"(seconds|failed)"' out >expected
    gives_lines 3 test --data spoilt "${wanted[@]}" --json --out tested
    counts_last "5 of 10 images tested, 5 failed"
    (($(grep -c '"error": ' out) == 5)) || fail "expected five reasons"
    says out '"error": "spoilt/test/stain/unmasked.png: its mask is missing' '"path": "spoilt/test/good/bad1.png"' '"images": 5,'
    grep -E '"(image_auroc|pixel_auroc|aupro|aupro_per_image|image_ap|pixel_ap|best_f1|best_f1_raw_threshold|false_alarm_rate|detection_rate|images)"' out >found
    grep -E '"(image_auroc|pixel_auroc|aupro|aupro_per_image|image_ap|pixel_ap|best_f1|best_f1_raw_threshold|false_alarm_rate|detection_rate|images)"' expected |
        cmp - found || fail "the images that failed changed the metrics"
    (($(wc -l <tested/results.csv) == 11)) || fail "expected a line per image in results.csv"
    grep -qE '^spoilt,test/good/bad2\.png,good,good,,,,,"?spoilt/test/good/bad2\.png: .*empty' tested/results.csv ||
        fail "expected the reason in results.csv"
    gives_lines 3 test --data spoilt "${wanted[@]}"
    (($(grep -c $'\terror\t' out) == 5)) || fail "expected five rows"
    gives_lines 1 test --data spoilt "${wanted[@]}" --strict
    complains_last "2 faults" "spoilt/ground_truth/scratch/000_mask.png: is not an image" "unmasked.png: its mask is missing"

    cp $model kept.safetensors
    gives 0 calibrate --data clean --checkpoint kept.safetensors --false-alarm-rate 0.3 --threads 1
    cp $model other.safetensors
    gives 3 calibrate --data spoilt --checkpoint other.safetensors --false-alarm-rate 0.3 --threads 1
    counts_last "2 of 5 images scored, 3 failed"
    (($(grep -c $'\terror\t' out) == 3)) || fail "expected three rows"
    cmp kept.safetensors other.safetensors || fail "the images that failed changed the threshold"
    gives 3 calibrate --data spoilt --checkpoint other.safetensors --labelled --json --threads 1
    says out '"failed": [' '"error": "spoilt/test/good/bad1.png: '
    gives_lines 1 calibrate --data spoilt --checkpoint other.safetensors --strict --threads 1
    complains_last "spoilt/test/good/bad1.png: "

    echo '{"good/000.png": [], "stain/000.png": [], "good/bad1.png": []}' >other.json
    gives 0 compare --data clean "${wanted[@]}" --cmp-bboxes other.json --resamples 9 --json
    grep -E '"(accuracy|dice|rd4ad|external|low|high)"' out >expected
    gives_lines 3 compare --data spoilt "${wanted[@]}" --cmp-bboxes other.json --resamples 9 --json
    counts_last "5 of 10 images compared, 5 failed"
    grep -E '"(accuracy|dice|rd4ad|external|low|high)"' out | cmp - expected || fail "the images that failed changed the comparison"
    gives_lines 1 compare --data spoilt "${wanted[@]}" --cmp-bboxes other.json --strict
    complains_last "2 faults" "spoilt/ground_truth/scratch/000_mask.png: is not an image" "unmasked.png: its mask is missing"

    cp -r spoilt probed
    local i
    mkdir -p probed/val/good
    for i in {10..28}; do cp cloth/test/good/000.png "probed/val/good/$i.png"; done
    gives_lines 3 probe --data probed "${wanted[@]}" --runs 30
    counts_last "21 of 24 images probed, 3 failed"
    says out $'probed/test/good/bad1.png\terror\t'
    gives_lines 1 probe --data probed "${wanted[@]}" --runs 30 --strict
    complains_last "probed/test/good/bad1.png: "
}

# A training refuses damaged images, all in one message before the first step, or leaves them out and names them.
case_batch_train() {
    "$make_woven" cloth 8 1 64
    cp -r cloth spoilt
    damages spoilt/train/good
    local training=(train --steps 2 --calibration none --threads 1 --inp 64 --bs 4)
    gives 1 "${training[@]}" --data spoilt --out refused
    complains_last "3 of 11 images" "--skip-bad" "spoilt/train/good/bad1.png: " "spoilt/train/good/bad2.png: " "spoilt/train/good/bad3.png: "
    [[ ! -e refused/spoilt.safetensors ]] || fail "expected no checkpoint"
    gives 0 "${training[@]}" --data spoilt --out skipped --skip-bad
    says out "spoilt: left out 3 images" $'spoilt/train/good/bad2.png\terror\t' "spoilt: resnet18, 8 images, 2 steps"
    mkdir whole && cp -r cloth whole/spoilt  # the checkpoint records the data set's name
    gives 0 "${training[@]}" --data whole/spoilt --out clean
    cmp skipped/spoilt.safetensors clean/spoilt.safetensors || fail "expected the bytes of a training without these images"

    # Of several classes none trains before all are known to be readable.
    mkdir all
    cp -r cloth all/a && cp -r spoilt all/b && cp -r spoilt all/c
    gives 1 "${training[@]}" --data all --class-names a,b,c --out several
    complains_last "'b': 3 of 11 images" "all/b/train/good/bad1.png: " "'c': 3 of 11 images" "all/c/train/good/bad3.png: "
    [[ ! -e several/a.safetensors ]] || fail "expected no checkpoint"

    # A class's name may be as long as the file system allows.
    local long
    long=$(printf 'c%.0s' {1..254})
    cp -r cloth "$long"
    gives 0 "${training[@]}" --data "$long" --out long
    gives 0 test --data "$long" --checkpoint long --threads 1
}

# Names with line ends and escape sequences forge no line of a message, of the progress or of a result, and command no terminal.
case_names_in_messages() {
    local evil=$'clo\nrd4ad: all good\t\e[2Jth'
    "$make_woven" "$evil" 4 1 64
    gives_lines 0 train --data "$evil" --out models --steps 1 --calibration none "${tiny_training[@]}"
    local model=models/$'clo_rd4ad: all good__[2Jth.safetensors'
    [[ -s $model ]] || fail "expected a model with a safe name"
    cp out both && cat err files >>both
    gives 1 score "$evil"/none.png --checkpoint "$model"
    complains_last 'clo\nrd4ad: all good\t\x1b[2Jth/none.png: no such file'
    cat err out >>both
    gives_lines 0 convert --from "$model" --out "$evil.pth"
    cat out >>both
    gives_lines 1 train --data "$evil" --out "$evil" --steps 1
    cat err files >>both
    ! grep -q $'\e' both && ! grep -qE '^rd4ad: all good' both || fail "a name forged a line: $(cat -A both)"
}

# A wrong number for the drift test is named by its flag, also where no test can be made.
case_drift_window() {
    "$make_woven" cloth 4 1 64
    local window
    for window in 1 4 -1 x; do
        gives 2 score cloth/test/good --checkpoint nowhere.safetensors --drift-window "$window"
        complains_usage score "--drift-window '$window': expected"
    done
    gives 2 score cloth/test/good --server http://localhost:9 --model cloth --drift-window 9
    complains_usage score "--drift-window excludes --server"
}

# A size that no memory holds is refused by its flag.
case_sizes_without_bound() {
    "$make_woven" cloth 4 1 64
    local size
    for size in 3200000000 18446744073709551584 32x3200000000; do
        gives 1 train --data cloth --out models --inp "$size" "${tiny_training[@]:2}"
        complains "--inp $size: " "at most 16384"
    done
}
