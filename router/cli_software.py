"""`cytomine-router software`: look at, lint, install and link software. Heavy things are imported by the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from router.cli_parts import Group, Options, red, refuse, yellow
from router.errors import SettingError

if TYPE_CHECKING:
    from router.catalogue import FolderInstalled
    from router.core import CoreClient
    from router.descriptor.lint import Finding
    from router.settings import Settings

_COLOURS = {"error": red, "warning": yellow}


def add(group: Group) -> None:
    """Declare `software` and its commands."""
    text = "look at, lint, install and link software"
    software = group.group("software", text, "software lint descriptors", "software install descriptors")
    listed = software.command("list", list_, "software list", "software list --project 42 --all")
    listed.add_argument("--project", type=int, metavar="ID", help="only what is linked to this project")
    listed.add_argument("--all", action="store_true", help="old versions too")
    linted = software.command("lint", lint, "software lint descriptors", "software lint my_tool/descriptor.json")
    linted.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="descriptor.json, or folder of software")
    linted.add_argument("--repository", metavar="NAME", help="name of its repository, to compare")
    linted.add_argument("--prefix", default="", help="what marks repositories of software, such as S_")
    linted.add_argument("-q", "--quiet", action="store_true", help="errors and warnings only")
    installed = software.command("install", install, "software install", "software install my_tools --release 1.2")
    installed.add_argument("folder", nargs="?", type=Path, help="of software, or of one; else catalogue.folder")
    installed.add_argument("--release", metavar="TAG", help="version and image tag; default: the router's own")
    linked = software.command("link", link, "software link object_finder 42", "software link object_finder:0.1.0")
    linked.add_argument("software", help="NAME, NAME:VERSION or id")
    linked.add_argument("projects", nargs="*", type=int, metavar="PROJECT", help="ids; none means all")


def list_(options: Options) -> None:
    """What Core offers."""
    from router.catalogue import version_key

    with _core(_settings(options.config)) as core:
        found = core.software_list() if options.project is None else core.project_software(options.project)
    for one in sorted(found, key=lambda one: (one.name.lower(), version_key(one.version or ""))):
        if options.all or not one.deprecated:
            note = "  (deprecated)" if one.deprecated else ""
            print(f"{one.id:>10}  {one.name:<32}  {one.version or '-':<12}{note}")


def lint(options: Options) -> int:
    """What is wrong with descriptors. Exit code 1 if one cannot be installed."""
    fine = [
        _lint(path, options.repository, options.prefix, quiet=options.quiet)
        for each in options.paths
        for path in _descriptors(each)
    ]
    if not fine:
        print(red("There is no descriptor.json there.", sys.stderr), file=sys.stderr)
    return 0 if fine and all(fine) else 1


def install(options: Options) -> None:
    """Register software in Core. Exit code 1 if one could not be."""
    from router.catalogue import install_folder

    settings = _settings(options.config)
    chosen = options.folder or settings.catalogue.folder
    if chosen is None:
        raise SettingError("name a folder, or set catalogue.folder")
    with _core(settings) as core:
        _show_installed(install_folder(core, chosen, options.release))


def link(options: Options) -> None:
    """Offer software in projects: their pages show only what is linked."""
    from router.catalogue import find_software
    from router.catalogue import link as link_projects

    with _core(_settings(options.config)) as core:
        found = find_software(core, options.software)
        new = link_projects(core, found, options.projects or None)
    names = ", ".join(map(str, new)) or "no project that had it not yet"
    print(f"{found.name} ({found.version}) is now offered in: {names}")


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
    print(f"{path}: {'no findings' if not findings else f'{len(findings)} findings'}")
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        if not (quiet and one.severity is Severity.NOTE):
            alike.setdefault((one.severity, one.hint), []).append(one)
    for (severity, hint), found in alike.items():
        for one in found:
            print("  " + _COLOURS.get(severity, str)(severity) + f" {one.path}: {one.message}")
        print(f"      {hint}")
    return not any(one.severity is Severity.ERROR for one in findings)


def _show_installed(result: FolderInstalled) -> None:
    for name, done in result.installed.items():
        what = "installed" if done.created else "was there" + (", completed" if done.completed else "")
        gone = f"; deprecated {', '.join(done.deprecated)}" if done.deprecated else ""
        print(f"{name} {done.software.version}: {what}{gone}")
    for name, reason in result.failed.items():
        print(red(f"{name}: {reason}", sys.stderr), file=sys.stderr)
    if result.failed:
        refuse(f"{len(result.failed)} could not be installed")
