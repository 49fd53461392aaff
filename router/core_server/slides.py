"""Open slides, kept for a while: opening costs more than reading a tile."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from router.core_server.errors import NotFound, WrongArgument

if TYPE_CHECKING:
    from algorithms.toolkit.slides import Slide

#: Slides kept open when nobody reads them.
KEPT = 12


@dataclass
class _Book:
    slide: Slide
    readers: int = 0
    gone: bool = False


class SlideShelf:
    """Lends open slides to threads; the least recently used ones are closed when nobody reads them."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._books: OrderedDict[Path, _Book] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def lend(self, path: Path) -> Iterator[Slide]:
        """Give an open slide.

        Raises
        ------
        NotFound
            When the file is gone.
        WrongArgument
            When it is damaged or of no known format.
        """
        from algorithms.toolkit.errors import SlideError

        book = self._take(path)
        try:
            yield book.slide
        except SlideError as error:
            raise WrongArgument(str(error)) from error
        finally:
            self._give_back(book)

    def _take(self, path: Path) -> _Book:
        with self._lock:
            book = self._books.get(path)
            if book is None:
                book = self._books[path] = _Book(_open(path))
            self._books.move_to_end(path)
            book.readers += 1
            return book

    def _give_back(self, book: _Book) -> None:
        with self._lock:
            book.readers -= 1
            if book.gone and not book.readers:
                book.slide.close()
            idle = [path for path, other in self._books.items() if not other.readers]
            for path in idle[: max(0, len(self._books) - self._kept)]:
                self._books.pop(path).slide.close()

    def forget(self, path: Path) -> None:
        """Close a slide whose file goes away, once nobody reads it."""
        with self._lock:
            book = self._books.pop(path, None)
            if book is None:
                return
            book.gone = True
            if not book.readers:
                book.slide.close()

    @staticmethod
    def warm_up() -> None:
        """Load the readers in the background, so that the first picture need not wait for them."""

        def load() -> None:
            import PIL.Image

            import algorithms.toolkit.slides.openslide_reader
            import algorithms.toolkit.slides.tiff_reader  # noqa: F401

            PIL.Image.init()

        threading.Thread(target=load, name="readers", daemon=True).start()

    def close(self) -> None:
        """Close every slide."""
        with self._lock:
            while self._books:
                self._books.popitem()[1].slide.close()


def _open(path: Path) -> Slide:
    from algorithms.toolkit.errors import SlideError
    from algorithms.toolkit.slides import open_slide

    if not path.exists():
        raise NotFound("the image's file is gone from the server's disk")
    try:
        return open_slide(path)
    except SlideError as error:
        raise WrongArgument(str(error)) from error
