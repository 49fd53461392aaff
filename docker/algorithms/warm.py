"""Run every software once on a small picture, so that its compiled kernels and font lists are in the image.

A job then starts computing at once instead of compiling for seconds.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

SOFTWARE = re.compile(r'ENTRYPOINT \["python", "-m", (.*)\]')
#: What runs with the model of another, and so after it.
MODEL_OF = {
    "classification_predict": "classification_train",
    "object_sorting": "classification_train",
    "landmarks_predict": "landmarks_train",
}
#: What a software needs beside one picture; landmarks are validated on several.
MORE = {"landmarks_validate": ["--eval_k", "2"]}


def picture(path: Path) -> None:
    """Write dark blobs on a light ground and annotations of two classes, enough for every step to do something."""
    across, down = np.meshgrid(np.arange(1024), np.arange(1024))
    blobs = np.sin(across / 30) + np.sin(down / 30) > 1
    grey = np.where(blobs, 90, 240).astype(np.uint8)
    Image.fromarray(np.stack([grey, grey // 2, grey], axis=-1)).save(path)
    features = [annotation(64 * number, 100 + 400 * (number % 2), number % 2) for number in range(14)]
    text = json.dumps({"type": "FeatureCollection", "features": features})
    path.with_suffix(".geojson").write_text(text)


def annotation(x: int, y: int, label: int) -> dict[str, object]:
    """Return a square with a class, as GeoJSON."""
    ring = [[x, y], [x + 48, y], [x + 48, y + 48], [x, y + 48], [x, y]]
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"classification": {"name": f"class {label}"}},
    }


def main(folder: Path) -> int:
    """Warm every software of the Dockerfiles in `folder`; 1 when one fails."""
    with tempfile.TemporaryDirectory() as work:
        slide, second = Path(work) / "warm.png", Path(work) / "second.png"
        picture(slide)
        picture(second)
        for file in sorted(folder.glob("*.Dockerfile"), key=lambda file: (file.stem in MODEL_OF, file.stem)):
            words = re.findall(r'"([^"]+)"', SOFTWARE.findall(file.read_text())[0])
            slides = [slide, second] if file.stem in MORE else [slide]
            options = [*MORE.get(file.stem, []), "--slide", *slides, "--output", Path(work) / file.stem]
            if file.stem in MODEL_OF:
                options += ["--model", Path(work) / MODEL_OF[file.stem] / "model.zip"]
            done = subprocess.run([sys.executable, "-m", *words, *options], check=False)
            if done.returncode != 0:
                print(f"{file.stem} does not run", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
