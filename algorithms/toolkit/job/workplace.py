"""Where a run takes its slides from and puts its results: a Core, or a folder. Algorithms see only this."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shapely.geometry.base import BaseGeometry

from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.slides import Slide

if TYPE_CHECKING:
    from algorithms.toolkit.annotations import Annotations


class Source(Protocol):
    """A slide that a run works on."""

    @property
    def name(self) -> str:
        """For people, and for names of files."""

    def open(self) -> Slide:
        """Open the slide; close it after use."""


class Layer(Protocol):
    """Results on one slide; takes more while the earlier ones are on their way."""

    def add(self, geometries: Sequence[BaseGeometry]) -> None:
        """Add annotations, in full-resolution pixels with the origin top-left."""


class Workplace(ABC):
    """What a run is given.

    Attributes
    ----------
    values : mapping of str to value
        Of every parameter of the descriptor.
    output : Path
        A folder for files; `keep` says which of them are results.
    """

    values: Mapping[str, Value]
    output: Path

    @abstractmethod
    def sources(self, projects: Sequence[int] = ()) -> Sequence[Source]:
        """Return the slides to work on; those of other projects too where `projects` are given.

        Raises
        ------
        DataError
            When there are none, or one of them does not exist.
        """

    @abstractmethod
    def check_term(self, term: int | None) -> tuple[str | None, tuple[int, int, int] | None]:
        """Return name and colour of a term, and be sure that it belongs to the project; None for no term."""

    @abstractmethod
    def layer(self, source: Source, term: int | None, rate: float = 1.0) -> AbstractContextManager[Layer]:
        """Open the layer of results on a slide; an error inside takes back all that was added to it."""

    @abstractmethod
    def progress(self, percent: float, comment: str = "") -> None:
        """Tell how far the run is; raises `Cancelled` when it was asked to stop."""

    @abstractmethod
    def keep(self, path: Path, key: str) -> None:
        """Keep a file of `output` as a result."""

    @abstractmethod
    def annotations(self) -> AbstractContextManager[Annotations]:
        """Open the annotations that the run can see."""

    @abstractmethod
    def publish_model(self, path: Path, properties: Mapping[str, str]) -> None:
        """Keep a model file of `output` where a later run finds it; properties say what it is for."""

    @abstractmethod
    def properties(self, values: Mapping[str, str]) -> None:
        """Say results in a few words where the job is listed."""

    @abstractmethod
    def find_model(self) -> Path:
        """Return the model file that the parameters choose.

        Raises
        ------
        DataError
            When there is none.
        """

    def summary(self, facts: Mapping[str, Any]) -> None:
        """Keep facts about the run as `summary.json`."""
        import json

        path = self.output / "summary.json"
        path.write_text(json.dumps(facts, indent=2, default=str) + "\n", encoding="utf-8")
        self.keep(path, "summary")
