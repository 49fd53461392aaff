"""From the parameters of a run to crops with one label each."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.params import budget_of
from algorithms.toolkit.annotations import Annotation, Annotations, Crops, Selection, load_crops
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.job import Workplace
from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.job.values import ids, whole

log = logging.getLogger(__name__)

#: Classes of a binary task.
NEGATIVE, POSITIVE = "0", "1"


@dataclass(frozen=True, eq=False)
class DataSet:
    """Crops to learn from.

    Attributes
    ----------
    crops : Crops
    labels : ndarray of str, (n,)
    terms : list of str
        The label of every annotation before a binary task made it positive or negative.
    ambiguous : list of str
        Annotations that were left out because they have several of the classes.
    names : mapping of str to str
        What people call the labels.
    """

    crops: Crops
    labels: NDArray[np.str_]
    terms: list[str]
    ambiguous: list[str]
    names: Mapping[str, str]

    def called(self, label: str) -> str:
        """Return what people call a label."""
        return self.names.get(label, label)


def selection_of(values: Mapping[str, Value], *, labelled: bool) -> Selection:
    """Read the filters."""
    return Selection(
        projects=ids(values, "cytomine_id_projects"),
        images=ids(values, "cytomine_id_images"),
        users=ids(values, "cytomine_id_users"),
        terms=ids(values, "cytomine_id_terms"),
        excluded=ids(values, "cytomine_excluded_terms"),
        reviewed=whole(values, "cytomine_reviewed"),
        labelled=labelled,
    )


def training_set(workplace: Workplace, source: Annotations, until: float) -> DataSet:
    """Select annotations, check them and read their crops; progress goes up to `until` per cent.

    Raises
    ------
    DataError
        When a term has no annotation, or all have the same.
    ParameterError
        When parameters do not go together.
    """
    values = workplace.values
    selection = selection_of(values, labelled=True)
    positive = _positive_terms(values, selection)
    known = source.names()
    _check_terms(selection.terms + selection.excluded + positive, known)
    found = source.select(selection)
    wanted, terms, ambiguous = _single(found, positive)
    _check_foreign(wanted, terms, known)
    labels = [_binary(term, positive) for term in terms] if positive else terms
    _check_counts(labels, [str(term) for term in selection.terms] if not positive else [NEGATIVE, POSITIVE], known)
    crops = read_crops(
        workplace, source, wanted, until, zoom=whole(values, "cytomine_zoom_level"), alpha=alpha_of(values)
    )
    place = {id(annotation): number for number, annotation in enumerate(wanted)}
    kept = [place[id(annotation)] for annotation in crops.annotations]
    labels = [labels[number] for number in kept]
    _check_counts(labels, [], known)
    names = {NEGATIVE: "negative", POSITIVE: "positive"} if positive else known
    return DataSet(crops, np.array(labels), [terms[number] for number in kept], ambiguous, names)


def read_crops(
    workplace: Workplace,
    source: Annotations,
    annotations: Sequence[Annotation],
    until: float,
    *,
    zoom: int,
    alpha: bool,
) -> Crops:
    """Read crops and tell what was left out."""
    folder = workplace.output / "crops"
    folder.mkdir(exist_ok=True)
    crops = load_crops(
        source,
        annotations,
        folder,
        zoom=zoom,
        alpha=alpha,
        budget=budget_of(workplace.values),
        progress=lambda share: workplace.progress(until * share, f"reading {len(annotations)} crops"),
    )
    for name, reason in crops.skipped:
        log.warning("%s is left out: %s", name, reason)
    return crops


def remove_crops(workplace: Workplace) -> None:
    """Delete the crops that did not fit into memory."""
    folder: Path = workplace.output / "crops"
    if folder.is_dir():
        for path in folder.glob("crop-*.npy"):
            path.unlink()
        folder.rmdir()


def alpha_of(values: Mapping[str, Value]) -> bool:
    """Tell whether what lies outside an annotation is painted white."""
    return bool(values.get("cytomine_download_alpha"))


def _positive_terms(values: Mapping[str, Value], selection: Selection) -> tuple[int, ...]:
    positive = ids(values, "cytomine_positive_terms")
    if not values.get("cytomine_binary"):
        return ()
    if not positive:
        raise ParameterError("cytomine_positive_terms is missing: a binary task needs the terms of the positive class")
    outside = [term for term in positive if selection.terms and term not in selection.terms]
    if outside:
        msg = f"cytomine_positive_terms: term {outside[0]} is not among cytomine_id_terms; add it there"
        raise ParameterError(msg)
    excluded = [term for term in positive if term in selection.excluded]
    if excluded:
        msg = f"cytomine_positive_terms: term {excluded[0]} is among cytomine_excluded_terms; it can not be both"
        raise ParameterError(msg)
    return positive


def _check_terms(terms: Sequence[int], known: Mapping[str, str]) -> None:
    """Refuse terms that the project's ontology does not have."""
    for term in terms:
        if known and str(term) not in known:
            raise DataError(_foreign(str(term), known))


def _check_foreign(annotations: Sequence[Annotation], terms: Sequence[str], known: Mapping[str, str]) -> None:
    for annotation, term in zip(annotations, terms, strict=True):
        if known and term not in known:
            msg = f"{annotation.name} of project {annotation.project}: {_foreign(term, known)}"
            raise DataError(msg)


def _foreign(term: str, known: Mapping[str, str]) -> str:
    names = ", ".join(f"{name} ({ident})" for ident, name in list(known.items())[:8])
    return f"term {term} is not in the ontology of this project, whose terms are: {names}; choose among them"


def _single(found: Sequence[Annotation], positive: Sequence[int]) -> tuple[list[Annotation], list[str], list[str]]:
    """Keep annotations of one class; those of several would be examples against themselves."""
    wanted, terms, ambiguous = [], [], []
    for annotation in found:
        classes = {_binary(label, positive) if positive else label for label in annotation.labels}
        if len(classes) == 1:
            wanted.append(annotation)
            terms.append(annotation.labels[0])
        else:
            ambiguous.append(annotation.name)
    if ambiguous:
        log.warning("%d annotations with several of the classes are left out", len(ambiguous))
    return wanted, terms, ambiguous


def _binary(term: str, positive: Sequence[int]) -> str:
    return POSITIVE if term in {str(item) for item in positive} else NEGATIVE


def _check_counts(labels: Sequence[str], wanted: Sequence[str], known: Mapping[str, str]) -> None:
    found = set(labels)
    for label in wanted:
        if label not in found:
            side = {NEGATIVE: "negative terms have", POSITIVE: "cytomine_positive_terms have"}.get(
                label, f"cytomine_id_terms: term {known.get(label, '')} ({label}) has"
            )
            msg = f"{side} no annotation among those that the filters leave: annotate some, or choose other terms"
            raise DataError(msg)
    if len(found) < 2:
        only = ", ".join(known.get(label, label) for label in found) or "none"
        msg = (
            f"at least two classes are needed, and the annotations have {only}: annotate others, or loosen the filters"
        )
        raise DataError(msg)
