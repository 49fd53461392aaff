"""`cytomine-router dead`: messages nobody could act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from router.cli_jobs import stored

if TYPE_CHECKING:
    from router.store import DeadLetter, Unit

dead = typer.Typer(help="Look at messages nobody could act on, and send them through again.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="As `dead list` shows it.")]


@dead.command("list")
def list_(limit: Annotated[int, typer.Option(help="How many of the newest.")] = 50) -> None:
    """The newest dead letters."""
    with stored() as (store, _), store.read() as unit:
        for letter in unit.dead_letters(limit):
            again = " (replayed)" if letter.replayed_at else ""
            typer.echo(f"{letter.id:>8}  {letter.queue}  {letter.reason}{again}")


@dead.command()
def show(number: Number) -> None:
    """One dead letter: why, and its bytes, keys masked."""
    with stored() as (store, _), store.read() as unit:
        letter = _known(unit, number)
    typer.echo(f"{letter.queue}: {letter.reason}\n{letter.body.decode(errors='backslashreplace')}")


@dead.command()
def replay(number: Number) -> None:
    """Send a dead letter through intake again, as after an update of the router."""
    from router.amqp import Delivery
    from router.intake import write
    from router.messages import Poison, parse

    with stored() as (store, _), store.write() as unit:
        letter = _known(unit, number)
        message = parse(letter.body)
        if isinstance(message, Poison):
            typer.secho(f"still: {message.reason}", fg=typer.colors.RED, err=True)
            raise typer.Exit(1)
        delivery = Delivery(letter.queue, letter.body, channel=None, tag=0, redelivered=True)
        write(unit, [(delivery, message)])
        unit.replayed(number)
    typer.echo(f"dead letter {number} was taken: {type(message).__name__}")


def _known(unit: Unit, number: int) -> DeadLetter:
    letter = unit.dead_letter(number)
    if letter is None:
        typer.secho(f"there is no dead letter {number}", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    return letter
