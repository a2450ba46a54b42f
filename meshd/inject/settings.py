"""What the operator decides about injected proxies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshd.model.mesh import MeshConfig

UID = 1337
"""User and group of the proxy: how traffic capture tells its connections from the app's."""
INBOUND_PORT = 15006
OUTBOUND_PORT = 15001
HEALTH_PORT = 15021
METRICS_PORT = 15090
ADMIN_PORT = 15000

CONTAINER = "istio-proxy"
INIT_CONTAINER = "istio-init"
TOKEN_VOLUME = "istio-token"
TOKEN_FOLDER = "/var/run/secrets/tokens"
TOKEN_PATH = f"{TOKEN_FOLDER}/istio-token"


@dataclass(frozen=True, slots=True)
class InjectSettings:
    """`discovery_address` is host:port of meshd's ADS, its host a name in meshd's certificate.

    `concurrency` is Envoy's number of worker threads, 0 one for each CPU. Quantities are Kubernetes' ("10m", "64Mi");
    empty: none. `image_types` are images that a ProxyConfig may ask for by a name; `image_type` is the one asked for.
    """

    proxy_image: str
    image_pull_policy: str = "IfNotPresent"
    discovery_address: str = "meshd.istio-system.svc:15012"
    token_audience: str = "meshd"
    token_seconds: int = 3600
    concurrency: int = 2
    log_level: str = "warning"
    cpu_request: str = "10m"
    memory_request: str = "64Mi"
    cpu_limit: str = ""
    memory_limit: str = "1Gi"
    image_types: Mapping[str, str] = field(default_factory=dict)
    image_type: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    mesh: MeshConfig = field(default_factory=MeshConfig)

    @property
    def image(self) -> str:
        """What the proxy runs."""
        return self.image_types.get(self.image_type, self.proxy_image)
