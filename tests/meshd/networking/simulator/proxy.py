"""A proxy as its resources describe it."""

from dataclasses import dataclass
from typing import Any

from tests.meshd.networking.simulator.actions import outcome_of
from tests.meshd.networking.simulator.matching import fits, virtual_host_of
from tests.meshd.networking.simulator.request import Outcome, Request

Json = dict[str, Any]
NOT_FOUND = Outcome(status=404)
_MANAGER = "envoy.filters.network.http_connection_manager"


@dataclass(frozen=True)
class Proxy:
    """`resources` are {type: {name: resource}}."""

    resources: dict[str, Json]

    def send(self, request: Request, address: str = "0.0.0.0") -> Outcome:
        """What becomes of a request to `address`, which is a service's cluster IP for listeners that have one."""
        route = self.route_of(request, address)
        return outcome_of(route, request) if route else NOT_FOUND

    def route_of(self, request: Request, address: str = "0.0.0.0") -> Json | None:
        """The first route that fits the request; None when Envoy has none and answers 404."""
        name = self._route_configuration(request, address)
        configuration = self.resources["RouteConfiguration"][name]
        by_vhds = [host for key, host in self.resources["VirtualHost"].items() if key.startswith(f"{name}/")]
        host = virtual_host_of(configuration, [*by_vhds, *configuration.get("virtualHosts", ())], request)
        if host is None:
            return None
        assert "requireTls" not in host, "redirects of whole hosts to HTTPS are not modelled"
        return next((route for route in host.get("routes", ()) if fits(route["match"], request)), None)

    def _route_configuration(self, request: Request, address: str) -> str:
        listeners = self.resources["Listener"]
        listener = listeners.get(f"{address}_{request.port}") or listeners[f"0.0.0.0_{request.port}"]
        chains = [chain for chain in listener["filterChains"] if _takes(chain, request)]
        [manager] = [f["typedConfig"] for f in chains[0]["filters"] if f["name"] == _MANAGER]
        found: str = manager["rds"]["routeConfigName"]
        return found


def _takes(chain: Json, request: Request) -> bool:
    names = chain.get("filterChainMatch", {}).get("serverNames")
    if names is None:
        return True
    host = request.host.partition(":")[0]
    return any(host == name or (name.startswith("*") and host.endswith(name[1:])) for name in names)
