"""Start a run from a command line, in a Core or without one, and end it in order."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from algorithms.toolkit.errors import AlgorithmError, Cancelled, ParameterError
from algorithms.toolkit.job.arguments import rename, require, split, values_of
from algorithms.toolkit.job.descriptor import Descriptor, descriptor
from algorithms.toolkit.job.pace import cancellation
from algorithms.toolkit.job.workplace import Workplace

log = logging.getLogger(__name__)

#: Exit codes: done, failed, wrong use, stopped by a signal.
DONE, FAILED, MISUSE, STOPPED = 0, 1, 2, 143

Body = Callable[[Workplace], None]


def run(name: str, body: Body, argv: Sequence[str], aliases: Mapping[str, str] | None = None) -> int:
    """Run an algorithm; return the exit code of the process.

    With `--cytomine_host` it is a job of that Core: launched by it, or from any machine with a person's keys. With
    `--slide` (or `--data`, a folder of crops) and `--output` it works on files; `--model` names a trained one.

    Parameters
    ----------
    name : str
        Of the software: its descriptor says the parameters.
    body : callable
        The algorithm; takes a `Workplace`.
    argv : sequence of str
        The command line, without the program.
    aliases : mapping of str to str
        Older names of parameters.
    """
    found = descriptor(name)
    if any(word in {"--help", "-h"} for word in argv):
        print(usage(found))
        return DONE
    options = rename(split(argv), aliases or {})
    _set_up_log(options)
    try:
        with cancellation():
            if "cytomine_host" in options:
                from algorithms.toolkit.job.core import run_in_core

                run_in_core(found, options, body)
            else:
                _run_locally(found, options, body)
    except Cancelled as error:
        log.warning("%s", error)
        return STOPPED
    except ParameterError as error:
        log.error("%s", error)  # noqa: TRY400 - a message for the user, no fault to trace
        return MISUSE
    except AlgorithmError as error:
        log.error("%s", error)  # noqa: TRY400 - as above
        return FAILED
    return DONE


def usage(found: Descriptor) -> str:
    """Describe the command line of a software."""
    lines = [f"{found.name}: {found.description}", "", "  --slide FILE...  --output FOLDER   without a server"]
    lines += ["  --cytomine_host URL ...            as a job of a Core", ""]
    for parameter in found.parameters:
        if not parameter.set_by_server:
            default = f" (default {parameter.default})" if parameter.default else ""
            lines.append(f"  --{parameter.name} {parameter.type.upper()}{default}")
            lines.append(f"        {parameter.description or parameter.label}")
    return "\n".join(lines)


def _run_locally(found: Descriptor, options: Mapping[str, list[str]], body: Body) -> None:
    from algorithms.toolkit.job.local import LocalWorkplace

    if not options.get("output"):
        msg = "--output FOLDER is missing: where results go (or --cytomine_host, to run as a job of a server)"
        raise ParameterError(msg)
    values = values_of(options, found)
    # what names things of a server has no meaning here
    asked = [p.name for p in found.parameters if not (p.optional or p.set_by_server or p.type.endswith("Domain"))]
    require(values, found, asked)
    data, model = (next(iter(options.get(name, [])), None) for name in ("data", "model"))
    workplace = LocalWorkplace(options.get("slide", []), Path(options["output"][0]), values, data, model)
    body(workplace)
    for path in workplace.kept:
        print(path)


def _set_up_log(options: Mapping[str, list[str]]) -> None:
    level = (options.get("log_level") or ["INFO"])[0].upper()
    if level not in logging.getLevelNamesMapping():
        level = "INFO"
    logging.basicConfig(level=level, stream=sys.stdout, format="%(asctime)s %(levelname)s %(message)s", force=True)
    for noisy in ("PIL", "matplotlib", "numba", "tifffile", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
