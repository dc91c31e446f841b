# Cases of command.sh: what the command does with pixels that are not what they seem. Sourced by command.sh.

# Prints a grey PNG of 64 x 64 pixels with 16-bit values of at most $1.
deep_png() {
    python3 - "$1" <<'PYTHON'
import struct, sys, zlib
white = int(sys.argv[1])
rows = b"".join(b"\0" + b"".join(struct.pack(">H", (x * 1021 + y * 613) % (white + 1)) for x in range(64)) for y in range(64))
chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
sys.stdout.buffer.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", 64, 64, 16, 0, 0, 0, 0)) +
                        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
}

# A 12-bit camera's values in 16-bit files are told once per run, whatever the command.
case_pixels_white_level() {
    command -v python3 >/dev/null || exit 77
    "$make_woven" cloth 4 1 64
    mkdir deep && deep_png 4095 >deep/a.png && cp deep/a.png deep/b.png
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    [[ ! -s err ]] || ! grep -q "16-bit" err || fail "expected no warning"
    gives_lines 0 score deep --checkpoint models/cloth.safetensors
    says err "warning: deep/a.png: its 16-bit values end at 4095 of 65535" "12 bits" "multiply the values by 16"
    (($(grep -c "16-bit" err) == 1)) || fail "expected one warning"
    gives_lines 0 train --data deep --out models --epochs 1 "${tiny_training[@]}"
    says err "its 16-bit values end at"
    deep_png 65535 >deep/c.png
    gives_lines 0 score deep/c.png --checkpoint models/cloth.safetensors
    ! grep -q "16-bit" err || fail "expected no warning"
}

# Every command that opens a data set tells it.
case_pixels_white_level_of_data_sets() {
    command -v python3 >/dev/null || exit 77
    mkdir -p deep/train/good deep/test/good && deep_png 4095 >deep/train/good/a.png
    cp deep/train/good/a.png deep/train/good/b.png && cp deep/train/good/a.png deep/test/good/c.png
    echo '{"c.png": []}' >boxes.json
    local command
    for command in probe fps test "calibrate" "compare --cmp-bboxes boxes.json" "verify --onnx boxes.json"; do
        # unquoted: a command with its flags is several words
        gives_lines 1 $command --data deep --checkpoint nowhere.safetensors
        says err "warning: deep/train/good/a.png: its 16-bit values end at 4095 of 65535" "nowhere.safetensors: no such file"
    done
}

# A file that is no image is named by its content, whatever its suffix.
case_pixels_kind_of_file() {
    "$make_woven" cloth 4 1 64
    gives 0 train --data cloth --out models --epochs 1 "${tiny_training[@]}"
    printf 'II*\0\x10\0\0\0' >photo.png
    gives_lines 1 score photo.png --checkpoint models/cloth.safetensors
    says err "photo.png: is not an image" "it is a TIFF image; convert it to PNG"
    printf '<!DOCTYPE html><html>not found</html>' >page.jpg
    gives_lines 1 score page.jpg --checkpoint models/cloth.safetensors
    says err "page.jpg: is not an image" "a web page" "download the file again"
}
