"""`python -m algorithms.object_finder tissue|objects`: as a job of a Core, or on files."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from algorithms.object_finder.params import OBJECT_ALIASES, TISSUE_ALIASES
from algorithms.toolkit.job import run

VARIANTS = {"tissue": ("tissue_finder", TISSUE_ALIASES), "objects": ("object_finder", OBJECT_ALIASES)}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the variant that the first argument names; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in VARIANTS:
        print(f"usage: python -m algorithms.object_finder {'|'.join(VARIANTS)} [--help]", file=sys.stderr)
        return 2
    from algorithms.object_finder import predict

    name, aliases = VARIANTS[words[0]]
    body = predict.tissue if words[0] == "tissue" else predict.objects
    return run(name, body, words[1:], aliases)


if __name__ == "__main__":
    sys.exit(main())
