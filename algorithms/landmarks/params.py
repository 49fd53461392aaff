"""Parameters of landmark detection, from the values of the descriptors, and their older names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from algorithms.landmarks.features import KINDS
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.descriptor import Value

METHODS = ("mset", "cascade")
MEGABYTE = 1 << 20

#: Names of the Python 2 package and of its successors, and what they are called today.
ALIASES = {
    "cytomine_id_term": "cytomine_id_terms",
    "cytomine_training_images": "cytomine_id_images",
    "cytomine_predict_images": "cytomine_id_images",
    "images_to_predict": "cytomine_id_images",
    "model_to_use": "cytomine_id_job",
    "model_load_from": "model",
    "model_njobs": "n_jobs",
    "validation_K": "eval_k",
    "model_R": "model_r",
    "model_RMAX": "model_rmax",
    "model_P": "model_p",
}


@dataclass(frozen=True)
class Settings:
    """How landmarks are learned and found; lengths are pixels of the zoom level.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    radius, far, negatives : int, int, float
        R: positive pixels lie within it; RMAX: negative ones up to there; P: negatives for each positive.
    step : int
        Grid of the positives.
    passes, angle : int, float
        Nr: passes over the images, the first unrotated, the others rotated by up to `angle` degrees.
    features : str
        One of raw, sub, haar, gaussian.
    depth, window : int
        D resolutions; w, half the side of the window.
    haar_count, gaussian_count, gaussian_std : int, int, float
        Haar boxes of all levels; offsets of every level and their deviation.
    trees, draws : int
        T, and Npred positions drawn at prediction (`mset`).
    grid, smoothing : int, float
        `cascade`: step of the grid that is searched, and deviation of the blur of its maps in grid steps.
    reach, samples, refinements, refine_trees, refine_window : int
        `cascade`: how far the second stage sees, samples of a landmark, rounds, trees and half window.
    turn : float
        `cascade`: deviation, in degrees, of the errors of direction that the second stage is trained for.
    seed : int
    """

    method: str = "mset"
    radius: int = 6
    far: int = 100
    negatives: float = 3.0
    step: int = 1
    passes: int = 1
    angle: float = 10.0
    features: str = "sub"
    depth: int = 5
    window: int = 8
    haar_count: int = 1600
    gaussian_count: int = 1600
    gaussian_std: float = 20.0
    trees: int = 50
    draws: int = 50_000
    grid: int = 4
    smoothing: float = 1.5
    reach: int = 20
    samples: int = 60
    refinements: int = 2
    refine_trees: int = 50
    refine_window: int = 8
    turn: float = 10.0
    seed: int = 42

    def __post_init__(self) -> None:
        """Refuse what nothing can be learned with."""
        if self.method not in METHODS:
            msg = f"method {self.method!r} is not one of {', '.join(METHODS)}"
            raise ParameterError(msg)
        if self.features not in KINDS:
            msg = f"model_feature_type {self.features!r} is not one of {', '.join(KINDS)}"
            raise ParameterError(msg)
        if self.far < self.radius:
            msg = f"model_rmax ({self.far}) must not be below model_r ({self.radius})"
            raise ParameterError(msg)
        least = {"radius": 1, "step": 1, "passes": 1, "depth": 1, "window": 1, "trees": 1, "draws": 1, "grid": 1}
        for name, limit in least.items():
            if getattr(self, name) < limit:
                msg = f"{name} must be at least {limit}, got {getattr(self, name)}"
                raise ParameterError(msg)

    def card(self) -> dict[str, Any]:
        """Return all of it, as a model's card keeps it."""
        return asdict(self)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Settings:
        """Read what `card` wrote."""
        return cls(**card)


#: The parameter of a descriptor behind every setting.
NAMES = {
    "method": "method",
    "radius": "model_r",
    "far": "model_rmax",
    "negatives": "model_p",
    "step": "model_step",
    "passes": "model_ntimes",
    "angle": "model_angle",
    "features": "model_feature_type",
    "depth": "model_depth",
    "window": "model_wsize",
    "haar_count": "model_feature_haar_n",
    "gaussian_count": "model_feature_gaussian_n",
    "gaussian_std": "model_feature_gaussian_std",
    "trees": "model_ntrees",
    "draws": "model_npred",
    "grid": "grid_step",
    "smoothing": "grid_smoothing",
    "reach": "refine_reach",
    "samples": "refine_samples",
    "refinements": "refine_rounds",
    "refine_trees": "refine_ntrees",
    "refine_window": "refine_wsize",
    "turn": "refine_angle",
    "seed": "seed",
}


def settings_of(values: Mapping[str, Value]) -> Settings:
    """Read how to learn.

    Raises
    ------
    ParameterError
        When parameters do not go together.
    """
    kinds = {item.name: item.type for item in fields(Settings)}
    found: dict[str, Any] = {}
    for attribute, name in NAMES.items():
        kind = kinds[attribute]
        if kind == "str":
            found[attribute] = str(values.get(name) or "").lower()
        else:
            found[attribute] = whole(values, name) if kind == "int" else number(values, name)
    return Settings(**found)


def budget_of(values: Mapping[str, Value]) -> int:
    """Return the memory budget in bytes."""
    return whole(values, "memory_budget") * MEGABYTE


def workers_of(values: Mapping[str, Value]) -> int | None:
    """Return the number of threads, None for one a core."""
    asked = whole(values, "n_jobs")
    return asked if asked > 0 else None


def whole(values: Mapping[str, Value], name: str) -> int:
    """Return the value of a parameter as a whole number."""
    return int(number(values, name))


def number(values: Mapping[str, Value], name: str) -> float:
    """Return the value of a parameter as a number."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name}: a number is needed, not {value!r}"
        raise ParameterError(msg)
    return value


def ids(values: Mapping[str, Value], name: str) -> tuple[int, ...]:
    """Return the ids that a parameter lists; nothing and 0 mean none."""
    value = values.get(name)
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, int) and not isinstance(item, bool) and item > 0)
