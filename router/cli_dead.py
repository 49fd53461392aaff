"""`cytomine-router dead`: messages nobody could act on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from router.cli_jobs import AsJson, Config, stored

if TYPE_CHECKING:
    from router.store import DeadLetter

dead = typer.Typer(
    help="Look at messages nobody could act on, and send them through again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="Examples:  dead list   dead show 3   dead replay 3",
)
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `dead list` shows it.")]


@dead.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The newest dead letters, the newest first: number, when, queue, why.

    Examples:  dead list   dead list --json
    """
    from router.places import places
    from router.shown import when
    from router.store.glance import glance

    with glance(places(config).store) as look:
        found = look.dead_letters(limit)
    if as_json:
        typer.echo(json.dumps([_facts(letter) for letter in found], indent=1))
        return
    if not found:
        typer.echo("There are no dead letters.", err=True)
    for letter in found:
        again = "  (replayed)" if letter.replayed_at else ""
        typer.echo(f"{letter.id:>8}  {when(letter.at)}  {letter.queue}  {letter.reason}{again}")


@dead.command()
def show(number: Number, config: Config = None) -> None:
    """One dead letter: why, and its bytes, keys masked.

    Example:  dead show 3
    """
    from router.places import places
    from router.shown import when
    from router.store.glance import glance

    with glance(places(config).store) as look:
        letter = look.dead_letter(number) or _unknown(number)
    typer.echo(f"received   {when(letter.at)} from {letter.queue}")
    typer.echo(f"reason     {letter.reason}")
    if letter.replayed_at:
        typer.echo(f"replayed   {when(letter.replayed_at)}")
    typer.echo(letter.body.decode(errors="backslashreplace"))


@dead.command()
def replay(number: Number, config: Config = None) -> None:
    """Send a dead letter through intake again, as after an update of the router. Exit code 1 if it is refused again.

    Example:  dead replay 3
    """
    from router.amqp import Delivery
    from router.intake import write
    from router.messages import Poison, parse

    with stored(config) as store, store.write() as unit:
        letter = unit.dead_letter(number) or _unknown(number)
        message = parse(letter.body)
        if isinstance(message, Poison):
            _refuse(f"still: {message.reason}")
        delivery = Delivery(letter.queue, letter.body, channel=None, tag=0, redelivered=True)
        write(unit, [(delivery, message)])
        unit.replayed(number)
    typer.echo(f"dead letter {number} was taken: {type(message).__name__}")


def _facts(letter: DeadLetter) -> dict[str, object]:
    return {
        "number": letter.id,
        "at": letter.at,
        "queue": letter.queue,
        "reason": letter.reason,
        "replayed_at": letter.replayed_at,
        "body": letter.body.decode(errors="backslashreplace"),
    }


def _unknown(number: int) -> NoReturn:
    _refuse(f"there is no dead letter {number}; see `cytomine-router dead list`")


def _refuse(sentence: str) -> NoReturn:
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
