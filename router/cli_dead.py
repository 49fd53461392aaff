"""`cytomine-router dead`: messages nobody could act on."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NoReturn

from router.cli_jobs import stored
from router.cli_parts import Group, Options, positive, refuse

if TYPE_CHECKING:
    from router.store import DeadLetter


def add(group: Group) -> None:
    """Declare `dead` and its commands."""
    text = "look at messages nobody could act on, and send them through again"
    dead = group.group("dead", text, "dead list", "dead show 3", "dead replay 3")
    listed = dead.command("list", list_, "dead list", "dead list --json")
    listed.add_argument("--limit", type=positive, default=50, metavar="N", help="how many of the newest (50)")
    listed.add_argument("--json", action="store_true", help="for programs")
    for parser in (dead.command("show", show, "dead show 3"), dead.command("replay", replay, "dead replay 3")):
        parser.add_argument("number", type=int, metavar="NUMBER", help="as `dead list` shows it")


def list_(options: Options) -> None:
    """The newest dead letters, the newest first: number, when, queue, why."""
    from router.places import places
    from router.store.glance import glance
    from router.wording import when

    with glance(places(options.config).store) as look:
        found = look.dead_letters(options.limit)
    if options.json:
        print(json.dumps([_facts(letter) for letter in found], indent=1))
        return
    if not found:
        print("There are no dead letters.", file=sys.stderr)
    for letter in found:
        again = "  (replayed)" if letter.replayed_at else ""
        print(f"{letter.id:>8}  {when(letter.at)}  {letter.queue}  {letter.reason}{again}")


def show(options: Options) -> None:
    """One dead letter: why, and its bytes, keys masked."""
    from router.places import places
    from router.store.glance import glance
    from router.wording import when

    with glance(places(options.config).store) as look:
        letter = look.dead_letter(options.number) or _unknown(options.number)
    print(f"received   {when(letter.at)} from {letter.queue}")
    print(f"reason     {letter.reason}")
    if letter.replayed_at:
        print(f"replayed   {when(letter.replayed_at)}")
    print(_body(letter))


def replay(options: Options) -> None:
    """Send a dead letter through intake again, as after an update of the router. Exit code 1 if it is refused again.

    Keys are not kept; Core is asked for them again when the job starts.
    """
    from router.amqp import Delivery
    from router.intake import write
    from router.masking import MASK, has_secrets
    from router.messages import Execute, LegacyExecute, Poison, parse

    with stored(options.config) as store, store.write() as unit:
        letter = unit.dead_letter(options.number) or _unknown(options.number)
        message = parse(letter.body)
        if isinstance(message, Poison):
            refuse(f"still: {message.reason}")
        keyless = isinstance(message, Execute) and any(MASK in word for word in message.command)
        if keyless or (isinstance(message, LegacyExecute) and has_secrets([message.public_key])):
            refuse("its keys were not kept, so nobody could say whose job it is; launch the job again in Cytomine")
        delivery = Delivery(letter.queue, letter.body, channel=None, tag=0, redelivered=True)
        write(unit, [(delivery, message)])
        unit.replayed(options.number)
    print(f"dead letter {options.number} was taken: {type(message).__name__}")


def _facts(letter: DeadLetter) -> dict[str, object]:
    return {
        "number": letter.id,
        "at": letter.at,
        "queue": letter.queue,
        "reason": letter.reason,
        "replayed_at": letter.replayed_at,
        "body": _body(letter),
    }


def _body(letter: DeadLetter) -> str:
    from router.masking import readable_bytes

    return readable_bytes(letter.body).decode(errors="backslashreplace")


def _unknown(number: int) -> NoReturn:
    refuse(f"there is no dead letter {number}; see `cytomine-router dead list`")
