"""Parameters of classification, from the values of the descriptors, and all their older names."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.forests import ExtraTrees
from algorithms.toolkit.job.descriptor import Value
from algorithms.toolkit.job.values import number, whole
from algorithms.toolkit.subwindows import Colour, Interpolation, WindowSpec

log = logging.getLogger(__name__)

#: What an image is classified by, with the codes of the historical parameter `svm`; the first is ET-DIC.
LEARNERS = ("votes", "svc", "linear_svc", "logistic_l1", "logistic_l2", "extra_trees", "random_forest", "neighbours")
Weights = Literal["none", "balanced"]
MEGABYTE = 1 << 20

#: Names of the Python 2 package and of its successors, and what they are called today.
ALIASES = {
    "cytomine_annotation_projects": "cytomine_id_projects",
    "cytomine_predict_terms": "cytomine_id_terms",
    "cytomine_id_image": "cytomine_id_images",
    "cytomine_id_userjob": "cytomine_id_users",
    "cytomine_id_excluded_terms": "cytomine_excluded_terms",
    "cytomine_id_positive_terms": "cytomine_positive_terms",
    "cytomine_id_term_positive": "cytomine_id_positive_term",
    "cytomine_id_term_negative": "cytomine_id_negative_term",
    "zoom_level": "cytomine_zoom_level",
    "cytomine_dump_type": "cytomine_download_alpha",
    "pyxit_n_jobs": "n_jobs",
    "cv_k_folds": "eval_k",
    "cv_shuffle": "eval_folds",
    "cv_shuffle_test_fraction": "eval_test_fraction",
    "dir_ls": "data",
    "dir_ts": "data",
}
#: Options of older launchers that have no meaning any more; a word each may follow.
DROPPED = ("pyxit_save_to", "cytomine_fixed_tile", "cytomine_n_shifts", "cytomine_working_path", "cytomine_base_path")
#: Older spellings of values, by the option they followed.
VALUES = {
    "cytomine_dump_type": {"1": "false", "2": "true"},
    "cytomine_reviewed": {"true": "2", "false": "0"},
    "svm": {"true": "2", "false": "0"},
    "cv_shuffle": {"true": "shuffle", "1": "shuffle", "false": "stratified", "0": "stratified"},
    "eval_folds": {"group": "image"},
}


@dataclass(frozen=True)
class Settings:
    """How images are learned and recognised.

    Attributes
    ----------
    n_windows : int
        Random subwindows of an image, in training and in prediction.
    windows : WindowSpec
    forest : ExtraTrees
        Its `seed` is the seed of everything.
    learner : str
        One of `LEARNERS`.
    cost : float
        Inverse strength of the regularisation of the linear learners.
    roots : bool
        Give the learner square roots of leaf frequencies.
    class_weight : "none" or "balanced"
        Balanced: a class weighs as much as any other, however many images it has.
    budget : int
        Bytes that crops and windows may take together.
    workers : int or None
        Threads; results do not depend on it.
    """

    n_windows: int = 100
    windows: WindowSpec = field(default_factory=lambda: WindowSpec(min_size=0.1, max_size=1.0))
    forest: ExtraTrees = field(default_factory=lambda: ExtraTrees(max_features=28))
    learner: str = "votes"
    cost: float = 1.0
    roots: bool = False
    class_weight: Weights = "none"
    budget: int = 1024 * MEGABYTE
    workers: int | None = None

    def __post_init__(self) -> None:
        """Refuse what nothing can be learned with."""
        if self.learner not in LEARNERS:
            msg = f"learner {self.learner!r} is not one of {', '.join(LEARNERS)}"
            raise ParameterError(msg)
        if self.class_weight not in {"none", "balanced"}:
            msg = f"class_weight {self.class_weight!r} is neither none nor balanced"
            raise ParameterError(msg)
        if self.n_windows < 1 or self.cost <= 0:
            msg = f"n_windows must be at least 1 and the cost above 0, got {self.n_windows} and {self.cost}"
            raise ParameterError(msg)

    def card(self) -> dict[str, Any]:
        """Return the part that decides what is learned, as a model's card keeps it."""
        found = asdict(self)
        found["windows"] |= {"colour": int(self.windows.colour), "interpolation": int(self.windows.interpolation)}
        return {name: value for name, value in found.items() if name not in {"budget", "workers"}}

    @classmethod
    def from_card(cls, card: Mapping[str, Any], budget: int, workers: int | None) -> Settings:
        """Read what `card` wrote."""
        windows = dict(card["windows"])
        windows["colour"], windows["interpolation"] = Colour(windows["colour"]), Interpolation(windows["interpolation"])
        rest = {name: value for name, value in card.items() if name not in {"windows", "forest"}}
        return cls(
            windows=WindowSpec(**windows), forest=ExtraTrees(**card["forest"]), budget=budget, workers=workers, **rest
        )


