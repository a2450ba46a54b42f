"""Telemetry: which traces, metrics and access logs workloads report."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from .load_balancer import PercentValue
from .message import Duration, Message
from .selector import PolicyTargetReference, WorkloadSelector

WorkloadMode = Literal["CLIENT_AND_SERVER", "CLIENT", "SERVER"]
TagOperation = Literal["UPSERT", "REMOVE"]
IstioMetric = Literal[
    "ALL_METRICS",
    "REQUEST_COUNT",
    "REQUEST_DURATION",
    "REQUEST_SIZE",
    "RESPONSE_SIZE",
    "TCP_OPENED_CONNECTIONS",
    "TCP_CLOSED_CONNECTIONS",
    "TCP_SENT_BYTES",
    "TCP_RECEIVED_BYTES",
    "GRPC_REQUEST_MESSAGES",
    "GRPC_RESPONSE_MESSAGES",
]
NonEmpty = Annotated[str, Meta(min_length=1)]


class ProviderRef(Message, frozen=True, kw_only=True):
    """A provider of the mesh's configuration, by name."""

    name: NonEmpty


class ModeSelector(Message, frozen=True, kw_only=True):
    """The side of the traffic that is meant."""

    mode: WorkloadMode = "CLIENT_AND_SERVER"


class LiteralTag(Message, frozen=True, kw_only=True):
    """The same value in every span."""

    value: NonEmpty


class EnvironmentTag(Message, frozen=True, kw_only=True):
    """The value of an environment variable of the proxy."""

    name: NonEmpty
    default_value: str = ""


class RequestHeaderTag(Message, frozen=True, kw_only=True):
    """The value of a header of the request."""

    name: NonEmpty
    default_value: str = ""


class FormatterTag(Message, frozen=True, kw_only=True):
    """A value written with access-log commands."""

    value: NonEmpty


class CustomTag(Message, frozen=True, kw_only=True):
    """A further tag of each span, from exactly one source."""

    literal: LiteralTag | None = None
    environment: EnvironmentTag | None = None
    header: RequestHeaderTag | None = None
    formatter: FormatterTag | None = None


class Tracing(Message, frozen=True, kw_only=True):
    """Which requests are traced and what their spans say."""

    match: ModeSelector | None = None
    providers: tuple[ProviderRef, ...] = ()
    random_sampling_percentage: PercentValue | None = None
    disable_span_reporting: bool | None = None
    custom_tags: dict[str, CustomTag] = field(default_factory=dict)
    use_request_id_for_trace_sampling: bool | None = None
    enable_istio_tags: bool | None = None
    disable_context_propagation: bool | None = None


class MetricSelector(Message, frozen=True, kw_only=True):
    """One metric, or all of them when neither is set."""

    metric: IstioMetric | None = None
    custom_metric: NonEmpty | None = None
    mode: WorkloadMode = "CLIENT_AND_SERVER"


class TagOverride(Message, frozen=True, kw_only=True):
    """A tag that is written, from a CEL expression, or left out."""

    operation: TagOperation = "UPSERT"
    value: str = ""


class MetricsOverrides(Message, frozen=True, kw_only=True):
    """Changes to the metrics that fit `match`."""

    match: MetricSelector | None = None
    disabled: bool | None = None
    tag_overrides: dict[str, TagOverride] = field(default_factory=dict)


class Metrics(Message, frozen=True, kw_only=True):
    """Where metrics go and how they differ from the standard ones."""

    providers: tuple[ProviderRef, ...] = ()
    overrides: tuple[MetricsOverrides, ...] = ()
    reporting_interval: Duration | None = None


class LogFilter(Message, frozen=True, kw_only=True):
    """A CEL expression; a request is logged when it holds."""

    expression: str = ""


class AccessLogging(Message, frozen=True, kw_only=True):
    """Where access logs go and which requests are in them."""

    match: ModeSelector | None = None
    providers: tuple[ProviderRef, ...] = ()
    disabled: bool | None = None
    filter: LogFilter | None = None


class Telemetry(Message, frozen=True, kw_only=True):
    """What the mesh (in the root namespace), a namespace or the workloads that `selector` finds report."""

    selector: WorkloadSelector | None = None
    target_ref: PolicyTargetReference | None = None
    target_refs: tuple[PolicyTargetReference, ...] = ()
    tracing: tuple[Tracing, ...] = ()
    metrics: tuple[Metrics, ...] = ()
    access_logging: tuple[AccessLogging, ...] = ()
