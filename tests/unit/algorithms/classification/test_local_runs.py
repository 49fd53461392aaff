"""Runs on files: a folder of classes, slides with GeoJSON; what is wrong is named, what is unreadable is skipped."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from shapely import box

from algorithms.classification.__main__ import main
from algorithms.classification.params import historical
from algorithms.toolkit.geometry.geojson import read_geojson
from tests.support.sorting import sheet, write_annotations, write_sheet

LEARNING = ["--pyxit_n_subwindows", "10", "--pyxit_min_size", "0.5", "--forest_n_estimators", "4"]


def _only(folder: Path, name: str) -> None:
    for inner in folder.iterdir():
        if inner.name != name:
            for path in inner.iterdir():
                path.unlink()
            inner.rmdir()


def _spoil(folder: Path) -> None:
    for path in folder.glob("*/*.png"):
        path.write_bytes(np.zeros(10, np.uint8).tobytes())


@pytest.fixture
def crops(tmp_path: Path) -> Path:
    """12 crops of each of three classes."""
    picture, shapes = sheet()
    for number, (shape, name) in enumerate(shapes):
        if number % 30 < 12:
            x, y = (int(value) for value in shape.bounds[:2])
            path = tmp_path / "crops" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture[y : y + 30, x : x + 30])
    return tmp_path / "crops"


def test_validation_of_a_folder_reports_everything(crops: Path, tmp_path: Path) -> None:
    (crops / "one" / "bad.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    options = [*LEARNING, "--eval_k", "3", "--learning_curve", "1", "--svm", "2", "--forest_min_samples_split", "10"]
    assert main(["validate", "--data", str(crops), "--output", str(out), *options]) == 0
    found = json.loads((out / "summary.json").read_text())
    assert found["accuracy"] > 0.7
    assert [item["annotation"] for item in found["skipped"]] == ["one/bad.png"]
    page = (out / "report.html").read_text()
    for part in ("Confusion matrix", "Calibration", "Learning curve", "one/bad.png", "scikit-learn", "MB of memory"):
        assert part in page
    assert "<script" not in page
    assert not (out / "crops").exists()


def test_a_search_chooses_and_the_model_remembers(crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "algorithms.classification.evaluate.SPACE",
        (("size", ({"min_size": 0.1}, {"min_size": 0.75})), ("learner", ({"learner": "votes"},))),
    )
    out = tmp_path / "out"
    data = ["--data", str(crops), "--output", str(out), *LEARNING]
    assert main(["train", *data, "--search_parameters", "true"]) == 0
    assert "inner cross-validation" in (out / "report.html").read_text()
    assert main(["validate", *data, "--search_parameters", "true", "--eval_k", "2"]) == 0


def test_predictions_of_a_slide_are_geojson(tmp_path: Path) -> None:
    slide = write_sheet(tmp_path)
    out = tmp_path / "out"
    assert main(["train", "--slide", str(slide), "--output", str(out), *LEARNING]) == 0
    assert main(["predict", "--slide", str(slide), "--output", str(out), "--model", str(out / "model.zip")]) == 0
    found = read_geojson(out / "sheet.png.geojson")
    assert [item.classification for item in found] == [name for _, name in sheet()[1]]
    assert all(0 < item.measurements["Confidence"] <= 1 for item in found)


@pytest.mark.parametrize("spill", [False, True])
def test_crops_beyond_the_budget_lie_in_files_and_change_nothing(
    crops: Path, tmp_path: Path, spill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if spill:
        monkeypatch.setattr("algorithms.toolkit.annotations.crops.CROPS_SHARE", 1e-4)
    assert main(["train", "--data", str(crops), "--output", str(tmp_path / "a"), *LEARNING]) == 0
    monkeypatch.undo()
    assert main(["train", "--data", str(crops), "--output", str(tmp_path / "b"), *LEARNING]) == 0
    first, second = ((tmp_path / name / "model.zip").read_bytes() for name in "ab")
    assert first == second


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: (folder / "empty").mkdir(), "class 'empty' is empty"),
        (lambda folder: _only(folder, "one"), "at least two classes"),
        (_spoil, "none of 36 crops can be read"),
    ],
)
def test_bad_folders_are_named(crops: Path, tmp_path: Path, change, message: str, capsys) -> None:  # type: ignore[no-untyped-def]
    change(crops)
    assert main(["validate", "--data", str(crops), "--output", str(tmp_path / "out"), *LEARNING]) == 1
    assert message in capsys.readouterr().out


def test_a_geometry_outside_its_slide_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slide = write_sheet(tmp_path)
    write_annotations(slide, [*sheet()[1], (box(5000, 10, 5010, 20), "one")])
    assert main(["train", "--slide", str(slide), "--output", str(tmp_path / "out"), *LEARNING]) == 1
    assert "sheet.geojson annotation 91 lies outside its image of 960 x 96 pixels" in capsys.readouterr().out


def test_a_foreign_file_is_no_model(crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model").write_bytes(b"\x80\x04pickle")
    options = ["--data", str(crops), "--output", str(tmp_path / "out")]
    assert main(["predict", *options, "--model", str(tmp_path / "model")]) == 1
    assert main(["predict", *options]) == 1
    assert "name the file that a training run wrote with --model" in capsys.readouterr().out


def test_older_command_lines_are_understood() -> None:
    words = ["--pyxit_save_to", "/tmp/x", "--svm=True", "--cytomine_dump_type", "2", "--cv_shuffle", "1"]
    assert historical(words) == ["--svm=2", "--cytomine_dump_type", "true", "--cv_shuffle", "shuffle"]
