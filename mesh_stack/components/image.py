"""A container image as a resource: built from its recipe, loaded, and put back when it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider

from mesh_stack import cluster_lifecycle, image_lifecycle
from mesh_stack.settings import Settings

REPLACED_WHEN_CHANGED = ("recipe", "reference", "cluster")


@dataclass(frozen=True)
class ImageArgs:
    """`recipe` names one of mesh_stack/recipes.py; `cluster_identity` ties the image to one cluster."""

    recipe: str
    settings: Settings
    cluster_identity: pulumi.Input[str]


class ImageLifecycle(ResourceProvider):
    """What Pulumi calls to have an image in the cluster. Old ones are left: a rollback may need them."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["reference"], image_lifecycle.create(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_ if image_lifecycle.is_there(props) else "", props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key in REPLACED_WHEN_CHANGED if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)


class Image(Resource, module="mesh-stack", name="Image"):
    """An image that pods of the cluster can run."""

    reference: pulumi.Output[str]

    def __init__(self, name: str, args: ImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        props = {
            "recipe": args.recipe,
            "reference": image_lifecycle.reference(args.recipe, args.settings.image_prefix),
            "cluster": args.cluster_identity,
            "clusterSpec": cluster_lifecycle.spec_of(args.settings),
        }
        super().__init__(ImageLifecycle(), name, props, opts)
