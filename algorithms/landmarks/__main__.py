"""`python -m algorithms.landmarks validate|train|predict`: as a job of a Core, or on files."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from algorithms.landmarks.params import ALIASES
from algorithms.toolkit.job import run

VARIANTS = ("validate", "train", "predict")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the variant that the first argument names; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in VARIANTS:
        print(f"usage: python -m algorithms.landmarks {'|'.join(VARIANTS)} [--help]", file=sys.stderr)
        return 2
    from algorithms.landmarks import run as bodies

    body = {"validate": bodies.validate_run, "train": bodies.train_run, "predict": bodies.predict_run}[words[0]]
    return run(f"landmarks_{words[0]}", body, words[1:], ALIASES)


if __name__ == "__main__":
    sys.exit(main())
