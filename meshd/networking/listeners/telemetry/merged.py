"""What several Telemetry objects, the widest first, say together of one side of the traffic: the last word counts."""

from collections.abc import Iterable
from dataclasses import dataclass

from meshd.model.telemetry import MetricOverride, Side, SpanTag, Telemetry

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TracingSettings:
    """`provider` is empty where nobody wants spans."""

    provider: str
    sampling: float
    disabled: bool = False
    tags: tuple[SpanTag, ...] = ()
    by_request_id: bool = True
    istio_tags: bool = True
    propagated: bool = True
    """Whether those who are called learn of the trace."""


def merged_tracing(telemetries: Iterable[Telemetry], side: Side, provider: str, sampling: float) -> TracingSettings:
    """`provider` and `sampling` are the mesh's. Tags are not added to a wider object's: they replace them."""
    disabled, by_request_id, istio_tags, propagated = False, True, True, True
    tags: tuple[SpanTag, ...] = ()
    for said in (each for telemetry in telemetries for each in telemetry.tracing if side in each.sides):
        provider = said.providers[0] if said.providers else provider
        sampling = sampling if said.sampling is None else said.sampling
        disabled = disabled if said.disabled is None else said.disabled
        tags = tags if said.tags is None else said.tags
        by_request_id = by_request_id if said.by_request_id is None else said.by_request_id
        istio_tags = istio_tags if said.istio_tags is None else said.istio_tags
        propagated = propagated if said.propagated is None else said.propagated
    return TracingSettings(provider, sampling, disabled, tags, by_request_id, istio_tags, propagated)


def merged_metrics(telemetries: Iterable[Telemetry], side: Side, default: Names) -> dict[str, list[MetricOverride]]:
    """The providers in force, each with what is to be changed of its metrics, one change after the other.

    An entry without providers speaks of those of the entry before it.
    """
    current = default
    found: dict[str, list[MetricOverride]] = {}
    for metrics in (each for telemetry in telemetries for each in telemetry.metrics):
        current = metrics.providers or current
        for name in current:
            found.setdefault(name, []).extend(o for o in metrics.overrides if side in o.sides)
    return {name: found.get(name, []) for name in current}


def merged_logs(telemetries: Iterable[Telemetry], side: Side, default: Names) -> dict[str, str]:
    """The providers in force, each with the condition for what it is sent.

    Providers that an object names replace those that wider ones name.
    """
    objects = [telemetry.access_logging for telemetry in telemetries if telemetry.access_logging]
    in_force = default
    for entries in objects:
        in_force = tuple(name for e in entries if side in e.sides for name in e.providers) or in_force
    found = {name: "" for name in default if name in in_force}
    current = default
    for entry in (each for entries in objects for each in entries):
        current = entry.providers or current
        for name in current if side in entry.sides else ():
            if entry.disabled:
                found.pop(name, None)
            elif name in in_force:
                found[name] = entry.condition
    return found
