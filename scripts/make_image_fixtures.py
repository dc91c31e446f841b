#!/usr/bin/env python3
"""Writes tests/fixtures/image/formats: a small image in every supported format, and its pixels as Pillow reads them.

`<file>.rgb` holds two little-endian 32-bit numbers (width, height) and the RGB bytes expected from <file>. The files
orientation_N.jpg hold one image (orientation.rgb when upright), stored as a camera stores it with EXIF orientation N. Transparent
pixels are expected over white. Requires numpy and Pillow (the files in the repository were made with Debian's 9.4, which decodes JPEG
by libjpeg-turbo 2.1.5).
"""
import io
import pathlib
import struct
import zlib

import numpy
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/image/formats"


def expect(name, rgb):
    """Writes the pixels expected from the file `name`."""
    rgb = numpy.ascontiguousarray(rgb, dtype=numpy.uint8)
    (OUT / (name + ".rgb")).write_bytes(struct.pack("<2I", rgb.shape[1], rgb.shape[0]) + rgb.tobytes())


def over_white(pixels, alpha, white=255):
    """The 8-bit values of pixels with alpha, both of 0..white."""
    composed = (pixels.astype(numpy.int64) * alpha + white * (white - alpha.astype(numpy.int64)) + white // 2) // white
    return composed if white == 255 else (composed + 128) // 257


def chunk(kind, body):
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values, passes=((0, 0, 1, 1),), before=b"", after=b""):
    """A PNG of height x width x channels values of 8 or 16 bit, with more chunks before and after the pixels.

    passes: the first row and column of each pass, and its steps; seven passes are an interlaced file.
    """
    height, width, channels = values.shape
    bits = values.dtype.itemsize * 8
    rows = b""
    for y, x, down, right in passes:
        part = values[y::down, x::right]
        if part.size:
            rows += b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in part)
    header = struct.pack(">2I5B", width, height, bits, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, int(len(passes) > 1))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(rows)) + after +
            chunk(b"IEND", b""))


def deep_pngs(random):
    """16-bit PNGs; Pillow can't write them in colour."""
    for name, channels in {"grey16": 1, "rgb16": 3, "grey_alpha16": 2, "rgba16": 4}.items():
        values = random.integers(0, 65536, (7, 11, channels)).astype(numpy.uint16)
        (OUT / (name + ".png")).write_bytes(png(values))
        wide = values.astype(numpy.int64)
        if channels % 2 == 0:
            reduced = over_white(wide[:, :, :-1], wide[:, :, -1:], 65535)
        else:
            reduced = (wide + 128) // 257
        expect(name + ".png", numpy.repeat(reduced, 3, axis=2) if reduced.shape[2] == 1 else reduced)


