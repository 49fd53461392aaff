"""The command on files that README.md shows, with a real slide in the place of its example."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MARK = "<!-- test: by tests/algorithms/test_readme_command.py -->\n```sh\n"


@pytest.mark.slow
def test_the_command_on_files_writes_geojson_picture_and_summary(slide_file: Path, tmp_path: Path) -> None:
    line = (ROOT / "README.md").read_text().split(MARK, 1)[1].split("\n", 1)[0]
    places = {"SLIDE.svs": str(slide_file), "results/": str(tmp_path), "python": sys.executable}
    words = [places.get(word, word) for word in line.split()]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    (shapes,) = tmp_path.glob("*.geojson")
    found = json.loads(shapes.read_text())["features"]
    assert found
    assert {feature["properties"]["objectType"] for feature in found} == {"annotation"}
    (picture,) = tmp_path.glob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "summary.json").read_text())["slides"][0]["found"] == len(found)
