"""`python -m algorithms.classification validate|train|predict|sort`: as a job of a Core, or on files."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from algorithms.classification.params import ALIASES, historical
from algorithms.toolkit.job import run

VARIANTS = {
    "validate": "classification_validate",
    "train": "classification_train",
    "predict": "classification_predict",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the variant that the first argument names; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in VARIANTS:
        print(f"usage: python -m algorithms.classification {'|'.join(VARIANTS)} [--help]", file=sys.stderr)
        return 2
    from algorithms.classification import run as bodies

    body = {"validate": bodies.validate, "train": bodies.train, "predict": bodies.predict}[words[0]]
    return run(VARIANTS[words[0]], body, historical(words[1:]), ALIASES)


if __name__ == "__main__":
    sys.exit(main())
