"""Find tissue or objects on every slide of a run: the thin shell around `tissue` and `objects`."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from shapely import Polygon

from algorithms.object_finder.objects import ObjectParameters, find_objects
from algorithms.object_finder.params import object_parameters, term_of, tissue_parameters
from algorithms.object_finder.picture import COLOUR, SIZE, draw_outlines, write_picture
from algorithms.object_finder.tissue import TissueParameters, find_tissue
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.geometry.geojson import Feature, write_geojson
from algorithms.toolkit.job import Source, Workplace
from algorithms.toolkit.slides import Slide

log = logging.getLogger(__name__)

#: Takes a slide; yields the share that is done and what was found since.
Finder = Callable[[Slide], Iterator[tuple[float, list[Polygon]]]]


def tissue(workplace: Workplace) -> None:
    """Find the samples of tissue on all slides."""
    parameters = tissue_parameters(workplace.values)
    _Run(workplace, lambda slide: tissue_on(slide, parameters), "Tissue").all_slides()


def objects(workplace: Workplace) -> None:
    """Find the single objects on all slides."""
    parameters = object_parameters(workplace.values)
    _Run(workplace, lambda slide: objects_on(slide, parameters), "Object").all_slides()


def tissue_on(slide: Slide, parameters: TissueParameters) -> Iterator[tuple[float, list[Polygon]]]:
    """Find the samples of one slide."""
    thumbnail = slide.thumbnail_with_alpha(parameters.max_image_size)
    yield 1.0, find_tissue(thumbnail, parameters, (slide.width, slide.height))


def objects_on(slide: Slide, parameters: ObjectParameters) -> Iterator[tuple[float, list[Polygon]]]:
    """Find the objects of one slide."""
    if parameters.zoom > slide.max_zoom:
        msg = (
            f"cytomine_zoom_level: {slide.name} has zoom levels 0 to {slide.max_zoom}, not {parameters.zoom}; "
            "choose a smaller one"
        )
        raise ParameterError(msg)

    def read(x: int, y: int, width: int, height: int) -> Any:
        return slide.read(x, y, width, height, parameters.zoom)

    return find_objects(read, slide.zoom_size(parameters.zoom), parameters)


class _Run:
    """One run over all slides of a workplace."""

    def __init__(self, workplace: Workplace, find: Finder, default_name: str) -> None:
        self.workplace, self.find = workplace, find
        self.term = term_of(workplace.values)
        name, colour = workplace.check_term(self.term)
        self.name, self.colour = name or default_name, colour or COLOUR
        self.sources = workplace.sources()

    def all_slides(self) -> None:
        """Find on every slide, keep the files, and sum up."""
        facts: list[dict[str, Any]] = []
        for number, source in enumerate(self.sources):
            begun = time.monotonic()
            with source.open() as slide:
                log.info("%s: %d x %d pixels", source.name, slide.width, slide.height)
                found = self._on_slide(number, source, slide)
                files = self._keep(number, slide, found)
            seconds = round(time.monotonic() - begun, 2)
            log.info("%s: done in %g s", source.name, seconds)
            facts.append({"slide": source.name, "found": len(found), "seconds": seconds, **files})
        self.workplace.summary({"parameters": _shown(self.workplace), "slides": facts})

    def _on_slide(self, number: int, source: Source, slide: Slide) -> list[Polygon]:
        """Find on one slide, while what was found before is uploaded."""
        comment = f"{source.name} ({number + 1}/{len(self.sources)})"
        everything: list[Polygon] = []
        self.workplace.progress(100 * number / len(self.sources), comment)
        with self.workplace.layer(source, self.term) as layer:
            for share, found in self.find(slide):
                everything.extend(found)
                layer.add(found)
                self.workplace.progress(100 * (number + 0.95 * share) / len(self.sources), comment)
        log.info("%s: %d found, now the files", source.name, len(everything))
        return everything

    def _keep(self, number: int, slide: Slide, found: list[Polygon]) -> dict[str, str]:
        """Write GeoJSON and picture of a slide."""
        stem = re.sub(r"[^\w.-]+", "_", slide.name).strip("._") or "slide"
        if (self.workplace.output / f"{stem}.geojson").exists() and number > 0:
            stem = f"{stem}-{number + 1}"  # two slides of one name
        shapes = self.workplace.output / f"{stem}.geojson"
        features = (Feature(p, self.name, self.colour, {"Area px^2": p.area}) for p in found)
        write_geojson(shapes, features)
        self.workplace.keep(shapes, f"geojson-{number + 1}")
        picture = self.workplace.output / f"{stem}.png"
        write_picture(picture, draw_outlines(slide.thumbnail(SIZE), found, slide.width, self.colour))
        self.workplace.keep(picture, f"picture-{number + 1}")
        return {"geojson": shapes.name, "picture": picture.name}


def _shown(workplace: Workplace) -> dict[str, Any]:
    hidden = {"cytomine_public_key", "cytomine_private_key"}
    return {name: value for name, value in workplace.values.items() if name not in hidden}
