"""Parameters of both variants, from the values of their descriptors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import get_args

from algorithms.object_finder.objects import Filter, ObjectParameters
from algorithms.object_finder.tissue import TissueParameters
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.job.values import number, whole

log = logging.getLogger(__name__)

#: Names of the Python 2 package, and what they are called today.
TISSUE_ALIASES = {
    "cytomine_max_image_size": "max_image_size",
    "cytomine_athreshold_blocksize": "threshold_blocksize",
    "cytomine_athreshold_constant": "threshold_constant",
    "cytomine_erode_iterations": "erode_iterations",
    "cytomine_dilate_iterations": "dilate_iterations",
    "cytomine_predict_term": "cytomine_id_predicted_term",
    "cytomine_id_image": "cytomine_id_images",
}
OBJECT_ALIASES = {
    "cytomine_predict_term": "cytomine_id_predicted_term",
    "cytomine_id_image": "cytomine_id_images",
    "zoom_level": "cytomine_zoom_level",
    "i": "cytomine_id_images",
    "z": "cytomine_zoom_level",
    "t": "cytomine_tile_size",
}


def tissue_parameters(values: Mapping[str, Value]) -> TissueParameters:
    """Read the parameters of the tissue finder; an even block is made odd."""
    block = whole(values, "threshold_blocksize")
    if block % 2 == 0:
        block += 1
        log.warning("threshold_blocksize must be odd; using %d", block)
    return TissueParameters(
        max_image_size=whole(values, "max_image_size"),
        block=block,
        constant=number(values, "threshold_constant"),
        erosions=whole(values, "erode_iterations"),
        dilations=whole(values, "dilate_iterations"),
        min_area_percent=number(values, "image_area_perc_threshold"),
    )


def object_parameters(values: Mapping[str, Value]) -> ObjectParameters:
    """Read the parameters of the object finder.

    Raises
    ------
    ParameterError
        When the filter is unknown, or parameters do not go together.
    """
    chosen = str(values.get("cytomine_filter") or "").lower()
    known = get_args(Filter)
    if chosen not in known:
        msg = f"cytomine_filter: {chosen!r} is not one of {', '.join(known)}"
        raise ParameterError(msg)
    found = ObjectParameters(
        filter=next(name for name in known if name == chosen),
        zoom=whole(values, "cytomine_zoom_level"),
        bright=bool(values.get("bright_objects")),
        tile_size=whole(values, "cytomine_tile_size"),
        tile_overlap=whole(values, "cytomine_tile_overlap"),
        background_contrast=whole(values, "background_contrast"),
        min_area=number(values, "cytomine_min_area"),
        max_area=number(values, "cytomine_max_area"),
        union_distance=number(values, "cytomine_union_bufferoverlap"),
        union_min_length=number(values, "cytomine_union_min_length"),
        simplify_above=whole(values, "cytomine_union_min_point_for_simplify"),
        max_points=whole(values, "cytomine_union_max_point"),
    )
    if found.min_area >= found.max_area:
        msg = f"cytomine_min_area ({found.min_area:g}) must be below cytomine_max_area ({found.max_area:g})"
        raise ParameterError(msg)
    return found


def term_of(values: Mapping[str, Value]) -> int | None:
    """Return the term of the results; 0 and nothing mean none."""
    value = values.get("cytomine_id_predicted_term")
    return value if isinstance(value, int) and not isinstance(value, bool) and value != 0 else None
