"""How a data set is parted for validation."""

import numpy as np
import pytest

from algorithms.classification.folds import Folding, make_folds
from algorithms.toolkit.errors import DataError, ParameterError

LABELS = np.array(["a", "b"] * 30)
IMAGES = [f"image {number // 6}" for number in range(60)]
PROJECTS = [f"project {number // 20}" for number in range(60)]


@pytest.mark.parametrize(("way", "groups"), [("image", IMAGES), ("project", PROJECTS)])
def test_a_group_is_never_on_both_sides(way, groups):
    folds = make_folds(Folding(way, 3), LABELS, IMAGES, PROJECTS)
    assert len(folds) == 3
    for train, test in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in test}
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(60))


def test_stratified_folds_keep_the_shares_and_test_every_annotation_once():
    folds = make_folds(Folding("stratified", 5), LABELS, IMAGES, PROJECTS)
    for _, test in folds:
        assert (LABELS[test] == "a").sum() == (LABELS[test] == "b").sum() == 6
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(60))


def test_shuffled_folds_test_the_share_that_was_asked_for():
    folds = make_folds(Folding("shuffle", 4, fraction=0.2), LABELS, IMAGES, PROJECTS)
    assert [len(test) for _, test in folds] == [12] * 4
    assert len({tuple(sorted(test)) for _, test in folds}) > 1


def test_folds_are_a_function_of_the_seed():
    def tested(seed):
        return [tuple(test) for _, test in make_folds(Folding(seed=seed), LABELS, IMAGES, PROJECTS)]

    assert tested(1) == tested(1)
    assert tested(1) != tested(2)


def test_what_can_not_be_parted_is_named():
    with pytest.raises(ParameterError, match="4 folds by project need as many"):
        make_folds(Folding("project", 4), LABELS, IMAGES, PROJECTS)
    with pytest.raises(ParameterError, match="class b has 2 annotations, fewer than 5"):
        make_folds(Folding(), np.array(["a"] * 58 + ["b"] * 2), IMAGES, PROJECTS)
    with pytest.raises(DataError, match="would learn from one class only"):
        make_folds(Folding("project", 2), np.array(["a"] * 30 + ["b"] * 30), IMAGES, ["p"] * 30 + ["q"] * 30)
