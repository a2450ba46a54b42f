"""Telemetry -> the model's."""

from meshd.api.cel import Literal as Constant
from meshd.api.cel import attribute_of, parse_cel, without_string
from meshd.api.istio import telemetry as istio
from meshd.api.metrics import COUNTED, NOT_COUNTED, custom_metric
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of, selector_labels
from meshd.api.translate.target import gateways_of
from meshd.model.mesh import MeshConfig
from meshd.model.telemetry import (
    BOTH,
    AccessLogging,
    Attribute,
    Expression,
    Literal,
    MetricOverride,
    Metrics,
    Side,
    SpanTag,
    TagSource,
    Telemetry,
    Tracing,
    Value,
)


def translate_telemetry(istio_object: IstioObject[istio.Telemetry], mesh: MeshConfig) -> Telemetry | None:
    """None for one that is attached to nothing this mesh has."""
    spec = istio_object.spec
    gateways = gateways_of(spec)
    if gateways is None:
        return None
    return Telemetry(
        ref=ref_of(istio_object),
        selector=selector_labels(spec.selector),
        gateways=gateways,
        tracing=tuple(_tracing(each) for each in spec.tracing),
        metrics=tuple(_metrics(each) for each in spec.metrics),
        access_logging=tuple(_access_logging(each) for each in spec.access_logging),
        created=created(istio_object),
    )


def _tracing(tracing: istio.Tracing) -> Tracing:
    return Tracing(
        sides=_sides(tracing.match.mode if tracing.match else None),
        providers=_names(tracing.providers),
        sampling=tracing.random_sampling_percentage,
        disabled=tracing.disable_span_reporting,
        tags=tuple(_span_tag(tag, source) for tag, source in sorted(tracing.custom_tags.items())) or None,
        by_request_id=tracing.use_request_id_for_trace_sampling,
        istio_tags=tracing.enable_istio_tags,
        propagated=None if tracing.disable_context_propagation is None else not tracing.disable_context_propagation,
    )


def _span_tag(tag: str, source: istio.CustomTag) -> SpanTag:
    if source.environment is not None:
        return SpanTag(tag, TagSource.ENVIRONMENT, source.environment.name, source.environment.default_value)
    if source.header is not None:
        return SpanTag(tag, TagSource.HEADER, source.header.name, source.header.default_value)
    if source.formatter is not None:
        return SpanTag(tag, TagSource.FORMATTER, source.formatter.value)
    assert source.literal is not None
    return SpanTag(tag, TagSource.LITERAL, source.literal.value)


def _metrics(metrics: istio.Metrics) -> Metrics:
    return Metrics(_names(metrics.providers), tuple(_override(override) for override in metrics.overrides))


def _override(override: istio.MetricsOverrides) -> MetricOverride:
    match = override.match or istio.MetricSelector()
    named = custom_metric(match.custom_metric) if match.custom_metric else ""
    if match.metric not in (None, "ALL_METRICS"):
        named = (COUNTED | NOT_COUNTED)[str(match.metric)]
    return MetricOverride(
        metrics=(named,) if named else (),
        sides=_sides(match.mode),
        disabled=override.disabled,
        tags=tuple((tag, _value(each)) for tag, each in sorted(override.tag_overrides.items())),
    )


def _value(override: istio.TagOverride) -> Value | None:
    if override.operation == "REMOVE":
        return None
    expression = parse_cel(override.value)
    inner = without_string(expression)
    if isinstance(inner, Constant) and isinstance(inner.value, str):
        return Literal(inner.value)
    attribute = attribute_of(inner)
    if attribute is not None:
        return Attribute(*attribute)
    text = " ".join(override.value.split("\n"))
    return Expression(text if inner is expression else text.strip().removeprefix("string").strip()[1:-1].strip())


def _access_logging(logging: istio.AccessLogging) -> AccessLogging:
    return AccessLogging(
        sides=_sides(logging.match.mode if logging.match else None),
        providers=_names(logging.providers),
        disabled=bool(logging.disabled),
        condition=logging.filter.expression if logging.filter else "",
    )


def _sides(mode: istio.WorkloadMode | None) -> tuple[Side, ...]:
    return BOTH if mode in (None, "CLIENT_AND_SERVER") else (Side(mode),)


def _names(providers: tuple[istio.ProviderRef, ...]) -> tuple[str, ...]:
    return tuple(provider.name for provider in providers)
