"""meshd's settings file, mesh.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml

ZIPKIN_HOST = "zipkin"
ZIPKIN_PORT = 9411


@dataclass(frozen=True)
class MeshConfigArgs:
    """What meshd has to know. `tracing_sampling` is a percentage; `more` are settings as mesh.yaml has them."""

    namespace: pulumi.Input[str]
    proxy_image: pulumi.Input[str]
    trust_domain: str
    tracing_sampling: float
    more: Mapping[str, Any]


def mesh_config(args: MeshConfigArgs) -> pulumi.Output[str]:
    """YAML text of mesh.yaml."""
    return pulumi.Output.all(args.namespace, args.proxy_image).apply(
        lambda known: render(known[0], known[1], args.trust_domain, args.tracing_sampling, args.more)
    )


def render(
    namespace: str, proxy_image: str, trust_domain: str, tracing_sampling: float, more: Mapping[str, Any]
) -> str:
    """The same from plain values."""
    config = {
        "trustDomain": trust_domain,
        "rootNamespace": namespace,
        "proxyImage": proxy_image,
        "tracing": {
            "sampling": tracing_sampling,
            "zipkin": {"host": f"{ZIPKIN_HOST}.{namespace}.svc.cluster.local", "port": ZIPKIN_PORT},
        },
        **more,
    }
    return yaml.safe_dump(config, sort_keys=False)
