"""kind's cluster configuration, and the note left in a node that its cluster was made completely."""

from __future__ import annotations

import json
from typing import Any

from clusters.node.recipe import POD_SUBNET
from clusters.provider import ClusterSpec

LOCALHOST = "127.0.0.1"
COMPLETE = "/kind/mesh-stack.json"


def kind_config(spec: ClusterSpec, own_network: bool) -> dict[str, Any]:
    """Configuration of a one-node cluster; JSON is YAML, so kind reads it as it is.

    `own_network`: the node image brings its pod network, so kind installs none.
    """
    mappings = [
        {"containerPort": node_port, "hostPort": port, "listenAddress": LOCALHOST, "protocol": "TCP"}
        for port, node_port in spec.node_ports.values()
    ]
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": spec.name,
        "networking": {
            "apiServerAddress": LOCALHOST,
            "disableDefaultCNI": own_network,
            "podSubnet": POD_SUBNET,
        },
        "nodes": [{"role": "control-plane", "extraPortMappings": mappings}],
    }


def complete_note(spec: ClusterSpec, checkout: str) -> str:
    """What a node is told once its cluster is whole: enough to see later whether it is what is wanted."""
    return json.dumps({"name": spec.name, "ports": spec.node_ports, "checkout": checkout}, sort_keys=True)


def node_name(cluster: str) -> str:
    """The container that is a kind cluster's only node."""
    return f"{cluster}-control-plane"
