"""What meshd counts about itself, served at /metrics."""

import logging

from prometheus_client import Counter, Gauge, Histogram

STREAMS = Gauge("meshd_xds_streams", "Streams of proxies that are open")
PUSH_SECONDS = Histogram(
    "meshd_push_seconds",
    "From a change being taken from the watches until it was handed to the connection of one proxy",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.032, 0.064, 0.128, 0.512, 2.0, 8.0),
)
NACKS = Counter("meshd_xds_nacks", "Responses that a proxy refused", ["type"])
REFUSED = Counter("meshd_xds_refused_resources", "Single resources found to be what a proxy refuses", ["type"])
CONFIG_ERRORS = Counter("meshd_config_errors", "Resources that could not be built")


class XdsMetrics:
    """Observer of the ADS server."""

    def streams(self, count: int) -> None:
        STREAMS.set(count)

    def pushed(self, seconds: float) -> None:
        PUSH_SECONDS.observe(seconds)

    def refused(self, type_url: str, isolated: bool) -> None:
        kind = type_url.rpartition(".")[2]
        NACKS.labels(kind).inc()
        if isolated:
            REFUSED.labels(kind).inc()


class CountConfigErrors(logging.Handler):
    """The engine logs what it cannot build as errors, and knows of no metrics."""

    def emit(self, record: logging.LogRecord) -> None:
        CONFIG_ERRORS.inc()


def count_config_errors() -> None:
    logging.getLogger("meshd.networking.engine").addHandler(CountConfigErrors(logging.ERROR))
