"""Slides and annotations in and out by command, beside a running server."""

import csv
import json
import subprocess
import sys

import pytest
import shapely

from tests.contract.core_server.conftest import tiff

SHAPE = [[10, 20], [60, 20], [60, 50], [10, 50], [10, 20]]
HOLE = [[20, 30], [30, 30], [30, 40], [20, 40], [20, 30]]


def command(core, *words):
    arguments = [sys.executable, "-m", "router.core_server", words[0], "--data", str(core.data), *map(str, words[1:])]
    return subprocess.run(arguments, check=False, capture_output=True, text=True, timeout=100)


@pytest.fixture
def project(core, tmp_path, request):
    slide = tmp_path / "small.tif"
    slide.write_bytes(tiff(300, 200))
    name = f"transfer {request.node.name}"
    done = command(core, "import", "--project", name, slide)
    assert done.returncode == 0, done.stderr
    assert "300 x 200" in done.stdout
    return name


def test_geojson_in_and_out_keeps_shapes_terms_and_colours(core, admin, project, tmp_path):
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [SHAPE, HOLE]},
        "properties": {"objectType": "annotation", "classification": {"name": "tumour", "color": [0, 128, 0]}},
    }
    given = tmp_path / "in.geojson"
    given.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert command(core, "import", "--project", project, given).returncode == 0
    found = next(item for item in admin.get("project.json")["collection"] if item["name"] == project)
    stored = admin.get(f"annotation.json?project={found['id']}&showWKT=true&showTerm=true")["collection"]
    # the slide is 200 pixels high and Cytomine counts from the bottom
    assert shapely.from_wkt(stored[0]["location"]).bounds == (10, 150, 60, 180)
    assert admin.get(f"term/{stored[0]['term'][0]}.json")["name"] == "tumour"
    assert command(core, "export", "--project", project, "--output", tmp_path / "out.geojson").returncode == 0
    written = json.loads((tmp_path / "out.geojson").read_text())["features"]
    assert len(written) == 1
    assert shapely.Polygon(SHAPE, [HOLE]).equals(shapely.from_geojson(json.dumps(written[0]["geometry"])))
    assert written[0]["properties"]["classification"]["name"] == "tumour"


def test_csv_there_and_back(core, project, tmp_path):
    given = tmp_path / "in.csv"
    given.write_text('image,term,wkt\nsmall.tif,stroma,"POLYGON ((0 0, 5 0, 5 5, 0 0))"\nsmall.tif,,POINT (7 8)\n')
    assert command(core, "import", "--project", project, given).returncode == 0
    assert command(core, "export", "--project", project, "--output", tmp_path / "out.csv").returncode == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = [(row["image"], row["term"], row["wkt"]) for row in csv.DictReader(file)]
    assert rows == [("small.tif", "stroma", "POLYGON ((0 0, 5 0, 5 5, 0 0))"), ("small.tif", "", "POINT (7 8)")]


@pytest.mark.parametrize(
    ("name", "text"),
    [("bad.csv", "image,term,wkt\nsmall.tif,,POINT (7 8)\nsmall.tif,,nonsense\n"), ("bad.geojson", "{"),
     ("bad.tif", "no slide"), ("other.csv", "image,term,wkt\nother.tif,,POINT (7 8)\n")],
)  # fmt: skip
def test_bad_file_is_one_message_and_nothing_is_kept(core, admin, project, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    done = command(core, "import", "--project", project, tmp_path / name)
    assert done.returncode == 1
    assert done.stderr.startswith("import failed: ")
    assert done.stderr.count("\n") == 1
    found = next(item for item in admin.get("project.json")["collection"] if item["name"] == project)
    assert (found["numberOfImages"], found["numberOfAnnotations"]) == (1, 0)
