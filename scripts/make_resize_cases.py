#!/usr/bin/env python3
"""Writes tests/fixtures/image/resize.bin: small images and their resized versions by Pillow, for tests/image/resize.cpp.

A case is six little-endian 32-bit numbers (kind: 0 bilinear 8 bit, 1 nearest 8 bit, 2 bilinear float; width, height,
channels; new width, new height), then the pixels of the image and those of Pillow's result. Requires numpy and Pillow (the
file in the repository was made with 9.4).
"""
import pathlib
import struct

import numpy
from PIL import Image

KINDS = {0: Image.BILINEAR, 1: Image.NEAREST, 2: Image.BILINEAR}
CASES = [  # kind, width, height, channels, new width, new height, content
    (0, 61, 47, 3, 16, 16, "noise"), (0, 16, 13, 3, 37, 41, "noise"), (0, 64, 20, 3, 64, 9, "noise"),
    (0, 20, 50, 3, 7, 50, "noise"), (0, 1, 1, 3, 5, 4, "noise"), (0, 5, 4, 3, 1, 1, "noise"), (0, 1, 40, 3, 3, 11, "noise"),
    (0, 40, 1, 3, 11, 3, "noise"), (0, 113, 46, 3, 32, 32, "gradient"), (0, 9, 9, 1, 64, 64, "gradient"),
    (0, 77, 31, 1, 13, 29, "noise"), (0, 31, 77, 1, 62, 38, "noise"), (0, 24, 24, 3, 23, 25, "extremes"),
    (0, 200, 90, 3, 33, 32, "extremes"), (0, 8, 8, 3, 8, 8, "noise"), (0, 400, 3, 1, 2, 2, "extremes"),
    (1, 61, 47, 1, 16, 16, "mask"), (1, 16, 13, 1, 37, 41, "mask"), (1, 113, 46, 1, 32, 33, "mask"), (1, 1, 1, 1, 3, 2, "mask"),
    (1, 50, 50, 1, 7, 25, "mask"), (1, 10, 10, 3, 4, 30, "noise"),
    (2, 8, 8, 1, 64, 64, "map"), (2, 16, 12, 1, 37, 29, "map"), (2, 45, 31, 1, 12, 9, "map"), (2, 1, 1, 1, 4, 4, "map"),
    (2, 5, 9, 1, 5, 20, "map"),
]


def make_pixels(width, height, channels, content, random):
    shape = (height, width, channels)
    if content == "noise":
        return random.integers(0, 256, shape).astype(numpy.uint8)
    if content == "extremes":
        return (random.integers(0, 2, shape) * 255).astype(numpy.uint8)
    if content == "mask":
        return (random.random(shape) < 0.3).astype(numpy.uint8)
    if content == "map":
        return (random.random(shape) * 3).astype("<f4")
    y, x, c = numpy.meshgrid(numpy.arange(height), numpy.arange(width), numpy.arange(channels), indexing="ij")
    return ((x * 255 // max(width - 1, 1) + y * 3 + c * 40) % 256).astype(numpy.uint8)


def main():
    random = numpy.random.default_rng(111)
    out = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/image/resize.bin"
    out.parent.mkdir(parents=True, exist_ok=True)
    with open(out, "wb") as file:
        for kind, width, height, channels, new_width, new_height, content in CASES:
            pixels = make_pixels(width, height, channels, content, random)
            image = Image.fromarray(pixels if channels == 3 else pixels[:, :, 0])
            result = numpy.asarray(image.resize((new_width, new_height), KINDS[kind]))
            file.write(struct.pack("<6I", kind, width, height, channels, new_width, new_height))
            file.write(pixels.tobytes() + result.tobytes())


main()
