"""`cytomine-router software`: look at, lint, install and link software."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from router.catalogue import FolderInstalled, descriptors_in, find_software, install_folder, link, version_key
from router.core import CoreClient
from router.descriptor.lint import Severity, lint_file

#: Gives a client of Core from the effective settings; `cli` sets it.
ClientFactory = Callable[[], CoreClient]

_COLOURS = {Severity.ERROR: typer.colors.RED, Severity.WARNING: typer.colors.YELLOW, Severity.NOTE: None}


def software_commands(client: ClientFactory, default_folder: Callable[[], Path | None]) -> typer.Typer:
    """The sub-commands.

    Parameters
    ----------
    client
        Opens Core's REST with the settings' address and keys.
    default_folder
        The setting catalogue.folder, for `install` without an argument.
    """
    app = typer.Typer(help="Look at, lint, install and link software.", no_args_is_help=True)

    @app.command("list")
    def list_(
        project: Annotated[int | None, typer.Option(help="Only what is linked to this project.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="Old versions too.")] = False,
    ) -> None:
        """What Core offers."""
        with client() as core:
            _list(core, project, everything=everything)

    @app.command("lint")
    def lint_(
        paths: Annotated[list[Path], typer.Argument(help="descriptor.json files or folders of software.")],
        repository: Annotated[str | None, typer.Option(help="Name of its repository, to compare.")] = None,
        prefix: Annotated[str, typer.Option(help="What marks repositories of software, such as S_.")] = "",
        quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors and warnings only.")] = False,
    ) -> None:
        """What is wrong with descriptors. Exit code 1 if one cannot be installed."""
        fine = [_lint(path, repository, prefix, quiet=quiet) for each in paths for path in _descriptors(each)]
        if not fine:
            typer.secho("There is no descriptor.json there.", fg=typer.colors.RED, err=True)
        raise typer.Exit(0 if fine and all(fine) else 1)

    @app.command("install")
    def install_(
        folder: Annotated[Path | None, typer.Argument(help="Folder of software, or of one.")] = None,
        release: Annotated[str | None, typer.Option(help="Version and image tag; default: the router's own.")] = None,
    ) -> None:
        """Register software in Core."""
        chosen = folder or default_folder()
        if chosen is None:
            typer.secho("Name a folder, or set catalogue.folder.", fg=typer.colors.RED, err=True)
            raise typer.Exit(2)
        with client() as core:
            _show_installed(install_folder(core, chosen, release))

    @app.command("link")
    def link_(
        software: Annotated[str, typer.Argument(help="NAME, NAME:VERSION or id.")],
        projects: Annotated[list[int] | None, typer.Argument(help="Ids of projects; none means all.")] = None,
    ) -> None:
        """Offer software in projects."""
        with client() as core:
            found = find_software(core, software)
            new = link(core, found, projects or None)
            names = ", ".join(map(str, new)) or "no project that had it not yet"
            typer.echo(f"{found.name} ({found.version}) is now offered in: {names}")

    return app


def _list(core: CoreClient, project: int | None, *, everything: bool) -> None:
    found = core.software_list() if project is None else core.project_software(project)
    for one in sorted(found, key=lambda one: (one.name.lower(), version_key(one.version or ""))):
        if everything or not one.deprecated:
            note = "  (deprecated)" if one.deprecated else ""
            typer.echo(f"{one.id:>10}  {one.name:<32}  {one.version or '-':<12}{note}")


def _descriptors(path: Path) -> list[Path]:
    """The descriptors a path stands for; a file is one whatever its name, also when it is not there."""
    return descriptors_in(path) if path.is_dir() else [path]


def _lint(path: Path, repository: str | None, prefix: str, *, quiet: bool) -> bool:
    findings = lint_file(path, repository=repository, prefix=prefix)
    shown = [one for one in findings if not (quiet and one.severity is Severity.NOTE)]
    typer.echo(f"{path}: {'no findings' if not findings else f'{len(findings)} findings'}")
    for one in shown:
        typer.echo("  " + typer.style(one.severity, fg=_COLOURS[one.severity]) + f" {one.path}")
        typer.echo(f"      {one.message}. {one.hint}")
    return not any(one.severity is Severity.ERROR for one in findings)


def _show_installed(result: FolderInstalled) -> None:
    for name, done in result.installed.items():
        what = "installed" if done.created else "was there" + (", completed" if done.completed else "")
        gone = f"; deprecated {', '.join(done.deprecated)}" if done.deprecated else ""
        typer.echo(f"{name} {done.software.version}: {what}{gone}")
    for name, reason in result.failed.items():
        typer.secho(f"{name}: {reason}", fg=typer.colors.RED, err=True)
    if result.failed:
        raise typer.Exit(1)
