"""Object sorting: find the objects of slides and classify them, in one run."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np

from algorithms.classification.model import ClassificationModel
from algorithms.classification.run import keep_predictions, labels_of, load_model, predictions_of
from algorithms.classification.train import predict_proba
from algorithms.object_finder.params import object_parameters
from algorithms.object_finder.predict import objects_on
from algorithms.toolkit.annotations import Annotation, Prediction
from algorithms.toolkit.annotations.windows import crop_of
from algorithms.toolkit.job import Source, Workplace
from algorithms.toolkit.slides import Slide
from algorithms.toolkit.tiles import map_in_order

log = logging.getLogger(__name__)

#: Objects that are cropped and classified at a time.
PART = 512


def sort(workplace: Workplace) -> None:
    """Find objects on every slide of a run, classify them, write them down with terms and rates."""
    began = time.monotonic()
    model = load_model(workplace)
    sources = workplace.sources()
    predictions: list[Prediction] = []
    facts: list[dict[str, Any]] = []
    with workplace.annotations() as annotations:
        labels = labels_of(workplace, model, annotations)
        for number, source in enumerate(sources):
            with source.open() as slide:
                found = _objects(workplace, source, slide, number / len(sources), len(sources))
                done = _classified(model, slide, found, labels, len(predictions))
            predictions += done
            counts = {label: sum(item.label == label for item in done) for label in labels}
            log.info("%s: %d objects, %s", source.name, len(done), counts)
            facts.append({"slide": source.name, "found": len(done), "classes": counts})
        keep_predictions(workplace, predictions, model, annotations)
        workplace.summary({"slides": facts, "seconds": round(time.monotonic() - began, 2)})
        workplace.progress(90, f"uploading {len(predictions)} objects")
        annotations.publish(predictions, "copy")


def _objects(workplace: Workplace, source: Source, slide: Slide, done: float, slides: int) -> list[Annotation]:
    """Return the objects of a slide."""
    found: list[Annotation] = []
    ident = getattr(source, "id", None)
    size = (slide.width, slide.height)
    for share, shapes in objects_on(slide, object_parameters(workplace.values)):
        for shape in shapes:
            name = f"{source.name} object {len(found) + 1}"
            found.append(Annotation(name, source.name, geometry=shape, image_id=ident, size=size))
        workplace.progress(80 * (done + share / slides), f"{source.name}: {len(found)} objects")
    return found


def _classified(
    model: ClassificationModel, slide: Slide, found: list[Annotation], labels: list[str], first: int
) -> list[Prediction]:
    """Return the classes of a slide's objects; `first` objects were classified before."""
    zoom, alpha = int(model.about.get("zoom", 0)), bool(model.about.get("alpha"))

    def crop(item: Annotation) -> Any:
        return crop_of(slide, item.geometry, zoom, alpha=alpha) if item.geometry is not None else None

    predictions: list[Prediction] = []
    for start in range(0, len(found), PART):
        part = found[start : start + PART]
        crops = list(map_in_order(crop, part))
        proba = predict_proba(model, crops, first=first + start)
        predictions += predictions_of(part, np.asarray(proba), labels)
    return predictions
