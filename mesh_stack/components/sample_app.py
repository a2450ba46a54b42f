"""The demo shop: its plain manifests, which say nothing of a mesh, and the policies that route to it.

The manifests are those a reader applies by hand; `${image}` in them is the one thing filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from mesh_stack.manifest import declare, documents

POLICIES = ("sidecar.yaml", "gateway.yaml", "destination-rules.yaml", "virtual-service.yaml")


@dataclass(frozen=True)
class SampleAppArgs:
    """`manifests` is a folder of YAML files, of the folder `policies` the files POLICIES are taken."""

    image: pulumi.Input[str]
    manifests: Path
    policies: Path
    namespace: str = "shop"


class SampleApp(pulumi.ComponentResource):
    """Ready when every service of the shop is. Needs the injector: depend on the control plane."""

    namespace: pulumi.Output[str]

    def __init__(self, name: str, args: SampleAppArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:sample_app:SampleApp", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = k8s.core.v1.Namespace(
            args.namespace,
            metadata={"name": args.namespace, "labels": {"istio-injection": "enabled"}},
            opts=child,
        )
        policies = self._declare([args.policies / name for name in POLICIES], args, [namespace])
        # After the policies: what a proxy has once been told stays in its memory.
        self._declare(sorted(args.manifests.glob("*.yaml")), args, policies)
        self.namespace = namespace.metadata.name.apply(lambda known: known or args.namespace)
        self.register_outputs({"namespace": self.namespace})

    def _declare(
        self, files: Iterable[Path], args: SampleAppArgs, after: Sequence[pulumi.Resource]
    ) -> list[pulumi.Resource]:
        options = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        found = (document for file in files for document in documents(file))
        return [declare(document, args.namespace, {"${image}": args.image}, options) for document in found]
