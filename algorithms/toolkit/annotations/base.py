"""What an annotation is to an algorithm, whether it lies on a server or in a folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Pixels = NDArray[np.uint8]
#: Where predictions go: beside the true term, as copies in the job's layer, or onto the annotations themselves.
Way = Literal["expected", "copy", "update"]


@dataclass(frozen=True)
class Selection:
    """Which annotations; empty means all.

    Attributes
    ----------
    projects, images, users, terms, excluded : tuple of int
        Ids; no project means that of the run. `excluded` are terms that are left out.
    reviewed : int
        0: annotations as they were drawn; 1: the reviewed version where there is one; 2: reviewed ones only.
    labelled : bool
        Only annotations with a term.
    """

    projects: tuple[int, ...] = ()
    images: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    terms: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    reviewed: int = 0
    labelled: bool = True


@dataclass(frozen=True, eq=False)
class Annotation:
    """An annotation, or a picture that is a crop already.

    Attributes
    ----------
    name : str
        For people, such as "annotation 123" or a file's path.
    image, project : str
        What it belongs to, for folds.
    labels : tuple of str
        Ids of its terms, or names of its classes.
    geometry : geometry, optional
        In full-resolution pixels, origin top-left.
    ident, image_id : int, optional
        On a server.
    url : str
        Where the crop is.
    size : (int, int)
        Width and height of the slide.
    """

    name: str
    image: str = ""
    project: str = ""
    labels: tuple[str, ...] = ()
    geometry: BaseGeometry | None = None
    ident: int | None = None
    image_id: int | None = None
    url: str = ""
    size: tuple[int, int] = (0, 0)


@dataclass(frozen=True, eq=False)
class Prediction:
    """A label with its probability, and the true one where it is known."""

    annotation: Annotation
    label: str
    rate: float
    expected: str | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


class Annotations(ABC):
    """The annotations that a run can see."""

    @abstractmethod
    def select(self, selection: Selection) -> list[Annotation]:
        """Return annotations in a fixed order.

        Raises
        ------
        DataError
            When there are none, or one lies outside its slide.
        """

    @abstractmethod
    def crop(self, annotation: Annotation, zoom: int, alpha: bool) -> Pixels:
        """Read the picture of an annotation, (H, W, 3); with `alpha`, what lies outside of it is white.

        Raises
        ------
        SlideError
            When it can not be read.
        """

    @abstractmethod
    def names(self) -> Mapping[str, str]:
        """Return the labels that results may have, and what people call them; empty when any may be."""

    @abstractmethod
    def publish(self, predictions: Sequence[Prediction], way: Way) -> None:
        """Write predictions down where the annotations are: all of them, or none."""
