"""What is counted, for /metrics. The store is asked for the rest when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

MESSAGES = Counter("router_messages", "Messages stored", ["kind"], registry=REGISTRY)
DEAD_LETTERS = Counter("router_dead_letters", "Messages nobody could act on", registry=REGISTRY)
ENDINGS = Counter("router_jobs_ended", "Jobs by how they ended", ["kind"], registry=REGISTRY)
ENGINE_ERRORS = Counter("router_engine_errors", "What the engine could not do, by call", ["call"], registry=REGISTRY)
CORE_ERRORS = Counter("router_core_errors", "Reports Core did not take at once", registry=REGISTRY)
LOG_BYTES = Counter("router_log_bytes", "Bytes of output written to job logs", registry=REGISTRY)
LOG_BYTES_LOST = Counter(
    "router_log_bytes_lost",
    "Bytes of output not kept: over a limit, or refused by the disk",
    ["why"],
    registry=REGISTRY,
)
LOG_STREAMS = Gauge("router_log_streams", "Job logs being followed over HTTP", registry=REGISTRY)
START_SECONDS = Histogram(
    "router_start_seconds",
    "From a message stored to its container started",
    buckets=(0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
PULL_SECONDS = Histogram(
    "router_pull_seconds", "Fetching an image", buckets=(1, 5, 15, 60, 300, 900, 1800), registry=REGISTRY
)


@dataclass(frozen=True)
class Figure:
    """One figure that is asked for when somebody looks.

    Parameters
    ----------
    name, text
        A name that ends in `_total` is that of a counter.
    values
        By the value of `label`; one value under an empty text when there is no label.
    """

    name: str
    text: str
    values: Mapping[str, float]
    label: str = ""


class Asked(Collector):
    """Figures that are asked for when somebody looks.

    Parameters
    ----------
    ask
        Gives them.
    """

    def __init__(self, ask: Callable[[], Iterable[Figure]]) -> None:
        self._ask = ask

    def collect(self) -> Iterable[Metric]:
        """As the registry asks."""
        for figure in self._ask():
            labels = [figure.label] if figure.label else []
            kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
            family = kind(figure.name, figure.text, labels=labels)
            for value, number in figure.values.items():
                family.add_metric([value] if figure.label else [], number)
            yield family

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not ask."""
        return ()
