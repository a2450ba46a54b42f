"""The table of all outside tools: version, what fits on PATH, the vendor's release, and how to make it."""

from __future__ import annotations

from toolchain.table import kubernetes, machine, peers, pulumi, servers
from toolchain.tool import Tool

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        pulumi.PULUMI,
        pulumi.PULUMI_KUBERNETES,
        kubernetes.KIND,
        kubernetes.KIND_BASE,
        kubernetes.KUBERNETES,
        kubernetes.KUBECTL,
        kubernetes.ETCD,
        kubernetes.COREDNS,
        servers.ENVOY,
        servers.PROMETHEUS,
        servers.ZIPKIN,
        servers.JRE,
        machine.DOCKERD,
        machine.DEBOOTSTRAP,
        machine.UV,
        peers.ISTIOD,
    )
}
