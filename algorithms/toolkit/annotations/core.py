"""Annotations of a Core: selected by the filters of a job, cropped by the server, answered with terms and rates."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import shapely

from algorithms.toolkit.annotations.base import Annotation, Annotations, Pixels, Prediction, Selection, Way
from algorithms.toolkit.annotations.windows import check_inside
from algorithms.toolkit.errors import DataError, SlideError, UploadError
from algorithms.toolkit.geometry import from_cytomine, to_cytomine
from algorithms.toolkit.job.session import JobSession, patiently
from algorithms.toolkit.job.upload import BATCH, DECIMALS, take_back
from algorithms.toolkit.slides.base import over_white
from router.errors import CoreError, CoreNotFound

log = logging.getLogger(__name__)

#: A crop above this is no crop of an object.
MAX_BYTES = 256 << 20
#: Requests at a time.
SENDERS = 8


class CoreAnnotations(Annotations):
    """What a job's user sees.

    Parameters
    ----------
    session : JobSession
    project : int
        Of the job.
    """

    def __init__(self, session: JobSession, project: int) -> None:
        self._session, self._project = session, project

    def select(self, selection: Selection) -> list[Annotation]:
        """Return annotations by project, image and id."""
        found: list[Annotation] = []
        for project in selection.projects or (self._project,):
            sizes = self._sizes(project)
            items = self._listed(project, selection, "false" if selection.reviewed < 2 else "true")
            if selection.reviewed == 1:
                reviewed = self._listed(project, selection, "true")
                parents = {item.get("parentIdent") for item in reviewed}
                items = [item for item in items if item["id"] not in parents] + reviewed
            items.sort(key=lambda item: (int(item["image"]), int(item["id"])))
            read = (_read(item, sizes, project, selection) for item in items)
            found += [item for item in read if item.labels or not selection.labelled]
        if not found:
            raise DataError(_none(selection, self._project))
        return found

    def crop(self, annotation: Annotation, zoom: int, alpha: bool) -> Pixels:
        """Fetch the crop that the server makes."""
        from PIL import Image

        kind = "alphamask" if alpha else "crop"
        uri = re.sub(r"(crop|mask|alphamask)\.\w+$", f"{kind}.png", annotation.url)
        data = BytesIO()
        try:
            patiently(lambda: _fetch(self._session, f"{uri}?zoom={zoom}&bits=8&complete=true", data))
            picture = Image.open(data)
            mode = "RGBA" if alpha and picture.mode in {"RGBA", "LA"} else "RGB"
            return over_white(np.asarray(picture.convert(mode)))
        except (CoreError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            msg = f"{annotation.name}: the server shows no readable crop ({error})"
            raise SlideError(msg) from error

    def names(self) -> Mapping[str, str]:
        """Return the terms of the project's ontology: names by id."""
        try:
            found = patiently(lambda: self._session.api.get(f"project/{self._project}/term.json"))["collection"]
        except CoreNotFound:
            found = []
        return {str(item["id"]): str(item["name"]) for item in found}

    def publish(self, predictions: Sequence[Prediction], way: Way) -> None:
        """Send terms with rates; an error takes back what was sent."""
        if way == "copy":
            self._copies(predictions)
        else:
            targets = [(item.annotation.ident or 0, item) for item in predictions]
            self._give(targets)

    def _sizes(self, project: int) -> dict[int, tuple[str, int, int]]:
        try:
            listed = patiently(lambda: self._session.api.get(f"project/{project}/imageinstance.json"))["collection"]
        except CoreNotFound as error:
            msg = f"cytomine_id_projects: project {project} does not exist, or is not yours to see"
            raise DataError(msg) from error
        return {
            int(item["id"]): (str(item.get("instanceFilename") or item["id"]), int(item["width"]), int(item["height"]))
            for item in listed
            if item.get("width") and item.get("height")
        }

    def _listed(self, project: int, selection: Selection, reviewed: str) -> list[Mapping[str, Any]]:
        query = {"project": project, "showWKT": "true", "showTerm": "true", "showMeta": "true", "reviewed": reviewed}
        for name in ("images", "users", "terms"):
            chosen = getattr(selection, name)
            if chosen:
                query[name] = ",".join(map(str, chosen))
        return list(patiently(lambda: self._session.api.get("annotation.json", query))["collection"])

    def _copies(self, predictions: Sequence[Prediction]) -> None:
        """Make copies in the job's layer, then give them their terms."""
        images = {item.annotation.image_id for item in predictions if item.annotation.image_id is not None}
        try:
            idents: list[int] = []
            for start in range(0, len(predictions), BATCH):
                idents += self._post_copies(predictions[start : start + BATCH])
            self._give(list(zip(idents, predictions, strict=True)))
        except BaseException:
            for image in images:
                _in_any_case(lambda image=image: take_back(self._session, image))  # type: ignore[misc]
            raise

    def _post_copies(self, predictions: Sequence[Prediction]) -> list[int]:
        shapes = [
            shapely.to_wkt(to_cytomine(item.annotation.geometry, item.annotation.size[1]), rounding_precision=DECIMALS)
            for item in predictions
            if item.annotation.geometry is not None
        ]
        project = self._project
        body = [
            {"location": text, "image": item.annotation.image_id, "project": project}
            for text, item in zip(shapes, predictions, strict=True)
        ]
        try:
            answer = self._session.api.post("annotation.json", json.dumps(body))
        except CoreError as error:
            msg = f"{len(body)} annotations could not be uploaded: {error}"
            raise UploadError(msg) from error
        idents = [int(word) for word in re.findall(r"\d+", str(answer.get("message", "")))]
        if len(idents) != len(body):
            msg = f"the server took {len(idents)} of {len(body)} annotations: {str(answer)[:200]}"
            raise UploadError(msg)
        return idents

    def _give(self, targets: Sequence[tuple[int, Prediction]]) -> None:
        """Give annotations their predicted terms with rates, some at a time."""
        done: list[tuple[int, str]] = []

        def give(target: tuple[int, Prediction]) -> None:
            ident, item = target
            body = {"annotationIdent": ident, "term": int(item.label), "rate": round(float(item.rate), 6)}
            if item.expected is not None:
                body["expectedTerm"] = int(item.expected)
            uri = f"annotation/{ident}/term/{item.label}.json"
            patiently(lambda: self._session.api.post(uri, json.dumps(body)))
            done.append((ident, item.label))

        try:
            with ThreadPoolExecutor(SENDERS, thread_name_prefix="terms") as pool:
                list(pool.map(give, targets))
        except BaseException as error:
            for ident, term in done:
                _in_any_case(lambda i=ident, t=term: self._session.api.delete(f"annotation/{i}/term/{t}.json"))  # type: ignore[misc]
            if isinstance(error, CoreError):
                msg = f"the predicted terms could not be uploaded, and were taken back: {error}"
                raise UploadError(msg) from error
            raise


