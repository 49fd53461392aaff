"""`python -m algorithms.classification validate|train|predict|sort`: as a job of a Core, or on files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from algorithms.classification.params import ALIASES, historical
from algorithms.toolkit.job import Workplace, run

VARIANTS = {
    "validate": "classification_validate",
    "train": "classification_train",
    "predict": "classification_predict",
    "sort": "object_sorting",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the variant that the first argument names; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in VARIANTS:
        print(f"usage: python -m algorithms.classification {'|'.join(VARIANTS)} [--help]", file=sys.stderr)
        return 2
    return run(VARIANTS[words[0]], _body(words[0]), historical(words[1:]), ALIASES)


def _body(variant: str) -> Callable[[Workplace], None]:
    if variant == "sort":
        from algorithms.classification.sorting import sort

        return sort
    from algorithms.classification import run as bodies

    return {"validate": bodies.validate, "train": bodies.train, "predict": bodies.predict}[variant]


if __name__ == "__main__":
    sys.exit(main())
