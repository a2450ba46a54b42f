"""Which fields exclude each other: protobuf's oneofs, and fields that Istio's rules treat like one.

Both the validation and the CRD schemas read this table.
"""

from __future__ import annotations

from .authorization_policy import AuthorizationPolicy
from .http_action import Abort, Delay, HTTPBody, HTTPRedirect
from .load_balancer import ConsistentHashLB, LoadBalancerSettings
from .message import Message
from .request_authentication import JWTRule, RequestAuthentication
from .selector import StringMatch
from .telemetry import CustomTag, MetricSelector, Telemetry
from .workload_group import ReadinessProbe

_TARGET = (("selector", "targetRef", "targetRefs"),)

ONEOFS: dict[type[Message], tuple[tuple[str, ...], ...]] = {
    StringMatch: (("exact", "prefix", "regex"),),
    HTTPRedirect: (("port", "derivePort"),),
    HTTPBody: (("string", "bytes"),),
    Delay: (("fixedDelay", "exponentialDelay"),),
    Abort: (("httpStatus", "grpcStatus", "http2Error"),),
    LoadBalancerSettings: (("simple", "consistentHash"),),
    ConsistentHashLB: (
        ("httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"),
        ("ringHash", "maglev", "minimumRingSize"),
    ),
    ReadinessProbe: (("httpGet", "tcpSocket", "exec", "grpc"),),
    JWTRule: (("jwks", "jwksUri"),),
    RequestAuthentication: _TARGET,
    AuthorizationPolicy: _TARGET,
    Telemetry: _TARGET,
    CustomTag: (("literal", "environment", "header", "formatter"),),
    MetricSelector: (("metric", "customMetric"),),
}
"""For each message, groups of JSON names of which at most one may be set."""
