"""Builds the parts from the settings, starts them and stops them.

Start: store, Core (waited for), engine, supervisor, reports, then the broker last: nothing comes in before it can be
kept. Stop: the other way round, so that nothing is told to a part that is gone:

    1 broker       no new message; what is not acknowledged goes back to the queue
    2 intake       the transaction under way is finished
    3 supervisor   nobody admitted, steps under way finished and stored; containers keep running
    4 reports      the report under way is finished; the others wait in the store
    5 logs         files closed; taken up again from their noted positions
    6 lease        given up: another router may go on with our jobs
    7 engine, Core, store
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType

from router.amqp import Broker, Delivery
from router.catalogue import Catalogue, GitHubAccounts, Keep, StoredTasks
from router.core import CoreClient, Keys, Timeouts
from router.engines.base import Engine
from router.errors import CoreError, CoreNotFound, CoreUnavailable, SettingError
from router.figures import figures
from router.images import Images
from router.intake import Intake
from router.launch import hub_login, isolation
from router.local_images import LocalImages
from router.log import get_logger
from router.logs import Followers, LogLimits, excerpt, log_path
from router.metrics import REGISTRY, Asked
from router.readiness import Answering
from router.reports import Reports
from router.settings import Settings
from router.store import Store
from router.supervisor import PullEnded, PullSaid, Reported, Steps, Supervisor, Wake
from router.views import Views

log = get_logger(__name__)

_QUEUES_EVERY_SECONDS = 300.0


class Daemon:
    """The router, from settings."""

    def __init__(self, settings: Settings) -> None:
        complete(settings)
        self._settings = settings
        self._stopping = threading.Event()
        self._problems: dict[str, str] = {}
        self._asked: dict[str, Callable[[], str]] = {}
        self._warned: dict[str, Callable[[], str]] = {}
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)
        try:
            self._start()
            while not self._stopping.wait(_QUEUES_EVERY_SECONDS):
                self._consume_servers()
        finally:
            self.stop()

    def _signalled(self, number: int, _: FrameType | None) -> None:
        log.info("stopping", signal=signal.Signals(number).name)
        self._stopping.set()

    def _start(self) -> None:
        settings = self._settings
        self._problems = {"router": "starting"}
        if settings.http.port:
            from router.http import Outside

            outside = Outside(settings.http.host, settings.http.port, self.problems, self.warnings)
            outside.start()
            self._undo.append(("http", outside.stop))
        store = Store(settings.store.url.get_secret_value())
        self._undo.append(("store", store.close))
        if settings.http.port:
            outside.show(Views(store, settings.logs.folder))
        keys = Keys(settings.core.public_key, settings.core.private_key.get_secret_value())
        self._core = CoreClient(settings.core.url, keys, Timeouts(read=settings.core.timeout_s))
        self._undo.append(("core", self._core.close))
        quick = self._core.with_timeouts(
            Timeouts(connect=settings.core.launch_timeout_s, read=settings.core.launch_timeout_s)
        )
        self._undo.append(("core", quick.close))
        if self._core.wait_until_ready(self._stopping, self._core_away, settings.core.patience_s) is None:
            return
        self._problems.pop("core", None)
        self._control(store, quick, make_engine(settings))

    def _control(self, store: Store, quick: CoreClient, engine: Engine) -> None:
        """Wire and start the parts that move jobs."""
        settings = self._settings
        supervisor = Supervisor(settings, store, engine)
        images = Images(
            engine,
            settings.images,
            said=lambda image, words: supervisor.post(PullSaid(image, words)),
            ended=lambda image, problem: supervisor.post(PullEnded(image, problem)),
            local=LocalImages.of(settings),
        )
        limits = LogLimits(settings.logs.max_bytes, settings.logs.attached_bytes)
        followers = Followers(engine, settings.logs.folder, limits)
        reports = Reports(
            store,
            self._core,
            owner=lambda: supervisor.lease.owner,
            log_of=lambda job: excerpt(log_path(settings.logs.folder, job), settings.logs.attached_bytes),
            delivered=lambda report, error: supervisor.post(Reported(report.seq, report.id, error)),
        )
        steps = Steps(
            settings,
            engine=engine,
            core=quick,
            images=images,
            followers=followers,
            stopped=supervisor.stopped,
            held=lambda: supervisor.lease.held,
        )
        supervisor.connect(steps, images, followers, reports)
        catalogue = self._catalogue(store, supervisor)

        def stored() -> None:
            supervisor.post(Wake())
            catalogue.wake()

        intake = Intake(
            store,
            ack=self._ack,
            stored=stored,
            consume=self._consume,
        )
        self._broker = Broker(
            settings.broker.url.get_secret_value(),
            exchange=settings.broker.exchange,
            queue=settings.broker.queue,
            prefetch=settings.broker.prefetch,
            heartbeat=settings.broker.heartbeat_s,
            receive=intake.receive,
        )
        self._undo += [
            ("engine", engine.close),
            ("lease", supervisor.leave),
            ("logs", followers.stop),
            ("reports", reports.stop),
            ("catalogue", catalogue.stop),
            ("supervisor", supervisor.stop),
            ("intake", intake.stop),
            ("broker", self._broker.stop),
        ]
        self._asked = {
            "broker": lambda: self._broker.problem,
            "store": lambda: intake.problem,
            "supervisor": lambda: supervisor.problem,
            "core": lambda: reports.problem,
            "queues": lambda: _unconsumed(self._broker.queues),
            "engine": Answering(engine.info),
        }
        self._warned = {"catalogue": lambda: catalogue.problem}
        asked = Asked(lambda: figures(store, settings.slots, lambda: self._broker.connections, self._parts))
        REGISTRY.register(asked)
        self._undo.append(("metrics", lambda: REGISTRY.unregister(asked)))
        reports.start()
        supervisor.start()
        intake.start()
        catalogue.start()
        self._consume_servers()
        self._broker.start()
        self._problems.pop("router", None)
        log.info("router started", name=settings.name, slots=settings.slots)

    def _catalogue(self, store: Store, supervisor: Supervisor) -> Catalogue:
        wanted = self._settings.catalogue
        accounts = GitHubAccounts(
            wanted.github_url, wanted.github_raw_url, wanted.docker_hub_url, wanted.github_token.get_secret_value()
        )
        self._undo.append(("accounts", accounts.close))
        return Catalogue(
            self._core,
            accounts,
            StoredTasks(store, lambda: supervisor.lease.owner),
            on_server=lambda server: self._broker.consume(server.queue) if server.queue else None,
            folder=wanted.folder,
            refresh_s=wanted.refresh_s,
            keep=Keep(wanted.uploads, wanted.allow_dockerfile),
        )

    def _ack(self, deliveries: Sequence[Delivery]) -> None:
        self._broker.ack(deliveries)

    def _consume(self, queue: str) -> None:
        self._broker.consume(queue)

    def _consume_servers(self) -> None:
        """Consume the queue of every processing server, or of every software of a legacy Core."""
        try:
            queues = [server.queue for server in self._core.processing_servers()]
        except CoreNotFound:
            queues = [queue.name for queue in self._core.amqp_queues()]
        except CoreUnavailable as error:
            log.warning("processing servers not read", reason=str(error))
            return
        for queue in queues:
            if queue and queue != self._settings.broker.queue:
                self._broker.consume(queue)

    def _core_away(self, error: CoreError) -> None:
        self._problems["core"] = str(error)
        log.warning("waiting for Core", reason=str(error))

    def problems(self) -> dict[str, str]:
        """What is wrong just now, by part."""
        asked = {part: problem for part, ask in self._asked.items() if (problem := ask())}
        return {**self._problems, **asked}

    def warnings(self) -> dict[str, str]:
        """What is wrong and keeps no job from running: the catalogue's sources are away, say."""
        return {part: problem for part, ask in self._warned.items() if (problem := ask())}

    def _parts(self) -> dict[str, str]:
        """Every part, with its problem or an empty text."""
        return {part: ask() for part, ask in {**self._asked, **self._warned}.items()} | self._problems

    def stop(self) -> None:
        """Stop what was started, last first."""
        self._stopping.set()
        while self._undo:
            name, undo = self._undo.pop()
            log.debug("stopping part", part=name)
            try:
                undo()
            except Exception as error:
                log.exception("part did not stop", part=name, reason=str(error))
        log.info("router stopped")


