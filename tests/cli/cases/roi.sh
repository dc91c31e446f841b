# roi.sh: the command's behaviour with a region of interest, and with several products in one model. command.sh sources it.

# bands FILE WHITE BLACK: a mask of 64 x 64 pixels as TGA, white in the first WHITE rows and black in the others.
bands() {
    {
        printf '\0\0\3\0\0\0\0\0\0\0\0\0\100\0\100\0\10\40'
        head -c $((64 * $2)) /dev/zero | tr '\0' '\377'
        head -c $((64 * $3)) /dev/zero
    } >"$1"
}

# raw_scores: the raw scores of the command's last output.
raw_scores() { cut -f 2 out; }

# A region of interest in each command: a mask for all stays in the checkpoint, masks per image are given at each run.
case_region_of_interest() {
    "$make_woven" cloth 9 3 64
    bands top.tga 32 32
    bands whole.tga 64 0
    local training=(train --data cloth --steps 4 "${tiny_training[@]}") images=(cloth/test/good cloth/test/stain)
    gives 0 "${training[@]}" --out plain
    gives 0 "${training[@]}" --out top --roi top.tga
    says out "cloth: region of interest: 50.0 % of an image of 64 x 64"
    gives 0 score "${images[@]}" --checkpoint top/cloth.safetensors
    raw_scores >stored
    gives 0 score "${images[@]}" --checkpoint top/cloth.safetensors --roi top.tga
    raw_scores | cmp - stored || fail "expected the checkpoint's own mask without the flag"
    gives 0 score "${images[@]}" --checkpoint top/cloth.safetensors --roi whole.tga
    raw_scores | cmp -s - stored && fail "expected other raw scores in another region"
    gives 0 score cloth/test/good/000.png --checkpoint top/cloth.safetensors --json --out results
    [[ $(od -An -tu1 -j33 -N4 results/000_map.png) != "" ]] || fail "expected a map"

    mkdir -p masks/good masks/stain masks/scratch
    local kind
    for kind in good stain scratch; do
        for image in cloth/test/"$kind"/*.png; do cp top.tga "masks/$kind/$(basename "$image" .png).tga"; done
    done
    gives 0 score "${images[@]}" --checkpoint top/cloth.safetensors --roi masks
    raw_scores | cmp - stored || fail "expected the same raw scores with a mask per image"
    gives 0 test --data cloth --checkpoint top --json
    cp out metrics
    gives 0 test --data cloth --checkpoint top --roi masks --json --out report
    diff <(grep -v seconds metrics) <(grep -v seconds out) || fail "expected the same metrics with a mask per image"
    says report/report.html "region of interest" "one mask per image"
    gives 0 test --data cloth --checkpoint top --roi whole.tga --json
    diff -q <(grep auroc metrics) <(grep auroc out) >/dev/null && fail "expected other metrics in another region"
    gives 0 compare --help
    says out "--roi"

    gives_lines 0 probe --data cloth --checkpoint top --runs 9 --out-of-fold --json
    gives 0 calibrate --checkpoint plain/cloth.safetensors --data cloth --roi top.tga
    gives 0 score cloth/test/good --checkpoint plain/cloth.safetensors
    raw_scores >calibrated
    gives 0 score cloth/test/good --checkpoint plain/cloth.safetensors --roi whole.tga
    raw_scores | cmp -s - calibrated && fail "expected calibrate to keep the mask with the threshold"
    gives 0 "${training[@]}" --from top/cloth.safetensors --out further
    says out "cloth: region of interest: 50.0 %"
}

# A mask that does not fit is refused with its name and the remedy.
case_region_of_interest_refused() {
    "$make_woven" cloth 9 2 64
    bands top.tga 32 32
    bands empty.tga 0 64
    local training=(train --data cloth --steps 2 "${tiny_training[@]}")
    gives 1 "${training[@]}" --out none --roi empty.tga
    complains "empty.tga: " "64 x 64" "empty" "white"
    gives 1 "${training[@]}" --out none --roi missing.png
    complains "missing.png: "
    "$make_woven" small 4 2 32
    gives_lines 1 train --data small --steps 2 "${tiny_training[@]}" --out none --roi top.tga
    complains_last "top.tga" "64 x 64" "small/train/good/" "32 x 32" "draw the mask at the image's size"
    mkdir masks
    gives 1 "${training[@]}" --out none --roi masks
    complains "masks: " "no mask of " "000.png"
    cp top.tga masks/000.tga
    gives 1 test --data cloth --checkpoint none --roi masks
    [[ ! -e none/cloth.safetensors ]] || fail "expected no checkpoint"
    for i in 0 1 2 3 4 5 6 7 8; do cp top.tga "masks/00$i.tga"; done
    gives 0 "${training[@]}" --out own --roi masks
    says out "cloth: region of interest: one mask per image"
    gives_lines 1 score cloth/test/good --checkpoint own/cloth.safetensors
    complains_last "cloth/test/good/000.png: has no mask" "per image" "--roi"
    gives_lines 1 score small/test/good --checkpoint own/cloth.safetensors --roi top.tga
    complains_last "top.tga" "64 x 64" "small/test/good/000.png" "32 x 32"
    gives 1 test --data cloth --checkpoint own --roi masks
    complains "masks/000.tga: is the mask of two images" "sub-folders"
    gives 2 score cloth/test/good --server http://localhost:1 --model m --roi top.tga
    complains_usage score "--roi excludes --server"
    gives 2 calibrate --checkpoint own/cloth.safetensors --roi top.tga
    complains_usage calibrate "--roi needs --data DIR"
}

# A region of interest is part of an exported graph.
case_region_of_interest_export() {
    "$make_woven" cloth 8 2 64
    bands top.tga 32 32
    gives 0 train --data cloth --steps 2 "${tiny_training[@]}" --out models --roi top.tga
    gives 0 export --checkpoint models/cloth.safetensors --out cloth.onnx
    says cloth.onnx '"roi":{"height":64,"width":64}'
    gives 0 export --format triton --checkpoint models/cloth.safetensors --out repository --calibrated
    says repository/cloth/training_stats.json '"roi"'
    mkdir -p masks && for i in 0 1 2 3 4 5 6 7; do cp top.tga "masks/00$i.tga"; done
    gives 0 train --data cloth --steps 2 "${tiny_training[@]}" --out own --roi masks
    gives 1 export --checkpoint own/cloth.safetensors --out own.onnx
    complains "region of interest is drawn per image" "one mask for all"
}

# Several products in one model: a threshold each.
case_products() {
    mkdir all
    "$make_woven" all/linen 6 2 64
    "$make_woven" all/hemp 5 2 64 7
    gives 0 train --data all --multimodal --steps 4 "${tiny_training[@]}" --out models
    says out "all, hemp: raw threshold" "all, linen: raw threshold" ", 5 good images)" ", 6 good images)"
    local images=all/hemp/test/good checkpoint=models/all.safetensors
    gives_lines 1 score $images --checkpoint $checkpoint
    complains_last "a threshold per product" "hemp, linen" "--product"
    gives_lines 1 score $images --checkpoint $checkpoint --product silk
    complains_last "silk" "hemp, linen"
    gives 0 score $images --checkpoint $checkpoint --product hemp
    cut -f 4 out >hemp
    gives 0 score $images --checkpoint $checkpoint --product linen
    cut -f 4 out | cmp -s - hemp && fail "expected other scores by another product's threshold"
    gives 0 test --data all --multimodal --checkpoint models --out report
    says out "  hemp " "  linen " "hemp: false alarms: " "linen: false alarms: "
    grep -q "^mean" out && fail "expected no mean of one model"
    says report/results.json '"products"'
    says report/results.csv hemp linen
    gives 0 test --data all/hemp --checkpoint $checkpoint --json
    cp all/hemp -r silk
    gives_lines 1 test --data silk --checkpoint $checkpoint
    complains_last "silk" "hemp, linen"
    gives 0 calibrate --checkpoint $checkpoint --product hemp --false-alarm-rate 0.3
    says out "hemp: raw threshold" "requested 30.0 %"
    grep -q linen out && fail "expected one product"
    gives 0 calibrate --checkpoint $checkpoint --data all --multimodal --json
    says out '"hemp"' '"linen"'
    gives 2 calibrate --checkpoint $checkpoint --splits 2
    complains_usage calibrate "--splits" "--product NAME"
    gives_lines 0 probe --data all --multimodal --checkpoint models --product hemp --runs 5 --json
    gives_lines 1 probe --data all --multimodal --checkpoint models --runs 5
    complains_last "hemp, linen"
    gives_lines 1 train --data all --multimodal --steps 4 --folds 6 --inp 64 --bs 4 --threads 1 --out none
    complains_last "product hemp" "at least 6" "found 5"
}

# A graph has the score of one product, or the thresholds of all in its description.
case_products_export() {
    mkdir all
    "$make_woven" all/linen 4 2 64
    "$make_woven" all/hemp 4 2 64
    gives 0 train --data all --multimodal --steps 2 "${tiny_training[@]}" --out models
    gives 0 export --checkpoint models/all.safetensors --out all.onnx
    says all.onnx '"products":{"hemp":'
    gives 1 export --checkpoint models/all.safetensors --out all.onnx --calibrated
    complains "a threshold per product" "hemp, linen" "--product"
    gives 0 export --checkpoint models/all.safetensors --out hemp.onnx --calibrated --product hemp
    says hemp.onnx '"calibration":{'
}
