"""What proxies report of the traffic: traces, metrics and access logs."""

from dataclasses import dataclass
from enum import Enum

from meshd.model.labels import Labels
from meshd.model.reference import ObjectRef


class Side(Enum):
    """Of the traffic: what a workload's application (or a gateway) sends, or what it is sent."""

    CLIENT = "CLIENT"
    SERVER = "SERVER"


BOTH = (Side.CLIENT, Side.SERVER)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A property of the request or connection under Envoy's name; `key` is that of a header.

    https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
    """

    name: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression in the Common Expression Language over Envoy's attributes."""

    text: str


Value = Attribute | Literal | Expression


class TagSource(Enum):
    LITERAL = "literal"
    ENVIRONMENT = "environment"
    HEADER = "header"
    FORMATTER = "formatter"


@dataclass(frozen=True, slots=True)
class SpanTag:
    """`text` is the value, the name of a variable of the proxy or of a header, or command operators of Envoy."""

    tag: str
    source: TagSource
    text: str
    default: str = ""


@dataclass(frozen=True, slots=True)
class Tracing:
    """None leaves a setting as it is. `sampling` is in percent."""

    sides: tuple[Side, ...] = BOTH
    providers: tuple[str, ...] = ()
    sampling: float | None = None
    disabled: bool | None = None
    tags: tuple[SpanTag, ...] | None = None
    by_request_id: bool | None = None
    istio_tags: bool | None = None
    propagated: bool | None = None


@dataclass(frozen=True, slots=True)
class MetricOverride:
    """Changes to `metrics`, named as in Prometheus but for the first word; () stands for all of them.

    A tag without a value is left out.
    """

    metrics: tuple[str, ...] = ()
    sides: tuple[Side, ...] = BOTH
    disabled: bool | None = None
    tags: tuple[tuple[str, Value | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Metrics:
    providers: tuple[str, ...] = ()
    overrides: tuple[MetricOverride, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessLogging:
    """`condition` says in CEL what is logged; empty: everything."""

    sides: tuple[Side, ...] = BOTH
    providers: tuple[str, ...] = ()
    disabled: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """For all: the whole namespace, or the mesh where the namespace is the root. In each list the last wins."""

    ref: ObjectRef
    selector: Labels = ()
    gateways: tuple[str, ...] = ()
    tracing: tuple[Tracing, ...] = ()
    metrics: tuple[Metrics, ...] = ()
    access_logging: tuple[AccessLogging, ...] = ()
    created: str = ""

    def providers(self) -> tuple[str, ...]:
        """The names of all providers that something is to be reported to."""
        named = [
            *(entry.providers for entry in self.tracing),
            *(entry.providers for entry in self.metrics),
            *(entry.providers for entry in self.access_logging),
        ]
        return tuple(dict.fromkeys(name for names in named for name in names))