def settings_of(values: Mapping[str, Value]) -> Settings:
    """Read how to learn.

    Raises
    ------
    ParameterError
        When parameters do not go together.
    """
    code = whole(values, "svm")
    if bool(values.get("svm_square_root")) and code == 0:
        raise ParameterError("svm_square_root needs leaf features: choose svm 1 to 7, or switch it off")
    smallest, largest = number(values, "pyxit_min_size"), number(values, "pyxit_max_size")
    if smallest > largest:
        msg = f"pyxit_min_size ({smallest:g}) must not be above pyxit_max_size ({largest:g})"
        raise ParameterError(msg)
    if values.get("pyxit_fixed_size") and number(values, "pyxit_max_angle"):
        raise ParameterError("pyxit_max_angle turns resized windows only: set it to 0, or pyxit_fixed_size to false")
    windows = WindowSpec(
        width=whole(values, "pyxit_target_width"),
        height=whole(values, "pyxit_target_height"),
        min_size=smallest,
        max_size=largest,
        fixed_size=bool(values.get("pyxit_fixed_size")),
        interpolation=Interpolation(whole(values, "pyxit_interpolation")),
        colour=Colour(whole(values, "pyxit_colorspace")),
        transpose=bool(values.get("pyxit_transpose")),
        max_angle=number(values, "pyxit_max_angle"),
    )
    forest = ExtraTrees(
        n_trees=whole(values, "forest_n_estimators"),
        max_features=whole(values, "forest_max_features") or None,
        min_samples_split=max(2, whole(values, "forest_min_samples_split")),
        seed=whole(values, "seed"),
    )
    return Settings(
        n_windows=whole(values, "pyxit_n_subwindows"),
        windows=windows,
        forest=forest,
        learner=LEARNERS[code],
        cost=number(values, "svm_c"),
        roots=bool(values.get("svm_square_root")),
        class_weight="balanced" if values.get("class_weight") == "balanced" else "none",
        budget=budget_of(values),
        workers=workers_of(values),
    )


def budget_of(values: Mapping[str, Value]) -> int:
    """Return the memory budget in bytes."""
    return whole(values, "memory_budget") * MEGABYTE


def workers_of(values: Mapping[str, Value]) -> int | None:
    """Return the number of threads, None for one a core."""
    asked = whole(values, "n_jobs")
    return asked if asked > 0 else None


def historical(argv: Sequence[str]) -> list[str]:
    """Translate older values, and leave out options that have no meaning any more.

    >>> historical(["--svm", "True", "--pyxit_save_to", "/tmp/x", "--seed", "1"])
    ['--svm', '2', '--seed', '1']
    """
    words: list[str] = []
    option = ""
    for word in argv:
        if word.startswith("--"):
            option, equals, value = word[2:].partition("=")
            option = option.replace("-", "_")
            if option in DROPPED:
                log.warning("--%s has no meaning any more and is not used", option)
            elif equals:
                words.append(f"--{option}={_today(option, value)}")
            else:
                words.append(word)
        elif option not in DROPPED:
            words.append(_today(option, word))
    return words


def _today(option: str, value: str) -> str:
    return VALUES.get(option, {}).get(value.lower(), value)
