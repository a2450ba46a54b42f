"""What the policies share: a component around one object, whose spec is the set fields of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

NETWORKING = "networking.istio.io/v1"
SECURITY = "security.istio.io/v1"
OBJECT_FIELDS = ("namespace", "object_name")


@dataclass(frozen=True, kw_only=True)
class PolicyArgs:
    """Where the object lives. `object_name` is its name in Kubernetes; the resource's own when absent."""

    namespace: pulumi.Input[str]
    object_name: str | None = None


class Policy(pulumi.ComponentResource):
    """One object of the mesh's API."""

    resource: k8s.apiextensions.CustomResource

    def __init__(
        self,
        api_version: str,
        name: str,
        args: PolicyArgs,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        kind = type(self).__name__
        super().__init__(f"mesh-stack:policies:{kind}", name, {}, opts)
        self.resource = k8s.apiextensions.CustomResource(
            name,
            api_version=api_version,
            kind=kind,
            metadata={"name": args.object_name or name, "namespace": args.namespace},
            spec=spec_of(args),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"name": args.object_name or name, "namespace": args.namespace})


def spec_of(args: PolicyArgs) -> Mapping[str, Any]:
    """The object's spec: set fields under their names in the API."""
    given = {field.name: getattr(args, field.name) for field in fields(args)}
    return {
        _camel_case(name): value for name, value in given.items() if value is not None and name not in OBJECT_FIELDS
    }


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
