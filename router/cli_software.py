"""`cytomine-router software`: look at, lint, install and link software. Heavy things are imported by the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.errors import SettingError

if TYPE_CHECKING:
    from router.catalogue import FolderInstalled
    from router.core import CoreClient
    from router.descriptor.lint import Finding
    from router.settings import Settings

app = typer.Typer(
    help="Look at, lint, install and link software.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="Examples:  software lint descriptors   software install descriptors   software link object_finder 42",
)

_COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW}

Config = Annotated[Path | None, typer.Option("--config", help="router.yml; else the file that ROUTER_CONFIG names.")]
Project = Annotated[int | None, typer.Option(help="Only what is linked to this project.")]
Everything = Annotated[bool, typer.Option("--all", help="Old versions too.")]
Descriptors = Annotated[list[Path], typer.Argument(help="descriptor.json files or folders of software.")]
Repository = Annotated[str | None, typer.Option(help="Name of its repository, to compare.")]
Prefix = Annotated[str, typer.Option(help="What marks repositories of software, such as S_.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors and warnings only.")]
Folder = Annotated[Path | None, typer.Argument(help="Folder of software, or of one; else catalogue.folder.")]
Release = Annotated[str | None, typer.Option(help="Version and image tag; default: the router's own.")]
Wanted = Annotated[str, typer.Argument(help="NAME, NAME:VERSION or id.")]
Projects = Annotated[list[int] | None, typer.Argument(help="Ids of projects; none means all.")]


@app.command("list")
def list_(project: Project = None, everything: Everything = False, config: Config = None) -> None:
    """What Core offers."""
    from router.catalogue import version_key

    with _core(_settings(config)) as core:
        found = core.software_list() if project is None else core.project_software(project)
    for one in sorted(found, key=lambda one: (one.name.lower(), version_key(one.version or ""))):
        if everything or not one.deprecated:
            note = "  (deprecated)" if one.deprecated else ""
            typer.echo(f"{one.id:>10}  {one.name:<32}  {one.version or '-':<12}{note}")


@app.command()
def lint(paths: Descriptors, repository: Repository = None, prefix: Prefix = "", quiet: Quiet = False) -> None:
    """What is wrong with descriptors. Exit code 1 if one cannot be installed."""
    fine = [_lint(path, repository, prefix, quiet=quiet) for each in paths for path in _descriptors(each)]
    if not fine:
        typer.secho("There is no descriptor.json there.", fg=typer.colors.RED, err=True)
    raise typer.Exit(0 if fine and all(fine) else 1)


@app.command()
def install(folder: Folder = None, release: Release = None, config: Config = None) -> None:
    """Register software in Core. Exit code 1 if one could not be."""
    from router.catalogue import install_folder

    settings = _settings(config)
    chosen = folder or settings.catalogue.folder
    if chosen is None:
        raise SettingError("name a folder, or set catalogue.folder")
    with _core(settings) as core:
        _show_installed(install_folder(core, chosen, release))


@app.command()
def link(software: Wanted, projects: Projects = None, config: Config = None) -> None:
    """Offer software in projects: their pages show only what is linked."""
    from router.catalogue import find_software
    from router.catalogue import link as link_projects

    with _core(_settings(config)) as core:
        found = find_software(core, software)
        new = link_projects(core, found, projects or None)
    names = ", ".join(map(str, new)) or "no project that had it not yet"
    typer.echo(f"{found.name} ({found.version}) is now offered in: {names}")


def _settings(config: Path | None) -> Settings:
    from router.settings import load

    settings = load(config)
    if not settings.core.url:
        raise SettingError("core.url: missing; set it in router.yml or as ROUTER_CORE__URL")
    return settings


def _core(settings: Settings) -> CoreClient:
    from router.core import CoreClient, Keys, Timeouts

    keys = Keys(settings.core.public_key, settings.core.private_key.get_secret_value())
    return CoreClient(settings.core.url, keys, Timeouts(read=settings.core.timeout_s))


def _descriptors(path: Path) -> list[Path]:
    """The descriptors a path stands for; a file is one whatever its name, also when it is not there."""
    from router.catalogue import descriptors_in

    return descriptors_in(path) if path.is_dir() else [path]


def _lint(path: Path, repository: str | None, prefix: str, *, quiet: bool) -> bool:
    from router.descriptor.lint import Severity, lint_file

    findings = lint_file(path, repository=repository, prefix=prefix)
    typer.echo(f"{path}: {'no findings' if not findings else f'{len(findings)} findings'}")
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        if not (quiet and one.severity is Severity.NOTE):
            alike.setdefault((one.severity, one.hint), []).append(one)
    for (severity, hint), found in alike.items():
        for one in found:
            typer.echo("  " + typer.style(severity, fg=_COLOURS.get(severity)) + f" {one.path}: {one.message}")
        typer.echo(f"      {hint}")
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
