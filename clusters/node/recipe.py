"""What a node image made without a registry consists of, and the key that changes when any of it does."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from clusters.base_image import BASE_PACKAGES
from clusters.rootfs import SUITE

KUBERNETES = "1.34.4"
KIND = "0.32.0"
OFFICIAL_IMAGE = f"kindest/node:v{KUBERNETES}"
REPOSITORY = "mesh-stack/node"
POD_SUBNET = "10.244.0.0/16"

PACKAGES = (
    *("bash", "ca-certificates", "conntrack", "containerd", "containernetworking-plugins", "curl", "dbus"),
    *(
        "ethtool",
        "iproute2",
        "ipset",
        "iptables",
        "jq",
        "kmod",
        "mount",
        "nftables",
        "procps",
        "rsync",
        "runc",
    ),
    *("socat", "systemd", "systemd-sysv", "util-linux"),
)

CNI_PLUGINS = ("host-local", "loopback", "portmap", "ptp")

# One node, so its pods' addresses need no controller to hand them out. Pods reach each other by plain routes.
CNI_CONFIG: dict[str, Any] = {
    "cniVersion": "0.4.0",
    "name": "pods",
    "plugins": [
        {
            "type": "ptp",
            "ipMasq": True,
            "ipam": {
                "type": "host-local",
                "dataDir": "/run/cni-ipam-state",
                "ranges": [[{"subnet": "10.244.0.0/24"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

# kind applies both files; neither may be empty.
DEFAULT_CNI = "# the network is configured in /etc/cni/net.d\n"
DEFAULT_STORAGE = """apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
"""


def key() -> str:
    """Hash of everything the node image is made from: versions, packages, and the code that makes it."""
    parts = [KUBERNETES, KIND, SUITE, *PACKAGES, *BASE_PACKAGES, json.dumps(CNI_CONFIG)]
    sources = ("archive.py", "install.py", "pause/main.go", "recipe.py")
    parts += [(Path(__file__).parent / source).read_text() for source in sources]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def image() -> str:
    """The node image's reference."""
    return f"{REPOSITORY}:v{KUBERNETES}-{key()}"
