"""Which of its own stats a proxy keeps: the mesh's few, and those that its author asks for.

The annotations `sidecar.istio.io/statsInclusion…`, and in place of each that is not there, the same in
`proxyStatsMatcher` of the annotation `proxy.istio.io/config`.
https://istio.io/latest/docs/ops/configuration/telemetry/envoy-stats/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from meshd.api.validate.re2 import check_regex
from meshd.inject import annotations as names
from meshd.inject.health_listener import CHECKED_PREFIX, literal
from meshd.inject.probes import ProbeTarget

Json = dict[str, Any]

KEPT_STATS: tuple[Json, ...] = (
    {"prefix": "istio."},
    {"prefix": "server."},
    {"prefix": "cluster_manager."},
    {"prefix": "listener_manager."},
    {"prefix": "control_plane."},
    {"prefix": "vhost."},
)
"""The mesh's metrics, what Envoy says of itself, and the routes that a rule gave a statPrefix: no other has any.
Each cluster would bring about a hundred more.

Prefixes alone, each ending with a dot: only those does Envoy test without a string of every name, and without
remembering every name it refused, which took 15 KB for each cluster.
"""

_KINDS = (
    (names.STATS_PREFIXES, "inclusionPrefixes"),
    (names.STATS_SUFFIXES, "inclusionSuffixes"),
    (names.STATS_REGEXPS, "inclusionRegexps"),
)
FIELDS = frozenset(field for _, field in _KINDS)


def kept_stats(probes: Sequence[ProbeTarget], asked: Sequence[Json]) -> list[Json]:
    """StringMatchers. The health check filter reads a cluster's membership from its stats: else it always says 503."""
    checked = [probe for probe in probes if not probe.asks_by_request]
    membership = {"safe_regex": {"regex": rf"cluster\.{CHECKED_PREFIX}.*\.membership_.*"}}
    return [*KEPT_STATS, *([membership] if checked else []), *asked]


def asked_stats(annotations: Mapping[str, str]) -> Iterator[Json]:
    """StringMatchers of what a pod's author asks for. Raises InjectionError."""
    configured = names.proxy_config_of(annotations).get("proxyStatsMatcher") or {}
    if not isinstance(configured, dict):
        raise _wrong(annotations, names.CONFIG, "proxyStatsMatcher is an object such as {inclusionPrefixes: [http.]}")
    for annotation, field in _KINDS:
        if annotation in annotations:
            source, words = annotation, names.words(annotations[annotation])
        else:
            source, words = names.CONFIG, _listed(annotations, configured, field)
        for word in words:
            for problem in check_regex(word, field) if annotation == names.STATS_REGEXPS else ():
                raise _wrong(annotations, source, str(problem))
            yield _matcher(annotation, literal(word))


def _matcher(annotation: str, text: str) -> Json:
    match annotation:
        case names.STATS_PREFIXES:
            return {"prefix": text}
        case names.STATS_SUFFIXES:
            return {"suffix": text}
    return {"safe_regex": {"regex": text}}


def _listed(annotations: Mapping[str, str], configured: Json, field: str) -> list[str]:
    words = configured.get(field) or []
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise _wrong(annotations, names.CONFIG, f"proxyStatsMatcher.{field} is a list of strings")
    return words


def _wrong(annotations: Mapping[str, str], source: str, way_out: str) -> names.InjectionError:
    return names.wrong(source, annotations[source], way_out)
