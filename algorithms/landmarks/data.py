"""From the parameters of a run to images and the points on them.

Rules: a landmark is the centroid of an annotation, whatever its geometry; an annotation of several terms is a landmark
of each; of two annotations of one term in one image the last counts (the newest on a server) and the other is named.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.params import budget_of
from algorithms.landmarks.pyramid import Grey, read_scores
from algorithms.toolkit.annotations import Annotation, Annotations, Selection
from algorithms.toolkit.errors import DataError
from algorithms.toolkit.job import Source, Workplace
from algorithms.toolkit.job.values import ids, whole

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class LandmarkSet:
    """Images and points to learn from.

    Attributes
    ----------
    sources : list of Source
        Of n images with at least one landmark.
    scores : list of ndarray of uint8, (H, W)
        Their z-scores at the zoom level.
    points : ndarray of float, (n, L, 2)
        Pixels of the zoom level, NaN where a landmark is missing.
    terms, names : list of str
        Ids (or names) of L landmarks, and what people call them.
    projects : list of str
        What every image belongs to.
    doubled : list of str
        Annotations that do not count because a later one has the same term and image.
    zoom : int
    """

    sources: list[Source]
    scores: list[Grey]
    points: NDArray[np.float64]
    terms: list[str]
    names: list[str]
    projects: list[str]
    doubled: list[str]
    zoom: int


def landmark_set(workplace: Workplace, annotations: Annotations, until: float) -> LandmarkSet:
    """Select annotations and read their images; progress goes up to `until` per cent.

    Raises
    ------
    DataError
        When a term was never annotated.
    ParameterError
        When an image is larger than the budget.
    """
    values = workplace.values
    projects = ids(values, "cytomine_id_projects")
    selection = Selection(
        projects=projects,
        images=ids(values, "cytomine_id_images"),
        users=ids(values, "cytomine_id_users"),
        terms=ids(values, "cytomine_id_terms"),
        reviewed=whole(values, "cytomine_reviewed"),
    )
    known = annotations.names()
    wanted = [str(term) for term in selection.terms]
    _check_known(wanted, known)
    found = annotations.select(selection)
    terms = _terms(found, known, wanted)
    by_image: dict[str, list[Annotation]] = {}
    for item in found:
        by_image.setdefault(item.image, []).append(item)
    sources = [source for source in workplace.sources(projects) if image_of(source) in by_image]
    own = [by_image[image_of(source)] for source in sources]
    zoom = whole(values, "cytomine_zoom_level")
    points, doubled = _points(own, terms, zoom)
    for name in doubled:
        log.warning("%s does not count: a later annotation has the same term in the same image", name)
    # pixels of all images stay in memory
    scores = read_all(workplace, sources, zoom, lambda share: workplace.progress(until * share, "reading images"))
    sizes = np.array([(grey.shape[1], grey.shape[0]) for grey in scores])
    points = np.minimum(points, sizes[:, None] - 1e-3)  # the far edge belongs to the last pixel
    names = [known.get(term, term) for term in terms]
    return LandmarkSet(sources, scores, points, terms, names, [item[0].project for item in own], doubled, zoom)


def image_of(source: Source) -> str:
    """Return what annotations call a slide: its id on a server, or its file name."""
    return str(getattr(source, "id", source.name))


def read_all(workplace: Workplace, sources: Sequence[Source], zoom: int, tell: Callable[[float], None]) -> list[Grey]:
    """Read images one by one, as long as the budget reaches."""
    budget = budget_of(workplace.values)
    found = []
    for number, source in enumerate(sources):
        tell(number / len(sources))
        with source.open() as slide:
            found.append(read_scores(slide, zoom, budget))
        budget -= found[-1].size
    return found


def _check_known(terms: Sequence[str], known: Mapping[str, str]) -> None:
    foreign = [term for term in terms if known and term not in known]
    if foreign:
        names = ", ".join(f"{name} ({ident})" for ident, name in list(known.items())[:8])
        msg = f"term {foreign[0]} is not in the ontology of this project, whose terms are: {names}; choose among them"
        raise DataError(msg)


def _terms(found: Sequence[Annotation], known: Mapping[str, str], wanted: Sequence[str]) -> list[str]:
    """Return the terms by name, so that a server and a folder have them in one order."""
    occurring = {label for item in found for label in item.labels}
    never = [term for term in wanted if term not in occurring]
    if never:
        msg = (
            f"cytomine_id_terms: term {known.get(never[0], '')} ({never[0]}) is annotated in no image that the filters "
            "leave: annotate some, or leave the term out"
        )
        raise DataError(msg)
    _check_known(sorted(occurring), known)
    return sorted(occurring, key=lambda term: (known.get(term, term), term))


def _points(
    images: Sequence[Sequence[Annotation]], terms: Sequence[str], zoom: int
) -> tuple[NDArray[np.float64], list[str]]:
    place = {term: number for number, term in enumerate(terms)}
    points = np.full((len(images), len(terms), 2), np.nan)
    doubled = []
    for image, own in enumerate(images):
        last: dict[str, Annotation] = {}
        for item in own:
            if item.geometry is None:
                msg = f"{item.name} has no geometry: landmarks are annotations of images, or lines of landmarks.csv"
                raise DataError(msg)
            centre = item.geometry.centroid
            _check_inside(item, centre.x, centre.y)
            for label in item.labels:
                if label in last:
                    doubled.append(last[label].name)
                last[label] = item
                points[image, place[label]] = centre.x / 2**zoom, centre.y / 2**zoom
    return points, doubled


def _check_inside(item: Annotation, x: float, y: float) -> None:
    width, height = item.size
    if not (0 <= x <= width and 0 <= y <= height):
        msg = (
            f"landmark {item.name} lies at {x:g}, {y:g} from the top left, outside of its image of {width} x {height} "
            "pixels: move it, or delete it"
        )
        raise DataError(msg)
