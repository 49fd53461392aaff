"""Messages into the store: everything that arrived together is stored in one transaction, then acknowledged.

A delivery is never held while a job runs: the broker would close the channel after half an hour. What came twice is
stored once (unique on the job); what cannot be read becomes a dead letter.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from itertools import groupby

from router import metrics
from router.amqp import Delivery
from router.endings import StopReason
from router.errors import StoreError
from router.log import get_logger
from router.masking import conceal, conceal_bytes, flag_value
from router.messages import CatalogueTask, Execute, Kill, LegacyExecute, Message, NewQueue, Poison, parse
from router.store import NewJob, Store, Unit

log = get_logger(__name__)

_MOST_TOGETHER = 500
_LONGEST_PAUSE = 15.0


class Intake:
    """The thread between broker and store.

    Parameters
    ----------
    store
        Where messages go.
    ack
        Told the deliveries that are safe.
    stored
        Called after every transaction: there is something to do.
    consume
        Told the name of a queue that shall be consumed from now on.
    """

    def __init__(
        self,
        store: Store,
        *,
        ack: Callable[[Sequence[Delivery]], None],
        stored: Callable[[], None],
        consume: Callable[[str], None],
    ) -> None:
        self._store, self._ack, self._stored, self._consume = store, ack, stored, consume
        self._arrived: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        #: Why nothing can be stored just now.
        self.problem = ""

    def receive(self, delivery: Delivery) -> None:
        """Take one delivery; called in the broker's I/O thread."""
        self._arrived.put(delivery)

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the transaction under way; the rest stays with the broker."""
        self._stopping.set()
        self._arrived.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            first = self._arrived.get()
            if first is None:
                return
            together = [first]
            while len(together) < _MOST_TOGETHER:
                try:
                    more = self._arrived.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    return
                together.append(more)
            self._keep(together)

    def _keep(self, deliveries: Sequence[Delivery]) -> None:
        """Store, however long it takes; acknowledge only then."""
        read = [(delivery, parse(delivery.body)) for delivery in deliveries]
        pause = 0.5
        while not self._stopping.is_set():
            try:
                with self._store.write() as unit:
                    write(unit, read)
            except StoreError as error:
                self.problem = str(error)
                log.warning("messages not stored", number=len(read), reason=str(error), again_in_s=pause)
                self._stopping.wait(pause)
                pause = min(_LONGEST_PAUSE, 2 * pause)
                continue
            self.problem = ""
            self._ack(deliveries)
            for _, message in read:
                metrics.MESSAGES.labels(type(message).__name__).inc()
                if isinstance(message, NewQueue):
                    self._consume(message.queue)
            self._stored()
            return


def write(unit: Unit, read: Sequence[tuple[Delivery, Message | Poison]]) -> None:
    """Store what was read, in the order it came."""
    for kind, group in groupby(read, key=lambda pair: isinstance(pair[1], Execute | LegacyExecute)):
        if kind:
            unit.add_jobs(_unique([_job(delivery.queue, message) for delivery, message in group]))
            continue
        for delivery, message in group:
            if isinstance(message, Kill):
                unit.wish_stop(message.job, StopReason.KILL)
            elif isinstance(message, CatalogueTask):
                unit.add_task(message.kind, message.details)
            elif isinstance(message, Poison):
                metrics.DEAD_LETTERS.inc()
                log.warning("dead letter", queue=delivery.queue, reason=message.reason)
                unit.add_dead_letter(delivery.queue, message.reason, conceal_bytes(delivery.body))


def _job(queue_name: str, message: Message | Poison) -> NewJob:
    """What is stored of an execute: no private key."""
    if isinstance(message, LegacyExecute):
        command = conceal(message.command, message.public_key)
        return NewJob(job_id=message.job, public_key=message.public_key, command=command, queue=queue_name)
    assert isinstance(message, Execute)  # noqa: S101 - for the type checker; `write` groups by type
    return NewJob(
        job_id=message.job,
        command=conceal(message.command),
        pulling_command=message.pulling_command,
        server_parameters=message.server_parameters,
        queue=queue_name,
        project=_number(flag_value(message.command, "idproject", "projectid")),
    )


def _unique(jobs: list[NewJob]) -> list[NewJob]:
    """The first of each job."""
    return list({(job.job_id, job.public_key): job for job in reversed(jobs)}.values())[::-1]


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
