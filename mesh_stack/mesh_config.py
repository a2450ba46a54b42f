"""meshd's settings file, mesh.yaml."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import yaml

ZIPKIN_HOST = "zipkin"
ZIPKIN_PORT = 9411


@dataclass(frozen=True)
class MeshConfigArgs:
    """What meshd has to know. `tracing_sampling` is a percentage."""

    namespace: pulumi.Input[str]
    proxy_image: pulumi.Input[str]
    trust_domain: str
    tracing_sampling: float


def mesh_config(args: MeshConfigArgs) -> pulumi.Output[str]:
    """YAML text of mesh.yaml."""
    return pulumi.Output.all(args.namespace, args.proxy_image).apply(
        lambda known: render(known[0], known[1], args.trust_domain, args.tracing_sampling)
    )


def render(namespace: str, proxy_image: str, trust_domain: str, tracing_sampling: float) -> str:
    """The same from plain values."""
    config = {
        "trustDomain": trust_domain,
        "rootNamespace": namespace,
        "proxyImage": proxy_image,
        "tracing": {
            "sampling": tracing_sampling,
            "zipkin": {"host": f"{ZIPKIN_HOST}.{namespace}.svc.cluster.local", "port": ZIPKIN_PORT},
        },
    }
    return yaml.safe_dump(config, sort_keys=False)
