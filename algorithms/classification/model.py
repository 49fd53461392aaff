"""What was learned: forest, training maxima, learner; its probabilities, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.learners import Learner, learner_from_arrays
from algorithms.classification.params import Settings
from algorithms.toolkit.errors import ModelError
from algorithms.toolkit.forests import Forest
from algorithms.toolkit.forests.predict import leaf_frequencies, predict_proba
from algorithms.toolkit.models import load_model, save_model

KIND = "classification"


@dataclass(frozen=True, eq=False)
class ClassificationModel:
    """A trained classifier of images.

    Attributes
    ----------
    settings : Settings
    classes : ndarray of str, (C,)
        Names of the classes, or ids of terms, in the order of the probabilities.
    forest : Forest
    maxima : ndarray of float32, (L,), optional
        Largest frequency of every leaf in training; ET-FL only.
    learner : Learner, optional
        ET-FL only.
    about : dict
        What else the card says: terms, zoom level, training data, scores.
    """

    settings: Settings
    classes: NDArray[np.str_]
    forest: Forest
    maxima: NDArray[np.float32] | None = None
    learner: Learner | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    def proba_of(self, windows: NDArray[np.uint8], count: int, workers: int | None = None) -> NDArray[np.float64]:
        """Return the class probabilities of images from their windows.

        Parameters
        ----------
        windows : ndarray of uint8, (n * count, n_features)
        count : int
            Windows of an image, which are neighbours.
        workers : int, optional
            Threads; those of the settings when absent.

        Returns
        -------
        ndarray of float64, (n, C)
        """
        workers = workers or self.settings.workers
        if self.learner is None:
            votes = predict_proba(self.forest, windows, workers).astype(np.float64)
            return np.asarray(votes.reshape(-1, count, len(self.classes)).mean(axis=1))
        bounds = np.arange(len(windows) // count + 1, dtype=np.int64) * count
        return self.learner.proba(self.scaled(leaf_frequencies(self.forest, windows, bounds, workers)))

    def scaled(self, features: Any) -> Any:
        """Scale leaf frequencies (a CSR matrix) by their training maxima, and take roots where that was asked."""
        if self.maxima is None:
            raise ModelError("this model has no leaf features: it classifies by votes")
        found = features.copy()
        largest = self.maxima[found.indices]
        found.data = np.divide(found.data, largest, out=np.zeros_like(found.data), where=largest > 0)
        if self.settings.roots:
            found.data = np.sqrt(found.data)
        return found

    def save(self, path: Path) -> None:
        """Write the model file."""
        arrays = {f"forest_{name}": array for name, array in self.forest.arrays().items()}
        arrays["classes"] = self.classes
        if self.maxima is not None and self.learner is not None:
            arrays["maxima"] = self.maxima
            arrays |= {f"learner_{name}": array for name, array in self.learner.arrays().items()}
        card = {**self.about, "settings": self.settings.card(), "classes": self.classes.tolist()}
        save_model(path, KIND, card, arrays)

    @classmethod
    def load(cls, path: Path, budget: int, workers: int | None = None) -> ClassificationModel:
        """Read a model file and check that its parts fit together.

        Raises
        ------
        ModelError
        """
        found = load_model(path, KIND)
        forest = Forest.from_arrays(_named(found.arrays, "forest_"))
        try:
            settings = Settings.from_card(found.card["settings"], budget, workers)
            classes = found.arrays["classes"]
            maxima = found.arrays.get("maxima")
            votes = settings.learner == "votes"
            learner = None if votes else learner_from_arrays(settings.learner, _named(found.arrays, "learner_"))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"model file {path} is damaged ({error}): train the model again"
            raise ModelError(msg) from error
        wrong = forest.n_features != settings.windows.n_features or forest.values.shape[1:] != (len(classes), 1)
        if wrong or (learner is not None and (maxima is None or maxima.shape != (forest.n_leaves,))):
            msg = f"model file {path} is damaged (its parts do not fit together): train the model again"
            raise ModelError(msg)
        if learner is not None:
            learner.check(len(classes), forest.n_leaves)
        own = {"settings", "classes", "arrays", "format", "version", "kind"}
        about = {name: value for name, value in found.card.items() if name not in own}
        return cls(settings, classes, forest, maxima, learner, about)


def _named(arrays: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
