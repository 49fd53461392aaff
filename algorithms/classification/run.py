"""The three runs: validate, train, predict. Shells around pure functions, the same on a server and on files."""

from __future__ import annotations

import csv
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification import report
from algorithms.classification.data import (
    NEGATIVE,
    POSITIVE,
    DataSet,
    alpha_of,
    read_crops,
    remove_crops,
    selection_of,
    training_set,
)
from algorithms.classification.evaluate import Evaluation, cross_validate, learning_curve, search
from algorithms.classification.folds import WAYS, Folding, Way, make_folds
from algorithms.classification.model import ClassificationModel
from algorithms.classification.params import budget_of, settings_of, workers_of
from algorithms.classification.train import fit, predict_proba
from algorithms.toolkit.annotations import Annotation, Annotations, Prediction
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.geometry.geojson import Feature, write_geojson
from algorithms.toolkit.job import Workplace
from algorithms.toolkit.job.values import ids, number, whole
from algorithms.toolkit.reports import Section

log = logging.getLogger(__name__)

#: Per cent of a run that reading the crops takes.
READ = 30.0
MODEL = "model.zip"


def validate(workplace: Workplace) -> None:
    """Cross-validate on annotations with terms; upload what was predicted beside what is true."""
    began = time.monotonic()
    values = workplace.values
    settings, folding = settings_of(values), folding_of(workplace)
    with workplace.annotations() as source:
        data = training_set(workplace, source, READ)
        images = [annotation.image for annotation in data.crops.annotations]
        projects = [annotation.project for annotation in data.crops.annotations]
        folds = make_folds(folding, data.labels, images, projects)

        def tell(share: float, comment: str) -> None:
            workplace.progress(READ + 55 * share, comment)

        nested = bool(values.get("search_parameters"))
        found = cross_validate(data.crops, data.labels, settings, folds, tell, nested=nested)
        sections = [*report.validation_sections(data, found), report.data_section(data)]
        if values.get("learning_curve"):
            points = learning_curve(data.crops, data.labels, settings, folds[0], lambda _, text: tell(1, text))
            sections.append(report.curve_section(points))
        workplace.progress(88, "uploading predictions")
        _keep_report(workplace, "Validation of a classifier", sections, began)
        predictions = _expected(data, found, values_positive(workplace))
        _keep_csv(workplace, predictions, found.classes)
        workplace.summary(_facts(workplace, data, {**found.scores.facts(), "folds": found.folds}))
        source.publish(predictions, "expected")
    remove_crops(workplace)


def train(workplace: Workplace) -> None:
    """Learn from annotations with terms; attach the model to the job."""
    began = time.monotonic()
    settings = settings_of(workplace.values)
    trials: list[Any] = []
    with workplace.annotations() as source:
        data = training_set(workplace, source, READ)
    if workplace.values.get("search_parameters"):
        settings, trials = search(
            data.crops,
            data.labels,
            settings,
            tell=lambda share, text: workplace.progress(READ + 40 * share, text),
        )
    workplace.progress(70, "learning")
    model = replace(fit(data.crops, data.labels, settings), about=_about(workplace, data))
    path = workplace.output / MODEL
    model.save(path)
    sections = [report.model_section(model), report.data_section(data)]
    sections += [report.search_section(trials)] if trials else []
    _keep_report(workplace, "Training of a classifier", sections, began)
    workplace.summary(_facts(workplace, data, {"leaves": model.forest.n_leaves, "settings": settings.card()}))
    positive = values_positive(workplace)
    properties = {"classes": ",".join(model.classes), "binary": str(bool(positive)).lower()}
    if positive:  # a Core takes no empty value
        properties["positive_classes"] = ",".join(map(str, positive))
    workplace.publish_model(path, properties)
    remove_crops(workplace)


def predict(workplace: Workplace) -> None:
    """Recognise annotations with the model of a training run; write terms and rates."""
    began = time.monotonic()
    values = workplace.values
    model = load_model(workplace)
    zoom = values.get("cytomine_zoom_level")
    zoom = int(model.about.get("zoom", 0)) if not isinstance(zoom, int | float) else int(zoom)
    with workplace.annotations() as source:
        labels = labels_of(workplace, model, source)
        wanted = source.select(selection_of(values, labelled=False))
        crops = read_crops(workplace, source, wanted, READ, zoom=zoom, alpha=bool(model.about.get("alpha")))
        workplace.progress(READ, f"recognising {len(crops)} annotations")
        proba = predict_proba(model, crops)
        predictions = predictions_of(crops.annotations, proba, labels)
        keep_predictions(workplace, predictions, model, source)
        counts = {name: int((proba.argmax(axis=1) == i).sum()) for i, name in enumerate(model.classes)}
        skipped = [{"annotation": name, "reason": reason} for name, reason in crops.skipped]
        workplace.summary({"found": counts, "skipped": skipped, "seconds": round(time.monotonic() - began, 2)})
        workplace.progress(85, "uploading predictions")
        source.publish(predictions, "update" if values.get("cytomine_results") == "update" else "copy")
    remove_crops(workplace)


def folding_of(workplace: Workplace) -> Folding:
    """Read how a data set is parted."""
    values = workplace.values
    way: Way = next((known for known in WAYS if known == values.get("eval_folds")), "stratified")
    fraction = number(values, "eval_test_fraction")
    return Folding(way, whole(values, "eval_k"), fraction, whole(values, "seed"))


def values_positive(workplace: Workplace) -> tuple[int, ...]:
    """Return the positive terms of a binary task, nothing for another."""
    return ids(workplace.values, "cytomine_positive_terms") if workplace.values.get("cytomine_binary") else ()


