"""The three runs: validate, train, predict. Shells around pure functions, the same on a server and on files."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import Point

from algorithms.landmarks import report
from algorithms.landmarks.data import LandmarkSet, image_of, landmark_set
from algorithms.landmarks.evaluate import Evaluation, Trial, cross_validate, make_folds, search, summarise
from algorithms.landmarks.model import LandmarkModel
from algorithms.landmarks.params import budget_of, settings_of, workers_of
from algorithms.landmarks.predict import Found, predict
from algorithms.landmarks.pyramid import Grey, read_scores
from algorithms.landmarks.train import fit
from algorithms.toolkit.annotations import Annotation, Prediction
from algorithms.toolkit.annotations.landmark_table import write_table
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.geometry.geojson import Feature, write_geojson
from algorithms.toolkit.job import Source, Workplace
from algorithms.toolkit.job.values import number, whole
from algorithms.toolkit.reports import Section

log = logging.getLogger(__name__)

#: Per cent of a run that reading the images takes.
READ = 20.0
MODEL = "model.zip"


def validate_run(workplace: Workplace) -> None:
    """Cross-validate on images with landmarks; keep the errors as job data, properties and report."""
    began = time.monotonic()
    values = workplace.values
    settings, distances = settings_of(values), distances_of(workplace)
    with workplace.annotations() as annotations:
        data = landmark_set(workplace, annotations, READ)
    folds = make_folds(str(values.get("eval_folds")), whole(values, "eval_k"), data.projects, settings.seed)
    result = cross_validate(
        data.scores,
        data.points,
        data.names,
        settings,
        folds,
        lambda share, text: workplace.progress(READ + 75 * share, text),
        search_seconds=_seconds(workplace),
        workers=workers_of(values),
    )
    sections = [*report.validation_sections(data, result, distances), report.data_section(data)]
    _keep_report(workplace, "Validation of landmark detection", sections, began)
    _keep_table(workplace, data.names, [image_of(source) for source in data.sources], result.found * 2**data.zoom)
    facts = _errors(data, result, distances)
    workplace.summary({"parameters": _shown(workplace), **facts})
    workplace.properties({name: f"{facts[name]:.4f}" for name in ("mean_error", "median_error")})


def train_run(workplace: Workplace) -> None:
    """Learn from images with landmarks; attach the model to the job."""
    began = time.monotonic()
    values, trials = workplace.values, list[Trial]()
    settings, workers = settings_of(values), workers_of(values)
    with workplace.annotations() as annotations:
        data = landmark_set(workplace, annotations, READ)
    if _seconds(workplace) > 0:
        settings, trials = search(
            data.scores,
            data.points,
            data.names,
            settings,
            _seconds(workplace),
            workers=workers,
            tell=lambda share, text: workplace.progress(READ + 50 * share, text),
        )
    start = 70 if trials else READ
    workplace.progress(start, "learning")
    model = fit(
        data.scores,
        data.points,
        data.names,
        settings,
        workers,
        lambda share, text: workplace.progress(start + (95 - start) * share, text),
    )
    about = {
        "zoom": data.zoom,
        "names": dict(zip(data.terms, data.names, strict=True)),
        "trained_on": [source.name for source in data.sources],
    }
    model = replace(model, terms=tuple(data.terms), about=about)
    path = workplace.output / MODEL
    model.save(path)
    order = list(range(len(data.sources)))
    pictures = report.pictures_section("Learned from", data.sources, data.scores, data.points, order)
    sections = [pictures, report.data_section(data)] + ([report.search_section(trials)] if trials else [])
    _keep_report(workplace, "Training of landmark detection", sections, began)
    workplace.summary({"parameters": _shown(workplace), "settings": settings.card(), "images": len(data.sources)})
    workplace.publish_model(path, {"id_terms": " ".join(data.terms)})


def predict_run(workplace: Workplace) -> None:
    """Find landmarks on images with the model of a training run; write points with terms and rates."""
    began = time.monotonic()
    values = workplace.values
    model = LandmarkModel.load(workplace.find_model())
    threshold, workers = number(values, "confidence_threshold"), workers_of(values)
    zoom = int(model.about.get("zoom", 0))
    sources = workplace.sources()
    shown: list[Grey] = []
    found: list[Found] = []
    sizes: list[tuple[int, int]] = []
    for place, source in enumerate(sources):
        workplace.progress(85 * place / len(sources), f"{source.name} ({place + 1}/{len(sources)})")
        with source.open() as slide:
            scores = read_scores(slide, zoom, budget_of(values))
            sizes.append((slide.width, slide.height))
        found.append(predict(model, scores, image=place, workers=workers))
        if len(shown) < report.SHOWN:
            shown.append(scores)
    with workplace.annotations() as annotations:
        labels = _labels(model, annotations.names())
        names = [str(model.about.get("names", {}).get(term, term)) for term in model.terms]
        points = np.array([answer.above(threshold) for answer in found]).reshape(len(sources), len(names), 2)
        full = points * 2**zoom
        predictions = _predictions(sources, sizes, full, found, labels)
        _keep_table(workplace, names, [image_of(source) for source in sources], full)
        _keep_shapes(workplace, sources, predictions, dict(zip(labels, names, strict=True)))
        order = list(range(len(shown)))
        pictures = report.pictures_section("Landmarks", sources, shown, points, order)
        _keep_report(workplace, "Landmarks", [_found_section(sources, names, found, points), pictures], began)
        missing = int(np.isnan(points[:, :, 0]).sum())
        workplace.summary({"found": len(predictions), "missing": missing, "images": len(sources)})
        workplace.progress(90, f"uploading {len(predictions)} points")
        annotations.publish(predictions, "copy")


def distances_of(workplace: Workplace) -> list[float]:
    """Read the distances of which success is told."""
    words = re.split(r"[,; ]+", str(workplace.values.get("success_distances") or "").strip())
    try:
        found = [float(word) for word in words if word]
    except ValueError:
        found = []
    if not found or min(found) <= 0:
        msg = f"success_distances: {','.join(words)!r} are not distances in pixels, such as 2,5,10"
        raise ParameterError(msg)
    return found


def _seconds(workplace: Workplace) -> float:
    """Return the time budget of the search; 0 when there is none."""
    return number(workplace.values, "search_seconds") if workplace.values.get("search_parameters") else 0.0


def _labels(model: LandmarkModel, known: Mapping[str, str]) -> list[str]:
    """Return what each landmark is called in the results: a term of the project, or the name itself.

    Raises
    ------
    DataError
        When the project's ontology has no term for a landmark.
    """
    by_name = {name: ident for ident, name in known.items()}
    labels = []
    for term in model.terms:
        name = str(model.about.get("names", {}).get(term, term))
        label = term if not known or term in known else by_name.get(name, "")
        if not label:
            msg = f"the model knows landmark {name!r} ({term}), which is no term of this project: use its ontology"
            raise DataError(msg)
        labels.append(label)
    return labels


def _predictions(
    sources: Sequence[Source],
    sizes: Sequence[tuple[int, int]],
    points: NDArray[np.float64],
    found: Sequence[Found],
    labels: Sequence[str],
) -> list[Prediction]:
    predictions = []
    for i, source in enumerate(sources):
        for k, label in enumerate(labels):
            if not np.isnan(points[i, k, 0]):
                ident = getattr(source, "id", None)
                name = f"{label} of {source.name}"
                place = Point(*points[i, k])
                own = Annotation(name, image_of(source), geometry=place, image_id=ident, size=sizes[i])
                predictions.append(Prediction(own, label, float(found[i].confidence[k])))
    return predictions


def _keep_table(workplace: Workplace, names: Sequence[str], images: Sequence[str], points: NDArray[np.float64]) -> None:
    rows = {
        image: {name: (float(x), float(y)) for name, (x, y) in zip(names, own, strict=True) if not np.isnan(x)}
        for image, own in zip(images, points, strict=True)
    }
    path = workplace.output / "landmarks.csv"
    write_table(path, names, rows)
    workplace.keep(path, "landmarks")


def _keep_shapes(
    workplace: Workplace, sources: Sequence[Source], predictions: Sequence[Prediction], names: Mapping[str, str]
) -> None:
    for place, source in enumerate(sources):
        own = [item for item in predictions if item.annotation.image == image_of(source)]
        stem = re.sub(r"[^\w.-]+", "_", source.name).strip("._") or "image"
        path = workplace.output / f"{stem}-{place + 1}.geojson"
        shapes = [(item.annotation.geometry, item) for item in own]
        features = (
            Feature(shape, names[item.label], None, {"Confidence": item.rate}) for shape, item in shapes if shape
        )
        write_geojson(path, features)
        workplace.keep(path, f"geojson-{place + 1}")


def _found_section(
    sources: Sequence[Source], names: Sequence[str], found: Sequence[Found], points: NDArray[np.float64]
) -> Section:
    rows = [
        [
            source.name,
            *(f"{c:.2f}" + (" (left out)" if np.isnan(p[0]) else "") for c, p in zip(f.confidence, own, strict=True)),
        ]
        for source, f, own in zip(sources, found, points, strict=True)
    ]
    return Section("Confidence", "What is under the threshold is left out.", ("image", *names), rows)


def _keep_report(workplace: Workplace, title: str, sections: Sequence[Section], began: float) -> None:
    path = workplace.output / "report.html"
    report.write(path, title, [*sections, report.run_section(_shown(workplace), began)])
    workplace.keep(path, "report")


def _errors(data: LandmarkSet, result: Evaluation, distances: Sequence[float]) -> dict[str, Any]:
    def facts(errors: NDArray[np.float64]) -> dict[str, Any]:
        found = summarise(errors, distances)
        success = {f"{d:g}": rate.value for d, rate in zip(distances, found.success, strict=True)}
        facts = {"mean_error": found.mean, "low": found.low, "high": found.high, "median_error": found.median}
        return {**{name: None if np.isnan(value) else value for name, value in facts.items()}, "success": success}

    landmarks = {name: facts(result.errors[:, k]) for k, name in enumerate(data.names)}
    images = {
        source.name: [None if np.isnan(e) else round(float(e), 3) for e in own]
        for source, own in zip(data.sources, result.errors, strict=True)
    }
    rest = {"landmarks": landmarks, "images": images, "zoom": data.zoom, "doubled": data.doubled}
    return {**facts(result.errors), **rest}


def _shown(workplace: Workplace) -> dict[str, Any]:
    hidden = {"cytomine_public_key", "cytomine_private_key"}
    return {name: value for name, value in workplace.values.items() if name not in hidden}
