#!/usr/bin/env python3
"""Writes tests/fixtures/image/formats: a small image in every supported format, and its pixels as Pillow reads them.

`<file>.rgb` holds two little-endian 32-bit numbers (width, height) and the RGB bytes expected from <file>. The files
orientation_N.jpg hold one image (orientation.rgb when upright), stored as a camera stores it with EXIF orientation N.
Requires numpy and Pillow (the files in the repository were made with 9.4).
"""
import pathlib
import struct

import numpy
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/image/formats"


def expect(name, rgb):
    """Writes the pixels expected from the file `name`."""
    rgb = numpy.ascontiguousarray(rgb, dtype=numpy.uint8)
    (OUT / (name + ".rgb")).write_bytes(struct.pack("<2I", rgb.shape[1], rgb.shape[0]) + rgb.tobytes())


def png16(name, values):
    """Writes a 16-bit PNG of height x width x channels values; Pillow can't write colour with 16 bit."""
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

    y, x = numpy.mgrid[0:16, 0:24]  # smooth, so that the loss of JPEG is small; without symmetry
    upright = numpy.dstack([x * 10, y * 15, (x * 5 + y * 7)]).astype(numpy.uint8)
    expect("orientation", upright)
    image = Image.fromarray(upright)
    # The stored image is the inverse of the transposition that a viewer applies.
    stored = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
              6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
    for orientation, transposition in stored.items():
        exif = Image.Exif()
        if orientation % 2 == 0:
            exif[0x010F] = "a maker"  # an entry before the orientation
        exif[0x0112] = orientation
        camera_image = image if transposition is None else image.transpose(transposition)
        block = exif.tobytes()
        camera_image.save(OUT / f"orientation_{orientation}.jpg", quality=95, subsampling=0, exif=block)
    image.convert("L").save(OUT / "grey.jpg", quality=95)
    expect("grey.jpg", numpy.asarray(image.convert("L").convert("RGB")))
    image.save(OUT / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    expect("progressive.jpg", upright)


main()