def chunk_pngs(rgb, grey):
    """PNGs with an orientation, a gamma, transparent colours, and interlaced."""
    def exif(orientation):
        return chunk(b"eXIf", struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0))

    (OUT / "exif_6.png").write_bytes(png(rgb, before=exif(6)))
    expect("exif_6.png", numpy.rot90(rgb, 3))
    (OUT / "exif_8_after.png").write_bytes(png(rgb, after=exif(8)))
    expect("exif_8_after.png", numpy.rot90(rgb, 1))
    (OUT / "gamma.png").write_bytes(png(rgb, before=chunk(b"gAMA", struct.pack(">I", 100000))))
    expect("gamma.png", rgb)
    adam7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    (OUT / "interlaced.png").write_bytes(png(rgb, adam7))
    expect("interlaced.png", rgb)
    key = rgb.copy()
    key[2:4, 1:5] = (10, 200, 30)
    (OUT / "transparent_colour.png").write_bytes(png(key, before=chunk(b"tRNS", struct.pack(">3H", 10, 200, 30))))
    expect("transparent_colour.png", numpy.where((key == (10, 200, 30)).all(axis=2)[:, :, None], 255, key))
    image = Image.fromarray(grey // 64, "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 80, 70])
    image.save(OUT / "transparent_palette.png", transparency=bytes([255, 0, 100, 255]))
    palette = numpy.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [90, 80, 70]])[grey // 64]
    expect("transparent_palette.png", over_white(palette, numpy.array([255, 0, 100, 255])[grey // 64][:, :, None]))


def pnms(rgb, grey, random):
    """PBM, PGM and PPM; one with a camera's 12 bits."""
    Image.fromarray(grey).save(OUT / "grey.pgm")
    expect("grey.pgm", numpy.repeat(grey[:, :, None], 3, axis=2))
    Image.fromarray(rgb).save(OUT / "rgb.ppm")
    expect("rgb.ppm", rgb)
    bits = Image.fromarray(grey > 127).convert("1")
    bits.save(OUT / "one_bit.pbm")
    expect("one_bit.pbm", numpy.asarray(bits.convert("RGB")))
    deep = random.integers(0, 4096, (7, 11)).astype(numpy.uint16)
    (OUT / "twelve_bit.pgm").write_bytes(b"P5 # a camera's\n11 7\n4095\n" + deep.astype(">u2").tobytes())
    expect("twelve_bit.pgm", numpy.repeat(((deep.astype(numpy.int64) * 255 + 2047) // 4095)[:, :, None], 3, axis=2))


def bmps(rgb, grey):
    """BMPs with a palette, with one bit, and with a fourth channel that means nothing."""
    Image.fromarray(rgb).quantize(16).save(OUT / "palette.bmp")
    expect("palette.bmp", numpy.asarray(Image.open(OUT / "palette.bmp").convert("RGB")))
    Image.fromarray(grey > 127).convert("1").save(OUT / "one_bit.bmp")
    expect("one_bit.bmp", numpy.asarray(Image.open(OUT / "one_bit.bmp").convert("RGB")))
    Image.fromarray(numpy.dstack([rgb, grey]), "RGBA").save(OUT / "four_channels.bmp")
    expect("four_channels.bmp", rgb)


def jpegs(random):
    """JPEGs whose pixels a decoder must round as libjpeg-turbo does: odd sizes, every subsampling, CMYK, no Huffman tables."""
    y, x = numpy.mgrid[0:43, 0:61]
    smooth = numpy.dstack([x * 4, y * 5, 255 - x * 2 - y * 2]) + random.integers(-40, 41, (43, 61, 3))
    image = Image.fromarray(numpy.clip(smooth, 0, 255).astype(numpy.uint8))
    forms = {"exact_444": {"subsampling": 0}, "exact_422": {"subsampling": 1}, "exact_420": {"subsampling": 2},
             "exact_progressive": {"subsampling": 2, "progressive": True}, "exact_coarse": {"subsampling": 2, "quality": 10}}
    for name, options in forms.items():
        image.save(OUT / (name + ".jpg"), **{"quality": 90, **options})
        expect(name + ".jpg", numpy.asarray(Image.open(OUT / (name + ".jpg")).convert("RGB")))
    image.convert("L").save(OUT / "exact_grey.jpg", quality=90)
    expect("exact_grey.jpg", numpy.asarray(Image.open(OUT / "exact_grey.jpg").convert("RGB")))
    inks = numpy.dstack([smooth, 128 + y + x])
    Image.fromarray(numpy.clip(inks, 0, 255).astype(numpy.uint8), "CMYK").save(OUT / "exact_cmyk.jpg", quality=90)
    expect("exact_cmyk.jpg", numpy.asarray(Image.open(OUT / "exact_cmyk.jpg").convert("RGB")))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, subsampling=1)  # without "optimize", so its tables are the standard's
    data, stripped, at = file.getvalue(), b"\xff\xd8", 2
    while data[at + 1] != 0xDA:
        length = 2 + int.from_bytes(data[at + 2:at + 4], "big")
        if data[at + 1] != 0xC4:
            stripped += data[at:at + length]
        at += length
    (OUT / "exact_no_tables.jpg").write_bytes(stripped + data[at:])
    expect("exact_no_tables.jpg", numpy.asarray(Image.open(file).convert("RGB")))


def library_files(random):
    """TIFF and WebP files, which libtiff and libwebp decode."""
    y, x = numpy.mgrid[0:37, 0:45]
    rgb = (numpy.dstack([x * 5, y * 6, (x + y) * 3]) + random.integers(0, 12, (37, 45, 3))).astype(numpy.uint8)
    alpha = (x * 255 // 44).astype(numpy.uint8)
    images = {"rgb": Image.fromarray(rgb), "grey": Image.fromarray(rgb[..., 1]), "palette": Image.fromarray(rgb).quantize(16),
              "rgba": Image.fromarray(numpy.dstack([rgb, alpha]))}
    for name, image, options in (
            ("rgb_lzw", images["rgb"], {"compression": "tiff_lzw"}), ("grey_deflate", images["grey"], {"compression": "tiff_adobe_deflate"}),
            ("palette", images["palette"], {}), ("rgba", images["rgba"], {"compression": "packbits"}),
            ("rgb_jpeg", images["rgb"], {"compression": "jpeg", "quality": 95})):
        path = OUT / (name + ".tif")
        image.save(path, **options)
        read = Image.open(path)
        expect(path.name, over_white(rgb, alpha[..., None]) if name == "rgba" else numpy.asarray(read.convert("RGB")))
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, image, options in (("lossless", images["rgb"], {"lossless": True}), ("lossy", images["rgb"], {"quality": 80}),
                                 ("alpha", images["rgba"], {"lossless": True, "exact": True}),
                                 ("orientation_6", images["rgb"], {"lossless": True, "exif": exif.tobytes()})):
        path = OUT / (name + ".webp")
        image.save(path, **options)
        pixels = numpy.asarray(Image.open(path).convert("RGBA" if name == "alpha" else "RGB"))
        expect(path.name, over_white(pixels[..., :3], pixels[..., 3:]) if name == "alpha" else
               numpy.rot90(pixels, -1) if name == "orientation_6" else pixels)
    images["rgb"].save(OUT / "animated.webp", save_all=True, append_images=[Image.fromarray(255 - rgb)], lossless=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(112)
    rgb = random.integers(0, 256, (7, 11, 3)).astype(numpy.uint8)
    grey = random.integers(0, 256, (7, 11)).astype(numpy.uint8)
    alpha = random.integers(0, 256, (7, 11)).astype(numpy.uint8)
    as_grey = numpy.repeat(grey[:, :, None], 3, axis=2)
    opacity = alpha[:, :, None]
    forms = {"grey": (grey, as_grey), "grey_alpha": (numpy.dstack([grey, alpha]), over_white(as_grey, opacity)), "rgb": (rgb, rgb),
             "rgba": (numpy.dstack([rgb, alpha]), over_white(rgb, opacity))}
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
    deep_pngs(random)
    chunk_pngs(rgb, grey)
    pnms(rgb, grey, random)
    bmps(rgb, grey)
    jpegs(random)
    library_files(numpy.random.default_rng(7))

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
