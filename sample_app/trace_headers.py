"""Which request headers a service hands on to the services it calls, so that their spans join one trace."""

from __future__ import annotations

from collections.abc import Mapping

B3_MULTI = ("x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags")
B3_SINGLE = ("b3",)
W3C = ("traceparent", "tracestate")
REQUEST_ID = ("x-request-id",)
ROUTING = ("end-user",)
"""Not of the trace: lets a route pick a version for one user anywhere along the call."""

PASSED_ON = B3_MULTI + B3_SINGLE + W3C + REQUEST_ID + ROUTING


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an incoming request that go along with the calls made for it, names in lower case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: lowered[name] for name in PASSED_ON if name in lowered}