def load_model(workplace: Workplace) -> ClassificationModel:
    """Read the model that the parameters choose."""
    values = workplace.values
    return ClassificationModel.load(workplace.find_model(), budget_of(values), workers_of(values))


def labels_of(workplace: Workplace, model: ClassificationModel, source: Annotations) -> list[str]:
    """Return what each class of a model is called in the results: terms of the project, or the class itself.

    Raises
    ------
    DataError
        When the project's ontology has no term for a class.
    """
    known = source.names()
    if not known:
        return [str(name) for name in model.classes]
    by_name = {name: ident for ident, name in known.items()}
    binary = bool(model.about.get("binary"))
    chosen = {
        POSITIVE: workplace.values.get("cytomine_id_positive_term"),
        NEGATIVE: workplace.values.get("cytomine_id_negative_term"),
    }
    found = []
    for name in map(str, model.classes):
        label = str(chosen[name] or "") if binary else (name if name in known else by_name.get(name, ""))
        if binary and label in {"", "-1", "0"}:
            side = "positive" if name == POSITIVE else "negative"
            msg = f"cytomine_id_{side}_term is missing: the model is binary, choose a term for each side"
            raise ParameterError(msg)
        if label not in known:
            what = model.about.get("terms", {}).get(name, name)
            msg = f"the model knows {what!r} ({label or name}), which is no term of this project: use its ontology"
            raise DataError(msg)
        found.append(label)
    return found


def predictions_of(
    annotations: Sequence[Annotation], proba: NDArray[np.float64], labels: Sequence[str]
) -> list[Prediction]:
    """Return the most probable label of every annotation; of equal ones the first."""
    return [
        Prediction(item, labels[int(row.argmax())], float(row.max()), scores=dict(zip(labels, row, strict=True)))
        for item, row in zip(annotations, proba, strict=True)
    ]


def keep_predictions(
    workplace: Workplace, predictions: Sequence[Prediction], model: ClassificationModel, source: Annotations
) -> None:
    """Write predictions as CSV, and as GeoJSON for every image."""
    labels = list(dict.fromkeys(label for item in predictions for label in item.scores))
    _keep_csv(workplace, predictions, np.array(labels))
    names = {**model.about.get("terms", {}), **source.names()}
    for image in dict.fromkeys(item.annotation.image for item in predictions):
        own = [item for item in predictions if item.annotation.image == image and item.annotation.geometry is not None]
        if own:
            stem = re.sub(r"[^\w.-]+", "_", image).strip("._") or "image"
            path = workplace.output / f"{stem}.geojson"
            write_geojson(path, (_feature(item, names.get(item.label, item.label)) for item in own))
            workplace.keep(path, f"geojson-{image}")


def _feature(item: Prediction, name: str) -> Feature:
    if item.annotation.geometry is None:
        msg = f"{item.annotation.name} has no geometry"
        raise DataError(msg)
    return Feature(item.annotation.geometry, name, None, {"Confidence": item.rate})


def _expected(data: DataSet, found: Evaluation, positive: Sequence[int]) -> list[Prediction]:
    """Return what was predicted beside what is true; a binary answer stands for a term of its side."""
    stand_in = {POSITIVE: str(positive[0]) if positive else "", NEGATIVE: ""}
    for term, label in zip(data.terms, data.labels, strict=True):
        if positive and label == NEGATIVE and not stand_in[NEGATIVE]:
            stand_in[NEGATIVE] = term
    predictions = []
    for place in np.flatnonzero(found.tested):
        row = found.proba[place]
        label, term = str(found.classes[row.argmax()]), data.terms[place]
        if positive:
            label = term if label == data.labels[place] else stand_in[label]
        scores = dict(zip(found.classes.tolist(), row.tolist(), strict=True))
        predictions.append(Prediction(data.crops.annotations[place], label, float(row.max()), term, scores))
    return predictions


def _keep_csv(workplace: Workplace, predictions: Sequence[Prediction], classes: NDArray[np.str_]) -> None:
    path = workplace.output / "predictions.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["annotation", "image", "label", "rate", "expected", *classes])
        for item in predictions:
            scores = [f"{item.scores.get(name, 0):.6f}" for name in classes]
            row = [item.annotation.name, item.annotation.image, item.label, f"{item.rate:.6f}", item.expected or ""]
            table.writerow([*row, *scores])
    workplace.keep(path, "predictions")


def _keep_report(workplace: Workplace, title: str, sections: Sequence[Section], began: float) -> None:
    path: Path = workplace.output / "report.html"
    report.write(path, title, [*sections, report.run_section(_shown(workplace), began)])
    workplace.keep(path, "report")


def _about(workplace: Workplace, data: DataSet) -> dict[str, Any]:
    """Return what the model's card says beside the settings."""
    names, counts = np.unique(data.labels, return_counts=True)
    return {
        "zoom": whole(workplace.values, "cytomine_zoom_level"),
        "alpha": alpha_of(workplace.values),
        "binary": bool(values_positive(workplace)),
        "terms": {str(name): data.called(name) for name in names},
        "trained_on": {str(name): int(count) for name, count in zip(names, counts, strict=True)},
    }


def _facts(workplace: Workplace, data: DataSet, found: dict[str, Any]) -> dict[str, Any]:
    skipped = [{"annotation": name, "reason": reason} for name, reason in data.crops.skipped]
    rest = {"annotations": len(data.labels), "skipped": skipped, "ambiguous": data.ambiguous}
    return {"parameters": _shown(workplace), **rest, **found}


def _shown(workplace: Workplace) -> dict[str, Any]:
    hidden = {"cytomine_public_key", "cytomine_private_key"}
    return {name: value for name, value in workplace.values.items() if name not in hidden}
