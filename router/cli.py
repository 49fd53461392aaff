"""`cytomine-router`: the command line. Heavy things are imported by the command that needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from router import cli_software
from router.cli_dead import dead
from router.cli_jobs import jobs
from router.errors import CoreError, RouterError, SettingError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Examples:  cytomine-router run --config router.yml   cytomine-router check   cytomine-router jobs list",
)
app.add_typer(jobs, name="jobs")
app.add_typer(dead, name="dead")
app.add_typer(cli_software.app, name="software")

Config = Annotated[Path | None, typer.Option("--config", help="router.yml; else the file that ROUTER_CONFIG names.")]


@app.callback()
def router() -> None:
    """Run the algorithms of a Cytomine server in containers."""


@app.command()
def run(config: Config = None) -> None:
    """Run the router until SIGTERM; job containers keep running and are taken up again by the next start."""
    from router import log, settings
    from router.daemon import Daemon

    found = settings.load(config)
    log.configure(found.log.level, as_json=found.log.json_lines)
    Daemon(found).run()


@app.command()
def check(config: Config = None) -> None:
    """Say what is wrong with settings, Core, broker, engine and disk, and show the effective settings."""
    from router import settings
    from router.checking import findings

    found = settings.load(config)
    import yaml

    typer.echo(yaml.safe_dump(settings.masked(found), sort_keys=False))
    wrong = False
    for part, problem in findings(found):
        wrong = wrong or bool(problem)
        typer.secho(f"{part:8} {problem or 'ok'}", fg=typer.colors.RED if problem else typer.colors.GREEN)
    raise typer.Exit(1 if wrong else 0)


def main() -> None:
    """Entry point: errors of ours are one line and an exit code, never a stack trace."""
    try:
        app()
    except SettingError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except CoreError as error:
        print(f"{error}", file=sys.stderr)
        sys.exit(3)
    except RouterError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
