"""A run without a server: slides are files, results are files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from algorithms.toolkit.errors import DataError
from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.job.pace import Pace
from algorithms.toolkit.job.workplace import Layer, Source, Workplace
from algorithms.toolkit.slides import Slide, open_slide

if TYPE_CHECKING:
    from algorithms.toolkit.annotations import Annotations


@dataclass(frozen=True)
class FileSource:
    """A slide on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def open(self) -> Slide:
        """Open the file."""
        return open_slide(self.path)


class _NoLayer:
    """Results are in the files that every run writes; there is nothing to send."""

    def add(self, geometries: Sequence[BaseGeometry]) -> None:
        """Nothing to send."""


class LocalWorkplace(Workplace):
    """Slides from files, results into a folder, progress on standard error."""

    def __init__(
        self,
        slides: Sequence[str],
        output: Path,
        values: Mapping[str, Value],
        data: str | None = None,
        model: str | None = None,
    ) -> None:
        self.values = values
        self.output = output
        self._slides = [Path(slide) for slide in slides]
        self._data, self._model = (Path(path) if path else None for path in (data, model))
        self.kept: list[Path] = []
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            msg = f"--output {output}: this folder can not be made ({error.strerror})"
            raise DataError(msg) from error
        self._pace = Pace(_print)

    def sources(self, projects: Sequence[int] = ()) -> Sequence[Source]:  # noqa: ARG002 - a server's
        """Return the slides named on the command line, or the pictures of the folder `--data`."""
        if not self._slides and self._data is not None and self._data.is_dir():
            from algorithms.toolkit.annotations.files import pictures_of

            found = [FileSource(path) for path in pictures_of(self._data)]
            if found:
                return found
        if not self._slides:
            msg = "no slide: name files with --slide"
            raise DataError(msg)
        missing = [str(path) for path in self._slides if not path.is_file()]
        if missing:
            msg = f"no such file: {', '.join(missing)}"
            raise DataError(msg)
        return [FileSource(path) for path in self._slides]

    def check_term(self, term: int | None) -> tuple[str | None, tuple[int, int, int] | None]:  # noqa: ARG002 - no ontology
        """Return nothing: a folder has no ontology."""
        return None, None

    @contextmanager
    def layer(self, source: Source, term: int | None, rate: float = 1.0) -> Iterator[Layer]:  # noqa: ARG002 - nothing is sent
        """Open a layer that sends nothing."""
        yield _NoLayer()

    @contextmanager
    def annotations(self) -> Iterator[Annotations]:
        """Open the crops of `--data`, or the GeoJSON files beside the slides."""
        from algorithms.toolkit.annotations.files import FileAnnotations

        found = FileAnnotations(self._data, self._slides)
        try:
            yield found
        finally:
            found.close()

    def publish_model(self, path: Path, properties: Mapping[str, str]) -> None:  # noqa: ARG002 - the card says it all
        """Remember that a model file is a result."""
        self.kept.append(path)

    def properties(self, values: Mapping[str, str]) -> None:
        """Nothing to tell: the summary says it all."""

    def find_model(self) -> Path:
        """Return the file that `--model` names."""
        if self._model is None:
            raise DataError("no model: name the file that a training run wrote with --model")
        return self._model

    def progress(self, percent: float, comment: str = "") -> None:
        """Print how far the run is."""
        self._pace(percent, comment)

    def keep(self, path: Path, key: str) -> None:  # noqa: ARG002 - keys are Core's
        """Remember that a file is a result."""
        self.kept.append(path)


def _print(percent: int, comment: str) -> None:
    print(f"{percent:3d} % {comment}", file=sys.stderr, flush=True)
