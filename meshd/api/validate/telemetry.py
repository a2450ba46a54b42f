"""Telemetry: providers, tags, metrics and what is logged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshd.api.cel import Literal, parse_cel, without_string
from meshd.api.istio.telemetry import CustomTag, Metrics, MetricsOverrides, TagOverride, Telemetry
from meshd.api.metrics import COUNTED, custom_metric
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, child, listing

from .cel import check_condition, check_value
from .http_header import check_header_value, check_one_line, is_token
from .target import check_selector, check_target_refs, warn_of_empty_selector

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PSEUDO = (":authority", ":method", ":path", ":scheme")


def check_telemetry(telemetry: IstioObject[Telemetry]) -> Iterator[Problem]:
    """Why this Telemetry must be refused.

    https://istio.io/latest/docs/reference/config/telemetry/
    """
    spec = telemetry.spec
    yield from check_selector(spec.selector)
    yield from check_target_refs(spec.target_ref, spec.target_refs)
    for index, tracing in enumerate(spec.tracing):
        path = f"spec.tracing[{index}]"
        if len(tracing.providers) > 1:
            yield Problem(f"{path}.providers", None, "spans go to one provider; name one")
        for tag, source in tracing.custom_tags.items():
            yield from _check_tag(tag, source, child(f"{path}.customTags", tag))
    for index, metrics in enumerate(spec.metrics):
        for number, override in enumerate(metrics.overrides):
            path = f"spec.metrics[{index}].overrides[{number}].tagOverrides"
            yield from _check_tag_overrides(override.tag_overrides, path)
    for index, logging in enumerate(spec.access_logging):
        if logging.filter is not None:
            path = f"spec.accessLogging[{index}].filter.expression"
            yield from check_condition(logging.filter.expression, path)


def warn_telemetry(telemetry: IstioObject[Telemetry]) -> Iterator[Problem]:
    """What is allowed but has no effect here."""
    spec = telemetry.spec
    yield from warn_of_empty_selector(spec.selector)
    for index, metrics in enumerate(spec.metrics):
        yield from _warn_of_unknown_metrics(metrics, f"spec.metrics[{index}]")


def _warn_of_unknown_metrics(metrics: Metrics, path: str) -> Iterator[Problem]:
    for index, override in enumerate(metrics.overrides):
        custom = override.match.custom_metric if override.match else None
        if custom is not None and custom_metric(custom) not in COUNTED.values():
            known = listing(sorted(COUNTED.values()))
            place = f"{path}.overrides[{index}].match.customMetric"
            yield Problem(place, custom, f"no proxy counts it; there are {known}")
        if _says_nothing(override):
            yield Problem(f"{path}.overrides[{index}]", None, "changes nothing; give it disabled or tagOverrides")


def _says_nothing(override: MetricsOverrides) -> bool:
    return override.disabled is None and not override.tag_overrides


def _check_tag(tag: str, source: CustomTag, path: str) -> Iterator[Problem]:
    if not tag:
        yield Problem(path, tag, "a tag's name must not be empty")
    if source == CustomTag():
        yield Problem(path, None, "must have one of literal, environment, header or formatter")
    if source.literal is not None:
        yield from check_one_line(source.literal.value, f"{path}.literal.value")
    if source.header is not None and not (is_token(source.header.name) or source.header.name in _PSEUDO):
        yield Problem(f"{path}.header.name", source.header.name, "must be the name of an HTTP header")
    if source.formatter is not None:
        yield from check_header_value(source.formatter.value, f"{path}.formatter.value")


def _check_tag_overrides(tags: Mapping[str, TagOverride], path: str) -> Iterator[Problem]:
    for tag, override in tags.items():
        place = child(path, tag)
        if not _LABEL.fullmatch(tag):
            yield Problem(place, tag, "must be a label of Prometheus: letters, digits and _, no digit first")
        if override.operation == "REMOVE":
            if override.value:
                yield Problem(f"{place}.value", override.value, "goes with UPSERT only")
        elif not override.value:
            yield Problem(f"{place}.value", None, "is required for UPSERT: an expression such as request.host")
        else:
            yield from _check_label_value(override.value, f"{place}.value")


def _check_label_value(expression: str, path: str) -> Iterator[Problem]:
    problems = list(check_value(expression, path))
    yield from problems
    if not problems and without_string(parse_cel(expression)) == Literal(""):
        yield Problem(path, expression, "must not be empty; REMOVE leaves the label out")
