"""How often proxies ask DNS."""

from typing import Any

from meshd.networking.proto import duration

REFRESH = duration(60)
"""Until names are asked for again, where their time to live does not say: Istio's dnsRefreshRate."""
AFTER_FAILURE: dict[str, Any] = {"base_interval": duration(1), "max_interval": duration(10)}
