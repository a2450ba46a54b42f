"""Where people reach the stack's pages."""

from __future__ import annotations

import pulumi

from mesh_stack.components.ingress_gateway import PORTS
from mesh_stack.components.telemetry import PROMETHEUS_NODE_PORT, ZIPKIN_NODE_PORT
from mesh_stack.settings import Settings


def of(settings: Settings, load_balancer: pulumi.Output[str | None]) -> dict[str, pulumi.Input[str]]:
    """Output name → URL: through kind's published ports, else through the nodes or the load balancer."""
    node_ports = {port.port: port.node_port for port in PORTS}
    if settings.cluster_provider == "kind":
        host = "127.0.0.1"
        ports = (settings.http_port, settings.https_port, settings.prometheus_port, settings.zipkin_port)
    else:
        host = settings.node_address
        ports = (node_ports[80] or 80, node_ports[443] or 443, PROMETHEUS_NODE_PORT, ZIPKIN_NODE_PORT)
    http, https, prometheus, zipkin = ports
    gateway: pulumi.Input[str] = f"http://{host}:{http}"
    gateway_https: pulumi.Input[str] = f"https://{host}:{https}"
    if settings.gateway_service_type == "LoadBalancer":
        known = load_balancer.apply(lambda address: address or "pending")
        gateway = pulumi.Output.concat("http://", known)
        gateway_https = pulumi.Output.concat("https://", known)
    urls = {"gatewayUrl": gateway, "gatewayHttpsUrl": gateway_https}
    shop = {"shopUrl": gateway} if settings.shop else {}
    pages = {"prometheusUrl": f"http://{host}:{prometheus}", "zipkinUrl": f"http://{host}:{zipkin}"}
    return {**shop, **urls, **pages}
