# Suspects and detection limits: command.sh sources this file.

# Text, checkpoint, report and page state the same suspect; the page goes with the suspects.
case_suspects() {
    "$make_woven" cloth 16 2 64
    cp cloth/ground_truth/stain/000_mask.png cloth/train/good/odd.png
    local training=(train --data cloth --steps 12 --fold-steps 1 --map paper --out models "${tiny_training[@]}")
    local page=models/cloth.suspects.html shown stored
    gives 0 "${training[@]}"
    says out "cloth: 1 of 17 good images looks unlike the others" "run the same rd4ad train command with --without-suspects" \
        "their pictures: $page"
    grep -qE '^  cloth/train/good/odd\.png: raw score [0-9.]{6}, one good image in [0-9]+ has as much, region [0-9]+ x [0-9]+ at [0-9]+, [0-9]+$' out ||
        fail "expected the suspect's line"
    says "$page" '"image":"odd.png"' '"headline":"1 of 17 good images looks unlike the others"'
    shown=$(grep -oE '"raw_score":[0-9.e-]+,"regions"' "$page" | head -1)
    shown=${shown%,*}
    cp out trained
    gives 0 test --data cloth --checkpoint models --out results
    stored=$(grep -oE '"suspects":\[\{[^]]*\][^]]*' results/report.html)
    [[ $stored == *'"image":"odd.png"'* && $stored == *"$shown,"* ]] || fail "expected $shown in the report, found $stored"
    says trained "raw score $(printf '%.4f' "${shown#*:}"), "

    gives 0 probe --data cloth --checkpoint models --runs 32 --threads 1
    says out "cloth: 16 photographs, "

    gives 0 "${training[@]}" --without-suspects
    says out "cloth: 1 of 17 good images looks" "The model was trained without them"
    says "$page" "The model was trained without them"
    gives 1 "${training[@]}" --resume
    says err "without_suspects was true and is now false"
    rm cloth/train/good/odd.png
    gives 0 train --data cloth --steps 2 --calibration none --out models "${tiny_training[@]}"
    [[ ! -e $page ]] || fail "expected no page without suspects"
    gives 1 "${training[@]}" --without-suspects --calibration hold-out --validation 0.2
    says err "without suspects" "found calibration hold-out" "--calibration cross"
    gives 1 "${training[@]}" --calibration hold-out --validation 0.05 --map scales
    says err "map scales" "found 0 by calibration hold-out" "--calibration cross"
}

# The report shows the detection limits of a probe of the same model and threshold.
case_limits() {
    "$make_woven" cloth 8 2 64
    gives 0 train --data cloth --steps 4 --out models "${tiny_training[@]}"
    gives 0 probe --data cloth --checkpoint models --runs 60 --threads 1 --out probe
    gives 0 test --data cloth --checkpoint models --out results --probe probe
    says results/report.html '"limits":{' '"kind":"scratch"' '"found_low":'
    gives 0 test --data cloth --checkpoint models --out results --probe probe/probe.json
    says results/report.html '"limits":{'
    gives 0 test --data cloth --checkpoint models --out results
    says results/report.html '"limits":null'
    gives 2 test --data cloth --checkpoint models --probe probe
    complains_usage test "--probe needs --out DIR"
    gives 1 test --data cloth --checkpoint models --out again --probe results/results.json
    says err "results/results.json: is no result of a probe" "rd4ad probe"
    gives 0 calibrate --checkpoint models/cloth.safetensors --false-alarm-rate 0.4
    gives 1 test --data cloth --checkpoint models --out results --probe probe
    says err "probe/probe.json: is a probe at the raw threshold" "the checkpoint's is" "run rd4ad probe again"
    mkdir -p all/a all/b probes/a probes/b
    cp -r cloth/* all/a && cp -r cloth/* all/b
    gives 0 probe --data cloth --checkpoint models --runs 60 --threads 1 --out probes/a
    cp probes/a/probe.json probes/b
    gives 0 test --data all --class-names a,b --checkpoint models --out several --probe probes
    (($(grep -o '"limits":{' several/report.html | wc -l) == 2)) || fail "expected the limits of both classes"
}
