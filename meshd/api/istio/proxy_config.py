"""ProxyConfig: settings a proxy starts with."""

from __future__ import annotations

from msgspec import field

from .message import Count, Message
from .selector import WorkloadSelector


class ProxyImage(Message, frozen=True, kw_only=True):
    """Which variant of the proxy's image runs."""

    image_type: str = ""


class ProxyConfig(Message, frozen=True, kw_only=True):
    """Settings of the proxies that `selector` finds; a change takes effect when a pod is made anew."""

    selector: WorkloadSelector | None = None
    concurrency: Count | None = None
    environment_variables: dict[str, str] = field(default_factory=dict)
    image: ProxyImage | None = None
