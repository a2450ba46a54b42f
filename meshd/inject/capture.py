"""Traffic capture: the pod's own iptables rules, which bring every TCP connection of the app through Envoy.

    in:  PREROUTING ─▶ ISTIO_INBOUND ─▶ ISTIO_IN_REDIRECT ─▶ 15006
    out: OUTPUT ─▶ ISTIO_OUTPUT ─▶ ISTIO_REDIRECT ─▶ 15001, but for what Envoy itself (uid 1337) sends

Chains have the names that people know from Istio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshd.inject import annotations as names
from meshd.inject.settings import HEALTH_PORT, INBOUND_PORT, METRICS_PORT, OUTBOUND_PORT, UID

TUNNEL_PORT = 15008
LEGACY_HEALTH_PORT = 15020
OWN_PORTS = (TUNNEL_PORT, METRICS_PORT, HEALTH_PORT, LEGACY_HEALTH_PORT)
"""Never captured: the kubelet and Prometheus reach the proxy itself there. 15008 and 15020 are Istio's."""
INBOUND_SOURCE = "127.0.0.6"
"""Envoy's source address towards its own app, so that such connections are not captured again."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What to bring through the proxy. None for an `include_…` means all."""

    include_inbound_ports: tuple[int, ...] | None = None
    exclude_inbound_ports: tuple[int, ...] = ()
    include_outbound_ranges: tuple[str, ...] | None = None
    exclude_outbound_ranges: tuple[str, ...] = ()
    include_outbound_ports: tuple[int, ...] = ()
    exclude_outbound_ports: tuple[int, ...] = ()


def capture_of(annotations: Mapping[str, str]) -> Capture:
    """What a pod's annotations ask for. Raises InjectionError that names the annotation."""
    return Capture(
        include_inbound_ports=names.ports_or_all(annotations, names.INCLUDE_INBOUND_PORTS),
        exclude_inbound_ports=names.ports(annotations, names.EXCLUDE_INBOUND_PORTS),
        include_outbound_ranges=names.ranges_or_all(annotations, names.INCLUDE_OUTBOUND_IP_RANGES),
        exclude_outbound_ranges=names.ranges(annotations, names.EXCLUDE_OUTBOUND_IP_RANGES),
        include_outbound_ports=names.ports(annotations, names.INCLUDE_OUTBOUND_PORTS),
        exclude_outbound_ports=names.ports(annotations, names.EXCLUDE_OUTBOUND_PORTS),
    )


def iptables_rules(capture: Capture) -> str:
    """Input of iptables-restore, to be applied as a whole: the same again gives the same."""
    lines = (
        "*nat",
        *(f":{chain} ACCEPT [0:0]" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")),
        *(f":ISTIO_{chain} - [0:0]" for chain in ("INBOUND", "IN_REDIRECT", "OUTPUT", "REDIRECT")),
        f"-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports {OUTBOUND_PORT}",
        f"-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports {INBOUND_PORT}",
        "-A PREROUTING -p tcp -j ISTIO_INBOUND",
        *_inbound(capture),
        "-A OUTPUT -p tcp -j ISTIO_OUTPUT",
        *_own_connections(),
        *_outbound(capture),
        "COMMIT",
    )
    return "\n".join(lines) + "\n"


def _inbound(capture: Capture) -> list[str]:
    rules = [_to_port("ISTIO_INBOUND", port, "RETURN") for port in OWN_PORTS]
    if capture.include_inbound_ports is None:
        rules += [_to_port("ISTIO_INBOUND", port, "RETURN") for port in capture.exclude_inbound_ports]
        return [*rules, "-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT"]
    wanted = [port for port in capture.include_inbound_ports if port not in capture.exclude_inbound_ports]
    return rules + [_to_port("ISTIO_INBOUND", port, "ISTIO_IN_REDIRECT") for port in wanted]


def _own_connections() -> list[str]:
    """Envoy's own connections go out; to its own pod's address they come in again like anyone's.

    That last case is an app calling its own Service and being chosen as the endpoint.
    """
    rules = [f"-A ISTIO_OUTPUT -o lo -s {INBOUND_SOURCE}/32 -j RETURN"]
    for owner in ("uid", "gid"):
        match = f"-m owner --{owner}-owner {UID}"
        rules.append(
            f"-A ISTIO_OUTPUT -o lo ! -d 127.0.0.1/32 -p tcp ! --dport {TUNNEL_PORT} {match} -j ISTIO_IN_REDIRECT"
        )
        rules.append(f"-A ISTIO_OUTPUT -o lo -m owner ! --{owner}-owner {UID} -j RETURN")
        rules.append(f"-A ISTIO_OUTPUT {match} -j RETURN")
    return rules


def _outbound(capture: Capture) -> list[str]:
    rules = ["-A ISTIO_OUTPUT -d 127.0.0.1/32 -j RETURN"]
    rules += [_to_port("ISTIO_OUTPUT", port, "RETURN") for port in capture.exclude_outbound_ports]
    rules += [f"-A ISTIO_OUTPUT -d {cidr} -j RETURN" for cidr in capture.exclude_outbound_ranges]
    rules += [_to_port("ISTIO_OUTPUT", port, "ISTIO_REDIRECT") for port in capture.include_outbound_ports]
    if capture.include_outbound_ranges is None:
        return [*rules, "-A ISTIO_OUTPUT -j ISTIO_REDIRECT"]
    return rules + [f"-A ISTIO_OUTPUT -d {cidr} -j ISTIO_REDIRECT" for cidr in capture.include_outbound_ranges]


def _to_port(chain: str, port: int, target: str) -> str:
    return f"-A {chain} -p tcp --dport {port} -j {target}"
