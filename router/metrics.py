"""What is counted, for /metrics. The store is asked for the rest when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()

MESSAGES = Counter("router_messages", "Messages stored", ["kind"], registry=REGISTRY)
DEAD_LETTERS = Counter("router_dead_letters", "Messages nobody could act on", registry=REGISTRY)
ENDINGS = Counter("router_jobs_ended", "Jobs by how they ended", ["kind"], registry=REGISTRY)
ENGINE_ERRORS = Counter("router_engine_errors", "Steps the engine could not do", registry=REGISTRY)
CORE_ERRORS = Counter("router_core_errors", "Reports Core did not take at once", registry=REGISTRY)
LOG_BYTES = Counter("router_log_bytes", "Bytes of output written to job logs", registry=REGISTRY)
START_SECONDS = Histogram(
    "router_start_seconds",
    "From a message stored to its container started",
    buckets=(0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
PULL_SECONDS = Histogram(
    "router_pull_seconds", "Fetching an image", buckets=(1, 5, 15, 60, 300, 900, 1800), registry=REGISTRY
)


class Gauges(Collector):
    """Figures that are asked for when somebody looks.

    Parameters
    ----------
    ask
        Name, help text and value by label `state` (an empty label for one value).
    """

    def __init__(self, ask: Callable[[], Iterable[tuple[str, str, Mapping[str, float]]]]) -> None:
        self._ask = ask

    def collect(self) -> Iterable[Metric]:
        """As the registry asks."""
        for name, text, values in self._ask():
            family = GaugeMetricFamily(name, text, labels=["state"] if "" not in values else [])
            for label, value in values.items():
                family.add_metric([label] if label else [], value)
            yield family
