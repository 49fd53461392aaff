"""How a data set is parted for validation: stratified, by image, by project, or shuffled; a function of the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import DataError, ParameterError

Way = Literal["stratified", "image", "project", "shuffle"]
WAYS = get_args(Way)
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Folding:
    """The way, the number of folds, the tested share when shuffled, and the seed."""

    way: Way = "stratified"
    count: int = 5
    fraction: float = 0.3
    seed: int = 42


def make_folds(
    folding: Folding, labels: NDArray[np.str_], images: Sequence[str], projects: Sequence[str]
) -> list[Fold]:
    """Return the numbers for training and for testing of every fold.

    Raises
    ------
    ParameterError
        When there are fewer of something than folds.
    DataError
        When a fold would learn from a single class.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, StratifiedShuffleSplit

    k, seed = folding.count, folding.seed
    groups = None
    if folding.way in {"image", "project"}:
        groups = np.array(images if folding.way == "image" else projects)
        if len(np.unique(groups)) < k:
            msg = f"eval_k: {k} folds by {folding.way} need as many of them, but there are {len(np.unique(groups))}"
            raise ParameterError(msg)
        parts = StratifiedGroupKFold(k, shuffle=True, random_state=seed).split(labels, labels, groups)
    else:
        _check_sizes(folding, labels)
        if folding.way == "stratified":
            parts = StratifiedKFold(k, shuffle=True, random_state=seed).split(labels, labels)
        else:
            splits = StratifiedShuffleSplit(k, test_size=folding.fraction, random_state=seed)
            parts = _shuffled(splits, labels)
    folds = [(np.asarray(train, np.int64), np.asarray(test, np.int64)) for train, test in parts]
    folds = [fold for fold in folds if len(fold[1])]
    for number, (train, _) in enumerate(folds):
        if len(np.unique(labels[train])) < 2:
            msg = (
                f"eval_folds: fold {number + 1} by {folding.way} would learn from one class only; annotate more "
                "classes elsewhere, or choose stratified"
            )
            raise DataError(msg)
    return folds


def _check_sizes(folding: Folding, labels: NDArray[np.str_]) -> None:
    names, counts = np.unique(labels, return_counts=True)
    least = folding.count if folding.way == "stratified" else 2
    if counts.min() < least:
        few = names[counts.argmin()]
        msg = f"eval_k: class {few} has {counts.min()} annotations, fewer than {least}: annotate more, or leave it out"
        raise ParameterError(msg)


def _shuffled(splits: object, labels: NDArray[np.str_]) -> list[Fold]:
    try:
        return list(splits.split(labels, labels))  # type: ignore[attr-defined]
    except ValueError as error:
        msg = f"eval_test_fraction does not suit {len(labels)} annotations ({error})"
        raise ParameterError(msg) from error
