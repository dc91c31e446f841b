#!/usr/bin/python3
"""Puts each image of a data set in MVTec AD's layout into the middle of a larger one with a random background, and writes roi.png.

make_distracted.py SOURCE TARGET [--border PIXELS] [--seed N]

The background is that of a busy bench: in every image other boxes, discs and lines in other colours. Masks get a black border. roi.png
is white where the part lies. Needs numpy and Pillow.
"""
import argparse
import pathlib

import numpy as np
from PIL import Image, ImageDraw


def background(side, random):
    """A bench of one colour with boxes, discs and lines."""
    image = Image.new("RGB", (side, side), tuple(int(c) for c in random.integers(60, 200, 3)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(random.integers(15, 40))):
        colour = tuple(int(c) for c in random.integers(0, 256, 3))
        x, y = random.integers(-10, side, 2)
        width, height = random.integers(4, side // 3, 2)
        box = [int(x), int(y), int(x + width), int(y + height)]
        kind = random.integers(0, 3)
        if kind == 0:
            draw.rectangle(box, fill=colour)
        elif kind == 1:
            draw.ellipse(box, fill=colour)
        else:
            draw.line(box, fill=colour, width=int(random.integers(1, 4)))
    noise = random.normal(0, 6, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    parser.add_argument("--border", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    random = np.random.default_rng(given.seed)
    region = None
    for path in sorted(given.source.rglob("*.png")):
        image = Image.open(path)
        side = image.width + 2 * given.border
        is_mask = "ground_truth" in path.parts
        made = Image.new("L", (side, side)) if is_mask else background(side, random)
        made.paste(image.convert(made.mode), (given.border, given.border))
        out = given.target / path.relative_to(given.source)
        out.parent.mkdir(parents=True, exist_ok=True)
        made.save(out)
        region = Image.new("L", (side, side))
        region.paste(255, (given.border, given.border, side - given.border, side - given.border))
    if region is None:
        parser.error(f"{given.source}: holds no PNG image")
    region.save(given.target / "roi.png")


if __name__ == "__main__":
    main()