def _fetch(session: JobSession, uri: str, data: BytesIO) -> None:
    data.seek(0)
    data.truncate()
    session.api.download(uri, data, MAX_BYTES)
    data.seek(0)


def _read(
    item: Mapping[str, Any], sizes: Mapping[int, tuple[str, int, int]], project: int, selection: Selection
) -> Annotation:
    """Read one annotation of a listing; terms that the filters leave out are left out."""
    ident, image = int(item["id"]), int(item["image"])
    name = f"annotation {ident}"
    if image not in sizes:
        msg = f"{name}: the size of its image {image} is not known to the server; leave this image out"
        raise DataError(msg)
    file, width, height = sizes[image]
    try:
        geometry = from_cytomine(shapely.from_wkt(item["location"]), height)
    except (shapely.GEOSException, TypeError) as error:
        msg = f"{name} of {file} has no readable geometry ({error}): delete it, or draw it again"
        raise DataError(msg) from error
    check_inside(geometry, (width, height), f"{name} of {file}")
    chosen = selection.terms
    terms = [term for term in item.get("term") or () if (not chosen or term in chosen)]
    labels = tuple(str(term) for term in terms if term not in selection.excluded)
    kind = str(item.get("cropURL") or "")
    uri = kind.split("/api/", 1)[-1].split("?", 1)[0] if "/api/" in kind else f"annotation/{ident}/crop.png"
    return Annotation(name, str(image), str(project), labels, geometry, ident, image, uri, (width, height))


def _none(selection: Selection, project: int) -> str:
    used = [f for f in ("projects", "images", "users", "terms", "excluded") if getattr(selection, f)]
    used += ["reviewed"] if selection.reviewed else []
    where = f"with these filters ({', '.join(used)})" if used else f"in project {project}"
    what = "annotation with a term" if selection.labelled else "annotation"
    return f"there is no {what} {where}: draw some, or loosen the filters"


def _in_any_case(call: Callable[[], object]) -> None:
    try:
        patiently(call)
    except CoreError as error:
        log.warning("something that was uploaded could not be taken back: %s", error)
