#!/usr/bin/env python3
"""Writes tests/data/image/formats: one small picture in every form the reader knows, and what Pillow reads from it.

`<file>.rgb` holds 2 little-endian 32-bit sizes (width, height) and the RGB bytes expected from <file>. orientation_N.jpg
hold the same upright picture (orientation.rgb), stored as a camera with EXIF orientation N stores it.
Needs numpy and Pillow (made with 9.4).
"""
import pathlib
import struct

import numpy
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/image/formats"


def expect(name, rgb):
    rgb = numpy.ascontiguousarray(rgb, dtype=numpy.uint8)
    (OUT / (name + ".rgb")).write_bytes(struct.pack("<2I", rgb.shape[1], rgb.shape[0]) + rgb.tobytes())


def png16(name, values):
    """A 16-bit PNG of height x width x channels; Pillow can't write those in colour."""
    import zlib
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [(b"IHDR", struct.pack(">2I5B", width, height, 16, {1: 0, 3: 2}[channels], 0, 0, 0)), (b"IDAT", zlib.compress(rows)),
              (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    (OUT / name).write_bytes(data)
    rgb = numpy.repeat(values, 3, axis=2) if channels == 1 else values
    expect(name, (rgb.astype(numpy.int64) + 128) // 257)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(112)
    rgb = random.integers(0, 256, (7, 11, 3)).astype(numpy.uint8)
    grey = random.integers(0, 256, (7, 11)).astype(numpy.uint8)
    alpha = random.integers(0, 256, (7, 11)).astype(numpy.uint8)
    as_grey = numpy.repeat(grey[:, :, None], 3, axis=2)
    forms = {"grey": (grey, as_grey), "grey_alpha": (numpy.dstack([grey, alpha]), as_grey), "rgb": (rgb, rgb),
             "rgba": (numpy.dstack([rgb, alpha]), rgb)}
    for name, (pixels, wanted) in forms.items():
        mode = {"grey": "L", "grey_alpha": "LA", "rgb": "RGB", "rgba": "RGBA"}[name]
        Image.fromarray(pixels, mode).save(OUT / (name + ".png"))
        expect(name + ".png", wanted)
        Image.fromarray(pixels, mode).save(OUT / (name + ".tga"))
        expect(name + ".tga", wanted)
        if name in ("grey", "rgb"):
            Image.fromarray(pixels, mode).save(OUT / (name + ".bmp"))
            expect(name + ".bmp", wanted)
    flat = numpy.repeat(numpy.repeat(rgb[:2, :3], 4, axis=0), 5, axis=1)
    Image.fromarray(flat).save(OUT / "run_length.tga", compression="tga_rle")
    expect("run_length.tga", flat)
    palette = Image.fromarray(rgb).quantize(16)
    palette.save(OUT / "palette.png")
    expect("palette.png", numpy.asarray(palette.convert("RGB")))
    two = Image.fromarray((grey > 127)).convert("1")
    two.save(OUT / "one_bit.png")
    expect("one_bit.png", numpy.asarray(two.convert("RGB")))
    png16("grey16.png", random.integers(0, 65536, (7, 11, 1)))
    png16("rgb16.png", random.integers(0, 65536, (7, 11, 3)))

    y, x = numpy.mgrid[0:16, 0:24]  # smooth, so that JPEG's loss stays small; no symmetry
    upright = numpy.dstack([x * 10, y * 15, (x * 5 + y * 7)]).astype(numpy.uint8)
    expect("orientation", upright)
    image = Image.fromarray(upright)
    # How each orientation is stored: the inverse of what a viewer does to it.
    stored = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
              6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
    for orientation, turn in stored.items():
        exif = Image.Exif()
        if orientation % 2 == 0:
            exif[0x010F] = "a maker"  # an entry before the one that counts
        exif[0x0112] = orientation
        turned = image if turn is None else image.transpose(turn)
        block = exif.tobytes()
        turned.save(OUT / f"orientation_{orientation}.jpg", quality=95, subsampling=0, exif=block)
    image.convert("L").save(OUT / "grey.jpg", quality=95)
    expect("grey.jpg", numpy.asarray(image.convert("L").convert("RGB")))
    image.save(OUT / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    expect("progressive.jpg", upright)


main()
