"""`./mesh describe`: which policies act on a pod or a service, and why."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from commands.control_plane import ask_all
from commands.names import qualified

Json = Mapping[str, Any]


def run(options: argparse.Namespace) -> int:
    """Raises UserError when there is no such pod or service."""
    found = ask_all(f"/describe/{options.kind}/{quote(qualified(options.name))}")
    texts = {"pod": pod_lines, "service": service_lines}
    print(json.dumps(found, indent=2) if options.output == "json" else "\n".join(texts[options.kind](found)))
    return 0


def pod_lines(pod: Json) -> list[str]:
    """The pod, what it lets in, then its services."""
    lines = [f"pod {pod['pod']} in {pod['namespace']}, of {pod['workload']}, service account {pod['service_account']}"]
    if not pod["sidecar"]:
        lines.append("  no sidecar: label its namespace istio-injection=enabled and restart it to bring it in")
    lines += _section("mutual TLS", (f"port {m['port']}: {m['mode']}, from {m['from']}" for m in pod["mutual_tls"]))
    policies = (f"{p['object']}: {p['action']}, {p['rules']} rules" for p in pod["authorization"])
    lines += _section("authorization", policies, "every identity may do everything")
    lines += _section("request authentication", pod["request_authentication"])
    lines += _section("serves the gateways", pod["gateways"])
    for service in pod["services"]:
        lines += ["", *service_lines(service)]
    return lines


def service_lines(service: Json) -> list[str]:
    """The service, then who sends requests to it, how, and from where."""
    ports = ", ".join(f"{p['port']} {p['protocol']}" for p in service["ports"])
    lines = [f"service {service['service']} in {service['namespace']}, {service['hostname']}, ports {ports}"]
    lines += _section("pods", _pods(service["pods"]))
    rules = (_rule(rule) for rule in service["virtual_services"])
    lines += _section("virtual services", rules, "none: requests are spread over all pods")
    lines += _section("destination rules", map(_destination_rule, service["destination_rules"]))
    return lines + _section("exposed by", map(_gateway, service["gateways"]), "no gateway")


def _section(title: str, items: Iterable[str], otherwise: str = "") -> list[str]:
    found = list(items) or ([otherwise] if otherwise else [])
    return [f"  {title}:", *(f"    {item}" for item in found)] if found else []


def _pods(pods: Json) -> Iterator[str]:
    yield f"{pods['all']}, all with a sidecar" if not pods["without_sidecar"] else f"{pods['all']}"
    if pods["without_sidecar"]:
        yield f"without a sidecar: {', '.join(pods['without_sidecar'])}"


def _rule(rule: Json) -> str:
    waits = f" (for {', '.join(rule['waits_for'])})" if rule["waits_for"] else ""
    return f"{rule['object']}: {rule['acts']}{waits}"


def _destination_rule(rule: Json) -> str:
    subsets = f", subsets {', '.join(rule['subsets'])}" if rule.get("subsets") else ""
    tls = f", TLS {rule['tls']}" if "tls" in rule else ""
    return f"{rule['object']}: {rule['acts']}{tls}{subsets}"


def _gateway(gateway: Json) -> str:
    ports = ", ".join(map(str, gateway["ports"]))
    return f"{gateway['object']} at ports {ports}: {', '.join(gateway['hosts'])}, by {gateway['by']}"
