"""`cytomine-router`: the command line. Heavy things are imported by the command that needs them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from router import cli_dead, cli_jobs, cli_software
from router.cli_parts import Group, Options, green, red
from router.errors import CoreError, RouterError, SettingError

_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="cytomine-router",
        description="Run the algorithms of a Cytomine server in containers.",
        epilog="examples:\n  cytomine-router run --config router.yml\n  cytomine-router check\n"
        "  cytomine-router jobs list\n\nCOMMAND --help says more.",
    )
    group = Group(top)
    group.command("run", run, "run", "run --config /etc/router.yml")
    group.command("check", check, "check", "check --config /etc/router.yml")
    cli_jobs.add(group)
    cli_dead.add(group)
    cli_software.add(group)
    showing = group.command("demo", demo, "demo", "demo --keep")
    showing.add_argument("--keep", action="store_true", help="leave everything running at the end")
    completing = group.command("completion", completion, "completion bash > /etc/bash_completion.d/cytomine-router")
    completing.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return top


def demo(options: Options) -> int:
    """Show the whole way of a job on this machine: broker, embedded Core, router, container, result.

    It needs the project's checkout and Docker; `make demo` installs what is missing and calls it too.
    """
    from router.demo.__main__ import main as show

    return show(["--keep"] if options.keep else [])


def completion(options: Options) -> None:
    """Print the script that lets a shell complete the commands and their options."""
    import shtab

    print(shtab.complete(parser(), shell=options.shell))


def run(options: Options) -> None:
    """Run the router until SIGTERM; job containers keep running and are taken up again by the next start."""
    from router import log, settings
    from router.daemon import Daemon
    from router.launch import isolation
    from router.settings import added_hosts

    notes: list[str] = []
    found = settings.load(options.config, notes)
    if problem := added_hosts.add(added_hosts.read()):
        notes.append(problem)
    log.configure(found.log.level, as_json=found.log.json_lines)
    said = log.get_logger(__name__)
    for note in notes:
        said.warning("setting of the Java router", note=note)
    if found.engine.network is None and isolation(found) is None:
        said.warning("jobs are on Docker's bridge", reason="core.url has no host name to keep them to")
    Daemon(found).run()


def check(options: Options) -> int:
    """Show the effective settings, and say what is wrong with settings, Core, clock, broker, engine, disk and store.

    Exit code 1 when something is.
    """
    import yaml

    from router import settings
    from router.checking import findings, policies

    notes: list[str] = []
    found = settings.load(options.config, notes)
    print("".join(f"# {note}\n" for note in notes), end="")
    print(yaml.safe_dump(settings.masked(found), sort_keys=False), flush=True)
    print(yaml.safe_dump({"policy": policies(found)}, sort_keys=False), flush=True)
    wrong = False
    for one in findings(found):
        words = one.problem.replace("\n", "\n" + 10 * " ")
        print(f"{one.part:8}  {red(words) if words else green('ok')}", flush=True)
        if one.problem:
            wrong = True
            print(f"          {one.advice}", flush=True)
    return 1 if wrong else 0


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: errors of ours are one line and an exit code, never a stack trace."""
    options = parser().parse_args(arguments)
    try:
        code = options.run(options)
    except SettingError as error:
        code = _said(error, 2)
    except CoreError as error:
        code = _said(error, 3)
    except RouterError as error:
        code = _said(error, 1)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code or 0)


def _said(error: RouterError, code: int) -> int:
    print(red(str(error), sys.stderr), file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
