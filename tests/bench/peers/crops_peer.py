"""Writes 400 crops of photographs, 64 to 160 pixels, to FOLDER/CLASS/NUMBER.png; runs in the environment `forests`."""

import sys
from pathlib import Path

import numpy as np
from skimage import data, io


def main(folder):
    random = np.random.default_rng(0)
    pictures = [data.astronaut(), data.immunohistochemistry(), data.coffee(), data.rocket()]
    for number in range(400):
        picture = pictures[number % 4]
        height, width = random.integers(64, 161, 2)
        y, x = random.integers(0, picture.shape[0] - height), random.integers(0, picture.shape[1] - width)
        target = folder / str(number % 4) / f"{number:03}.png"
        target.parent.mkdir(exist_ok=True)
        io.imsave(target, picture[y : y + height, x : x + width], check_contrast=False)
    print("ready", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
