"""What the commands share: how one is declared, how it refuses, which colours it has.

argparse, because the answer to `jobs list` shall not wait for a framework to load.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TextIO

from router.errors import RouterError

Options = argparse.Namespace
#: A command; what it returns is the exit code, None is 0.
Command = Callable[[Options], int | None]

_RED, _GREEN, _YELLOW, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"


class Group:
    """A parser with commands.

    Parameters
    ----------
    parser
        Gets the commands.
    """

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.set_defaults(run=lambda _: _help(parser))
        self._commands = parser.add_subparsers(metavar="COMMAND")

    def group(self, name: str, text: str, *examples: str) -> Group:
        """A command that has commands of its own."""
        return Group(self._commands.add_parser(name, help=text, description=text, epilog=_examples(examples)))

    def command(self, name: str, run: Command, *examples: str) -> argparse.ArgumentParser:
        """A command; the documentation of `run` is its help."""
        words = (run.__doc__ or "").strip()
        parser = self._commands.add_parser(
            name,
            help=words.partition("\n")[0],
            description=words,
            epilog=_examples(examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(run=run)
        parser.add_argument(
            "--config", type=Path, metavar="FILE", help="router.yml; else the file that ROUTER_CONFIG names"
        )
        return parser


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 2


def _examples(examples: tuple[str, ...]) -> str | None:
    return "examples:\n" + "\n".join(f"  cytomine-router {one}" for one in examples) if examples else None


def positive(text: str) -> int:
    """A whole number from 1 on, as argparse wants it."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a number from 1 on")
    return number


def refuse(sentence: str) -> NoReturn:
    """End with exit code 1 and a sentence."""
    raise RouterError(sentence)


def red(text: str, stream: TextIO | None = None) -> str:
    """Something is wrong."""
    return _coloured(_RED, text, stream)


def green(text: str) -> str:
    """Something is right."""
    return _coloured(_GREEN, text, None)


def yellow(text: str) -> str:
    """Something to look at."""
    return _coloured(_YELLOW, text, None)


def _coloured(colour: str, text: str, stream: TextIO | None) -> str:
    where = stream or sys.stdout
    return f"{colour}{text}{_PLAIN}" if where.isatty() and "NO_COLOR" not in os.environ else text
