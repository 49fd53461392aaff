"""Parameters of landmark detection, from the values of the descriptors, and their older names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from algorithms.landmarks.features import KINDS
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.job.values import number, whole

METHODS = ("mset", "cascade", "dmbl", "lc")
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
    "model_NT_P1": "model_nt_p1",
    "model_F_P1": "model_f_p1",
    "model_R_P1": "model_r_p1",
    "model_NT_P2": "model_nt_p2",
    "model_F_P2": "model_f_p2",
    "model_R_P2": "model_r_p2",
    "model_ns_P2": "model_ns_p2",
    "model_T": "model_t",
    "model_D_MAX": "model_d_max",
    "model_W": "model_w",
    "model_LC_T": "model_lc_t",
    "model_LC_step": "model_lc_step",
    "model_R_MAX": "model_r_max",
    "model_R_MIN": "model_r_min",
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
    delta : float
        `dmbl`, `lc`: images are resized by it; the lengths of these methods are pixels of the resized image.
    p1_trees, p1_features, p1_radius, sigma
        `dmbl`, phase 1: trees, offsets of a tree, radius of a landmark; deviation of all offsets.
    p2_trees, p2_features, p2_radius, p2_samples
        `dmbl`, phase 2: trees, offsets of a tree, how far its samples lie, and their number an image.
    vote_rounds, beta, filter_size, candidates, edges, sde
        `dmbl`: rounds of votes, share of the maximum that votes, radius of a local maximum, candidates of a landmark,
        neighbours of a landmark, deviation of a pair.
    lc_reach, lc_samples, lc_window, lc_boxes, lc_trees, lc_modes
        `lc`: D_MAX, samples of an image, W, n (5 n boxes), T, modes of the shape model.
    lc_step, lc_most, lc_least, lc_shrink
        `lc`: grid of the votes, R_MAX, R_MIN, alpha.
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
    delta: float = 0.5
    p1_trees: int = 50
    p1_features: int = 100
    p1_radius: int = 5
    sigma: float = 20.0
    p2_trees: int = 50
    p2_features: int = 100
    p2_radius: int = 3
    p2_samples: int = 100
    vote_rounds: int = 3
    beta: float = 0.75
    filter_size: int = 1
    candidates: int = 3
    edges: int = 1
    sde: float = 10.0
    lc_reach: int = 100
    lc_samples: int = 50
    lc_window: int = 20
    lc_boxes: int = 20
    lc_trees: int = 50
    lc_modes: int = 5
    lc_step: int = 4
    lc_most: float = 100.0
    lc_least: float = 2.0
    lc_shrink: float = 0.75
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
        least |= {"p1_trees": 1, "p1_features": 1, "p2_trees": 1, "p2_features": 1, "p2_samples": 1, "candidates": 1}
        least |= {"lc_trees": 1, "lc_boxes": 1, "lc_samples": 1, "lc_step": 1, "lc_least": 1, "lc_window": 2}
        if not (0 < self.delta <= 1 and 0 < self.lc_shrink < 1):
            msg = f"delta ({self.delta:g}) must be above 0 and at most 1, model_alpha ({self.lc_shrink:g}) between both"
            raise ParameterError(msg)
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
    "delta": "delta",
    "p1_trees": "model_nt_p1",
    "p1_features": "model_f_p1",
    "p1_radius": "model_r_p1",
    "sigma": "model_sigma",
    "p2_trees": "model_nt_p2",
    "p2_features": "model_f_p2",
    "p2_radius": "model_r_p2",
    "p2_samples": "model_ns_p2",
    "vote_rounds": "model_n_iterations",
    "beta": "model_beta",
    "filter_size": "model_filter_size",
    "candidates": "model_n_candidates",
    "edges": "model_t",
    "sde": "model_sde",
    "lc_reach": "model_d_max",
    "lc_samples": "model_n_samples",
    "lc_window": "model_w",
    "lc_boxes": "model_n",
    "lc_trees": "model_lc_t",
    "lc_modes": "model_n_reduc",
    "lc_step": "model_lc_step",
    "lc_most": "model_r_max",
    "lc_least": "model_r_min",
    "lc_shrink": "model_alpha",
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
