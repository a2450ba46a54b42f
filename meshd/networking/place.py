"""Where requests and connections arrive, as far as rules ask for it."""

from dataclasses import dataclass

from meshd.model.labels import Labels, selects
from meshd.model.route import MESH_GATEWAY, HttpMatch, L4Match, RouteRules


@dataclass(frozen=True, slots=True)
class Place:
    """At `gateway` ("mesh" for a sidecar), on `port`, at proxies in `namespace` with `labels`; by TLS or not."""

    gateway: str
    port: int
    namespace: str
    labels: Labels = ()
    tls: bool = False

    @property
    def scheme(self) -> str:
        """Of requests that arrive here."""
        return "https" if self.tls else "http"

    def fulfils(self, match: HttpMatch | L4Match, rules: RouteRules) -> bool:
        """Whether what arrives here can fulfil `match` of `rules`, as far as no request or connection is looked at.

        What is said of the client, its labels and namespace, is true of no client of a gateway but ignored there.
        https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
        """
        return (
            self.gateway in (match.gateways or rules.gateways)
            and match.port in (0, self.port)
            and (self.gateway != MESH_GATEWAY or self._is_client(match))
        )

    def _is_client(self, match: HttpMatch | L4Match) -> bool:
        return match.source_namespace in ("", self.namespace) and selects(match.source_labels, self.labels)
