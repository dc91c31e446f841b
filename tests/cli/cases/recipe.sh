# recipe.sh: options of the training's recipe. command.sh sources it.

# The average of the weights and variants of the images: what they cost is said, and faults end the command before it trains.
case_training_options() {
    "$make_woven" cloth 8 1 64
    local training=(train --data cloth "${tiny_training[@]}" --calibration none)
    gives 0 "${training[@]}" --steps 2 --ema 0.9 --augment brightness,flips --out averaged
    says out "augmentation flips,brightness: 12 variants of each image" "12 times the time and memory"
    gives 0 score cloth/test/good --checkpoint averaged/cloth.safetensors
    gives 0 "${training[@]}" --epochs 9 --final-rate 1 --stop-flat 0.99 --out flat
    says out "8 images, 16 steps"
    gives 2 "${training[@]}" --stop-flat 0.01 --out none
    complains_usage train "--stop-flat 0.01 needs --final-rate 1"
    gives 2 "${training[@]}" --ema 1 --out none
    complains_usage train "--ema '1'" "from 0 to "
    gives 2 "${training[@]}" --from averaged/cloth.safetensors --teacher none --out none
    complains_usage train "--from excludes --teacher"
    gives 1 "${training[@]}" --augment flip --out none
    complains "--augment" "found 'flip'" "flips, turns, brightness"
}
