"""Run the benches: ``python -m tests.bench [AREA | AREA.FIGURE]``, called by ``make bench ONLY=...``.

Every file ``bench_*.py`` beside this one has a table ``BENCHES``: the names that a function measures, and the
function, which returns the `Measurement` objects of these names. A missed goal makes the exit code 1, a bench that
fails makes it 2.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.bench.record import Measurement

_HERE = Path(__file__).parent
_RESULTS = _HERE / "results.json"
Bench = Callable[[], Iterable[Measurement]]


def wanted(names: Iterable[str], only: str) -> bool:
    """Tell whether `only` (an area, a full name, or empty for all) asks for one of `names`."""
    return not only or any(name == only or name.startswith(f"{only}.") for name in names)


def selected(only: str) -> Iterator[tuple[tuple[str, ...], Bench]]:
    """Yield the benches that measure a name of `only`."""
    for file in sorted(_HERE.glob("bench_*.py")):
        module = importlib.import_module(f"tests.bench.{file.stem}")
        for names, bench in module.BENCHES.items():
            if wanted(names, only):
                yield names, bench


def show(record: dict[str, object]) -> None:
    """Print one line of the table."""
    peer = f"{record['peer']}: {record['peer_value']:.6g}" if record["peer"] else ""
    mark = "ok  " if record["reached"] else "MISS"
    print(
        f"{mark} {record['name']:<36} {record['value']:>12.6g} {record['unit']:<10} {record['goal']:<10} {peer}",
        flush=True,
    )


def main(only: str) -> int:
    """Run what `only` asks for, print the table, write ``results.json``; return the exit code."""
    records: list[dict[str, object]] = []
    failed: list[str] = []
    for names, bench in selected(only):
        print(f"---- {', '.join(names)}", flush=True)
        try:
            for measurement in bench():
                records.append(measurement.record())
                show(records[-1])
        except Exception:  # noqa: BLE001 - one broken bench must not hide the others' figures
            traceback.print_exc()
            failed.append(names[0])
    if not records and not failed:
        print(f"no bench is named {only!r}", file=sys.stderr)
        return 2
    _RESULTS.write_text(json.dumps(records, indent=1) + "\n")
    missed = [record["name"] for record in records if not record["reached"]]
    print(f"{len(records)} figures, {len(missed)} below their goal, {len(failed)} benches failed -> {_RESULTS.name}")
    return 2 if failed else int(bool(missed))


if __name__ == "__main__":
    # Ended from outside, a bench still ends what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
