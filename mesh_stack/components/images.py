"""Every image the stack runs, side by side: they do not wait for one another."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from mesh_stack.components.image import Image, ImageArgs
from mesh_stack.settings import Settings


@dataclass(frozen=True)
class ImagesArgs:
    """`cluster_identity` ties them to one cluster: another one needs them loaded anew."""

    settings: Settings
    cluster_identity: pulumi.Input[str]


class Images(pulumi.ComponentResource):
    """References of images that the cluster's nodes hold."""

    base: pulumi.Output[str]
    """Debian with python3: what the conformance suite's pods run."""
    meshd: pulumi.Output[str]
    proxy: pulumi.Output[str]
    prometheus: pulumi.Output[str]
    zipkin: pulumi.Output[str]
    shop: pulumi.Output[str]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:images:Images", name, {}, opts)
        self._args = args
        self.base = self._image("base")
        self.meshd = self._image("meshd")
        self.proxy = self._image("proxy")
        self.prometheus = self._image("prometheus")
        self.zipkin = self._image("zipkin")
        self.shop = self._image("shop")
        self.register_outputs({"meshd": self.meshd, "proxy": self.proxy})

    def _image(self, recipe: str) -> pulumi.Output[str]:
        args = ImageArgs(recipe, self._args.settings, self._args.cluster_identity)
        return Image(recipe, args, pulumi.ResourceOptions(parent=self)).reference
