"""What can be chosen about a cluster in Google's cloud."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GkeClusterArgs:
    """Project and location are not here: they are the provider's (`gcp:project`, `gcp:region`).

    Ranges are IPv4 CIDR blocks that must not overlap.
    """

    node_range: str = "10.0.0.0/20"
    pod_range: str = "10.4.0.0/14"
    service_range: str = "10.8.0.0/20"
    control_plane_range: str = "172.16.0.0/28"
    """Google wants a /28."""
    authorized_networks: tuple[str, ...] = ()
    """CIDR blocks from which the API may be reached; none for everywhere (it always asks for credentials)."""
    webhook_ports: tuple[int, ...] = (15017,)
    """TCP ports of pods that the API server calls, besides 443: meshd's admission webhooks."""
    machine_type: str = "e2-standard-4"
    min_nodes: int = 1
    """Per zone, of which a regional cluster has three."""
    max_nodes: int = 3
    """Per zone."""
    release_channel: str = "REGULAR"
    protected: bool = True
    """Refuse deletion, in Pulumi and at Google. Set it to False and run `pulumi up` before `pulumi destroy`."""
