"""Run every software once on a small picture, so that its compiled kernels and font lists are in the image.

A job then starts computing at once instead of compiling for seconds.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SOFTWARE = re.compile(r'ENTRYPOINT \["python", "-m", (.*)\]')


def picture(path: Path) -> None:
    """Write dark blobs on a light ground, enough for every step to have something to do."""
    across, down = np.meshgrid(np.arange(1024), np.arange(1024))
    blobs = np.sin(across / 30) + np.sin(down / 30) > 1
    grey = np.where(blobs, 90, 240).astype(np.uint8)
    Image.fromarray(np.stack([grey, grey // 2, grey], axis=-1)).save(path)


def main(folder: Path) -> int:
    """Warm every software of the Dockerfiles in `folder`; 1 when one fails."""
    with tempfile.TemporaryDirectory() as work:
        slide = Path(work) / "warm.png"
        picture(slide)
        for file in sorted(folder.glob("*.Dockerfile")):
            words = re.findall(r'"([^"]+)"', SOFTWARE.findall(file.read_text())[0])
            done = subprocess.run(
                [sys.executable, "-m", *words, "--slide", slide, "--output", Path(work) / file.stem], check=False
            )
            if done.returncode != 0:
                print(f"{file.stem} does not run", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
