"""What was learned: features, forests and priors of all landmarks, and the file of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.cascade import Cascade
from algorithms.landmarks.dmbl import MapModel
from algorithms.landmarks.features import Features
from algorithms.landmarks.lc import VotingModel
from algorithms.landmarks.mset import Prior
from algorithms.landmarks.pairs import Edges
from algorithms.landmarks.params import Settings
from algorithms.toolkit.errors import AlgorithmError, ModelError
from algorithms.toolkit.forests import Forest
from algorithms.toolkit.models import load_model, save_model

KIND = "landmarks"
_NO_FEATURES = Features("sub", 1, np.zeros((0, 6), np.int64))


@dataclass(frozen=True, eq=False)
class LandmarkModel:
    """A trained detector.

    Attributes
    ----------
    settings : Settings
    terms : tuple of str
        Ids of terms, or names of landmarks.
    priors : sequence of Prior
        Of every landmark.
    spans : ndarray of float, (2, L, 2)
        Smallest and largest relative coordinates of every landmark in training.
    features, forests : Features, sequence of Forest
        `mset`: of every landmark.
    cascade : Cascade, optional
        `cascade`.
    maps, voting : MapModel, VotingModel, optional
        `dmbl`, `lc`.
    about : mapping
        What else the card says: names of the terms, zoom level, training data.
    """

    settings: Settings
    terms: tuple[str, ...]
    priors: Sequence[Prior]
    spans: NDArray[np.float64]
    features: Features = _NO_FEATURES
    forests: Sequence[Forest] = ()
    cascade: Cascade | None = None
    maps: MapModel | None = None
    voting: VotingModel | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the model file."""
        arrays: dict[str, NDArray[Any]] = {
            "prior_means": np.array([prior.mean for prior in self.priors]),
            "prior_covariances": np.array([prior.covariance for prior in self.priors]),
            "spans": self.spans,
        }
        forests = {f"term{k}": forest for k, forest in enumerate(self.forests)}
        if self.maps is not None:
            arrays |= {"tests": self.maps.features.tests, "pairs": self.maps.edges.pairs}
            arrays |= {f"near{k}_tests": near.tests for k, near in enumerate(self.maps.near)}
            arrays["pair_offsets"] = self.maps.edges.offsets
            forests = {"grid": self.maps.forest, **{f"term{k}": forest for k, forest in enumerate(self.maps.forests)}}
        elif self.voting is not None:
            arrays |= {"tests": self.voting.features.tests, "shape": self.voting.shape, "modes": self.voting.modes}
            arrays["start"] = self.voting.start
            forests = {f"term{k}": forest for k, forest in enumerate(self.voting.forests)}
        elif self.cascade is None:
            arrays["tests"] = self.features.tests
        else:
            arrays |= {"tests": self.cascade.features.tests, "near_tests": self.cascade.near.tests}
            arrays["shape"] = self.cascade.shape
            forests = {"grid": self.cascade.grid_forest}
            forests |= {f"term{k}": forest for k, forest in enumerate(self.cascade.forests)}
        for name, forest in forests.items():
            arrays |= {f"{name}_{part}": array for part, array in forest.arrays().items()}
        save_model(path, KIND, {**self.about, "settings": self.settings.card(), "landmarks": list(self.terms)}, arrays)

    @classmethod
    def load(cls, path: Path) -> LandmarkModel:
        """Read a model file and check that its parts fit together.

        Raises
        ------
        ModelError
        """
        found = load_model(path, KIND)
        try:
            return cls._read(found.card, found.arrays)
        except ModelError:
            raise
        except (KeyError, TypeError, ValueError, IndexError, AlgorithmError) as error:
            msg = f"model file {path} is damaged ({error}): train the model again"
            raise ModelError(msg) from error

    @classmethod
    def _read(cls, card: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> LandmarkModel:
        settings = Settings.from_card(card["settings"])
        terms = tuple(map(str, card["landmarks"]))
        means, covariances = arrays["prior_means"], arrays["prior_covariances"]
        if means.shape != (len(terms), 2) or covariances.shape != (len(terms), 2, 2):
            raise ValueError("priors and landmarks differ in number")
        priors = [Prior(mean, covariance) for mean, covariance in zip(means, covariances, strict=True)]
        features = Features(settings.features, settings.depth, arrays["tests"])
        own = {"settings", "landmarks", "arrays", "format", "version", "kind"}
        about = {name: value for name, value in card.items() if name not in own}
        parts = (settings, terms, priors, arrays["spans"].reshape(2, len(terms), 2))
        if settings.method == "mset":
            forests = [_forest(arrays, f"term{k}", features, 1) for k in range(len(terms))]
            return cls(*parts, features=features, forests=forests, about=about)
        if settings.method == "dmbl":
            return cls(*parts, maps=_maps(arrays, len(terms)), about=about)
        if settings.method == "lc":
            return cls(*parts, voting=_voting(arrays, len(terms)), about=about)
        near = Features("sub", settings.depth, arrays["near_tests"])
        number = len(terms) if settings.refinements else 0
        forests = [_forest(arrays, f"term{k}", near, 2) for k in range(number)]
        grid = _forest(arrays, "grid", features, 1)
        shape = arrays["shape"].reshape(len(terms), 2)
        return cls(*parts, cascade=Cascade(features, grid, shape, near, forests), about=about)


def _maps(arrays: Mapping[str, NDArray[Any]], n_terms: int) -> MapModel:
    features = Features("gaussian", 1, arrays["tests"])
    near = [Features("gaussian", 1, arrays[f"near{k}_tests"]) for k in range(n_terms)]
    forests = [_forest(arrays, f"term{k}", own, 2) for k, own in enumerate(near)]
    pairs = arrays["pairs"].reshape(-1, 2)
    if len(pairs) and (pairs.min() < 0 or pairs.max() >= n_terms):
        raise ValueError("a pair has no such landmark")
    edges = Edges(pairs, arrays["pair_offsets"].reshape(len(pairs), -1, 2))
    return MapModel(features, _forest(arrays, "grid", features, 1), near, forests, edges)


def _voting(arrays: Mapping[str, NDArray[Any]], n_terms: int) -> VotingModel:
    features = Features("haar", 1, arrays["tests"])
    forests = [_forest(arrays, f"term{k}", features, 2) for k in range(n_terms)]
    shape, start = arrays["shape"].reshape(n_terms, 2), arrays["start"].reshape(n_terms, 2)
    return VotingModel(features, forests, shape, arrays["modes"].reshape(-1, 2 * n_terms), start)


def _forest(arrays: Mapping[str, NDArray[Any]], name: str, features: Features, outputs: int) -> Forest:
    prefix = f"{name}_"
    parts = {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
    forest = Forest.from_arrays(parts)
    features.check(forest)
    if forest.n_outputs * forest.values.shape[1] < outputs:
        raise ModelError("the model's forest has too few outputs: train the model again")
    return forest
