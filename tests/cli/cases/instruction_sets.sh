# Cases of the instruction sets that the command has code for. command.sh reads this file.

# usable_sets: those that this processor has, in `sets`; `built` has all of the build.
usable_sets() {
    local isa
    gives 0 --version --verbose
    IFS=', ' read -ra built <<<"$(sed -n 's/^code for: *//p' out)"
    sets=()
    for isa in "${built[@]}"; do
        if RD4AD_ISA=$isa "$rd4ad" --version >out 2>err; then
            says out "(instruction set $isa)"
            sets+=("$isa")
        else
            complains "RD4AD_ISA=$isa: this processor lacks "
        fi
    done
}

# RD4AD_ISA forces one of the build's instruction sets; another one is refused by name, by every command.
case_instruction_set_by_name() {
    usable_sets
    ((${#sets[@]})) || fail "expected one of ${built[*]}"
    gives 0 --version
    says out "(instruction set ${sets[-1]})"
    local isa
    for isa in baseline v3 v4 native v5 V4 "v4 "; do
        [[ " ${built[*]} " != *" $isa "* || $isa == *" " ]] || continue
        RD4AD_ISA=$isa gives 2 --version
        complains "RD4AD_ISA=$isa: " "$(IFS=,; sed 's/,/, /g' <<<"${built[*]}")"
        RD4AD_ISA=$isa gives 2 train --data cloth --out models
        complains "RD4AD_ISA=$isa: "
    done
    RD4AD_ISA="" gives 0 --version
}

# Every instruction set trains to the same bits twice, and to the scores of the others up to rounding. The results name it.
case_instruction_set_results() {
    usable_sets
    ((${#sets[@]} > 1)) || skip "this command has code for one instruction set of this processor: ${sets[*]}"
    "$make_woven" cloth 4 2 64
    local isa training=(--inp 32 --bs 2 --steps 2 --threads 2 --calibration none)
    for isa in "${sets[@]}"; do
        RD4AD_ISA=$isa gives 0 train --data cloth --out "$isa" "${training[@]}"
        RD4AD_ISA=$isa gives 0 score cloth/test/good --checkpoint "$isa/cloth.safetensors" --threads 2
        cut -f 1,2 out >"trained-$isa"
        # rounding decides the direction of Adam's first steps where a gradient is next to nothing
        same_scores "trained-${sets[0]}" "trained-$isa" 0.05 || fail "$isa trains to other scores than ${sets[0]}"
        RD4AD_ISA=$isa gives 0 score cloth/test/good --checkpoint "${sets[0]}/cloth.safetensors" --threads 2 --json
        tail -1 out | grep -qF "\"instruction_set\":\"$isa\"" || fail "expected the instruction set $isa"
        sed -nE 's/.*"path":"([^"]*)".*"raw_score":([0-9.]+).*/\1\t\2/p' out >"scored-$isa"
        [[ -s scored-$isa ]] || fail "expected scores"
        same_scores "scored-${sets[0]}" "scored-$isa" 1e-5 || fail "$isa scores otherwise than ${sets[0]}"
    done
    RD4AD_ISA=$isa gives 0 train --data cloth --out again "${training[@]}"
    cmp again/cloth.safetensors "$isa/cloth.safetensors" || fail "$isa trains to other bits than before"
    gives 0 fps --data cloth --checkpoint again --bs 1 --repetitions 1 --warm-up 0 --json
    says out "\"instruction_set\": \"${sets[-1]}\""
    gives 0 test --data cloth --checkpoint again --json
    says out "\"instruction_set\": \"${sets[-1]}\""
}
