"""Istio's kinds, as meshd states them: its typed structs are the source of the schemas."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_kubernetes as k8s


def define_custom_resources(opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """One CustomResourceDefinition for each kind."""
    from meshd.api.crd import custom_resource_definitions

    return [_define(definition, opts) for definition in custom_resource_definitions()]


def _define(definition: dict[str, Any], opts: pulumi.ResourceOptions) -> k8s.apiextensions.v1.CustomResourceDefinition:
    return k8s.apiextensions.v1.CustomResourceDefinition(
        definition["metadata"]["name"],
        metadata=definition["metadata"],
        spec=definition["spec"],
        opts=opts,
    )
