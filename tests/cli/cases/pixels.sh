# Cases of command.sh: what the command does with pixels that are not what they seem. Sourced by command.sh.

# deep_png WHITE STRETCH SEED: prints a grey PNG of 64 x 64 pixels with 16-bit values of at most WHITE; STRETCH: scaled to 65535.
deep_png() {
    python3 - "$@" <<'PYTHON'
import struct, sys, zlib
white, stretch, seed = int(sys.argv[1]), sys.argv[2] == "yes", int(sys.argv[3])
value = lambda x, y: (x * 1021 + y * 613 + seed * 7919) % (white + 1)
scaled = lambda v: (v * 65535 + white // 2) // white if stretch else v
rows = b"".join(b"\0" + b"".join(struct.pack(">H", scaled(value(x, y))) for x in range(64)) for y in range(64))
chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 64, 64, 16, 0, 0, 0, 0)) +
                        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
}

# A training on a 12-bit camera's 16-bit files takes their level of white, and scores as one on the same values in 16 bits.
case_pixels_white_level() {
    command -v python3 >/dev/null || exit 77
    mkdir -p deep/train/good deep/test/good wide/train/good wide/test/good
    local i name
    for i in 1 2 3; do
        deep_png 4095 no $i >deep/train/good/$i.png
        deep_png 4095 yes $i >wide/train/good/$i.png
    done
    deep_png 4095 no 4 >deep/test/good/4.png && deep_png 4095 yes 4 >wide/test/good/4.png
    gives_lines 0 train --data deep --out models --steps 2 --calibration none "${tiny_training[@]}"
    says err "deep: white is 4095 (12 bits), found in the 16-bit training images"
    gives_lines 0 train --data wide --out models --steps 2 --calibration none "${tiny_training[@]}"
    ! grep -q "white is" err || fail "expected no level of white"
    for name in deep wide; do
        gives_lines 0 score "$name/test/good/4.png" --checkpoint "models/$name.safetensors"
        ! grep -q "16-bit" err || fail "expected no warning"
        cut -f2 out >"$name.raw"
    done
    cmp deep.raw wide.raw || fail "expected equal raw scores of 12 bits and of 16 bits"
    gives_lines 0 score wide/test/good/4.png --checkpoint models/deep.safetensors
    says err "warning: wide/test/good/4.png: its 16-bit values reach" "white is 4095"
    gives_lines 0 score deep --checkpoint models/wide.safetensors --recursive
    says err "its 16-bit values end at 4095 of 65535" "12 bits" "multiply the values by 16"
    (($(grep -c "16-bit" err) == 1)) || fail "expected one warning"
    gives_lines 1 score deep/test/good/4.png --checkpoint models/deep.safetensors --white-level 1023
    says err "was trained with --white-level 4095, not 1023"
    gives 2 train --data deep --out models --white-level 0
    complains_usage train "--white-level '0'" "auto, or a whole number from 1 to 65535"
    # every command that opens a data set tells it
    local command
    for command in fps test; do
        gives_lines 0 "$command" --data deep --checkpoint models/wide.safetensors
        says err "deep/test/good/4.png: its 16-bit values end at 4094 of 65535"
    done
    gives_lines 0 train --data deep --out given --white-level 65535 --steps 1 --calibration none "${tiny_training[@]}"
    ! grep -q "white is" err || fail "expected no level of white"
}

# A file that is no image is named by its content, whatever its suffix.
case_pixels_kind_of_file() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    printf 'II*\0\x10\0\0\0' >photo.png
    gives_lines 1 score photo.png --checkpoint models/cloth.safetensors
    says err "photo.png: is not an image" "it is a TIFF image"
    printf '<!DOCTYPE html><html>not found</html>' >page.jpg
    gives_lines 1 score page.jpg --checkpoint models/cloth.safetensors
    says err "page.jpg: is not an image" "a web page" "download the file again"
}
