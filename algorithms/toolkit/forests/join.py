"""Forests whose trees look at different blocks of features, as one forest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from algorithms.toolkit.errors import DataError
from algorithms.toolkit.forests.forest import Forest


def join_forests(forests: Sequence[Forest]) -> Forest:
    """Return one forest of all trees; the features of each forest follow those of the one before.

    Raises
    ------
    DataError
        When there are none, or they know different classes.
    """
    if not forests or any(not np.array_equal(forest.classes, forests[0].classes) for forest in forests):
        raise DataError("forests of the same classes are needed to join them")
    features = np.cumsum([0, *(forest.n_features for forest in forests)])
    nodes = np.cumsum([0, *(forest.n_nodes for forest in forests)])
    leaves = np.cumsum([0, *(forest.n_leaves for forest in forests)])
    inner = [forest.child >= 0 for forest in forests]
    return Forest(
        n_features=int(features[-1]),
        classes=forests[0].classes,
        roots=np.concatenate([f.roots[:-1] + n for f, n in zip(forests, nodes, strict=False)] + [nodes[-1:]]),
        feature=np.concatenate(
            [np.where(i, f.feature + k, 0) for f, i, k in zip(forests, inner, features, strict=False)]
        ).astype(np.int32),
        threshold=np.concatenate([forest.threshold for forest in forests]),
        child=np.concatenate(
            [np.where(i, f.child + n, f.child - k) for f, i, n, k in zip(forests, inner, nodes, leaves, strict=False)]
        ).astype(np.int32),
        values=np.concatenate([forest.values for forest in forests]),
        importances=np.concatenate([forest.importances for forest in forests]) / len(forests),
    )