def _unconsumed(queues: dict[str, bool]) -> str:
    missing = [queue for queue, consuming in queues.items() if not consuming]
    return f"not consumed: {', '.join(missing)}" if missing else ""


def make_engine(settings: Settings) -> Engine:
    """The engine of the settings."""
    kind = settings.engine.kind
    if kind == "docker":
        from router.engines.docker import DockerEngine

        # Twice this: the daemon keeps two files. The router has read a line long before it is turned over.
        return DockerEngine(settings.engine.host, settings.logs.max_bytes, isolation(settings), hub_login(settings))
    if kind == "process":
        from router.engines.process import ProcessEngine

        return ProcessEngine(settings.logs.folder.parent / "processes")
    from router.engines.fake import FakeEngine

    return FakeEngine()


def complete(settings: Settings) -> None:
    """Say which settings have no default and are missing."""
    missing = [
        key
        for key, value in (
            ("core.url", settings.core.url),
            ("core.public_key (or core.keys_file)", settings.core.public_key),
            ("core.private_key (or core.private_key_file, core.keys_file)", settings.core.private_key),
            ("broker.url", settings.broker.url),
        )
        if not value
    ]
    if missing:
        message = "\n".join(f"{key}: missing; set it in router.yml or the environment" for key in missing)
        raise SettingError(message)
