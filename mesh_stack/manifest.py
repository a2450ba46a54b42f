"""Turns Kubernetes YAML into Pulumi resources of their own, each previewed, awaited and refreshed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import yaml

Document = dict[str, Any]
Declared = Callable[[str, Document, pulumi.ResourceOptions], pulumi.Resource]


def documents(file: Path) -> Iterator[Document]:
    """Every object in a YAML file, in its order."""
    yield from (document for document in yaml.safe_load_all(file.read_text()) if document)


def declare(
    document: Document,
    namespace: str,
    values: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """Declare one object, in `namespace` unless it names its own. `values` replaces whole strings in it."""
    filled = _fill(document, values)
    metadata = {"namespace": namespace, **filled["metadata"]}
    kind = str(document["kind"])
    name = f"{metadata['namespace']}-{metadata['name']}-{kind}".lower()
    build = KINDS.get((str(document["apiVersion"]), kind), _custom_resource)
    return build(name, {**filled, "metadata": metadata}, opts)


def _fill(node: Any, values: Mapping[str, pulumi.Input[str]]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(child, values) for key, child in node.items()}
    if isinstance(node, list):
        return [_fill(child, values) for child in node]
    return values.get(node, node) if isinstance(node, str) else node


def _service_account(name: str, body: Document, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return k8s.core.v1.ServiceAccount(name, metadata=body["metadata"], opts=opts)


def _config_map(name: str, body: Document, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return k8s.core.v1.ConfigMap(name, metadata=body["metadata"], data=body.get("data"), opts=opts)


def _service(name: str, body: Document, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    # Its endpoints come with the Deployment, which is awaited anyway.
    body["metadata"].setdefault("annotations", {})["pulumi.com/skipAwait"] = "true"
    return k8s.core.v1.Service(name, metadata=body["metadata"], spec=body["spec"], opts=opts)


def _deployment(name: str, body: Document, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return k8s.apps.v1.Deployment(name, metadata=body["metadata"], spec=body["spec"], opts=opts)


def _custom_resource(name: str, body: Document, opts: pulumi.ResourceOptions) -> pulumi.Resource:
    return k8s.apiextensions.CustomResource(
        name,
        api_version=body["apiVersion"],
        kind=body["kind"],
        metadata=body["metadata"],
        spec=body.get("spec"),
        opts=opts,
    )


KINDS: dict[tuple[str, str], Declared] = {
    ("v1", "ServiceAccount"): _service_account,
    ("v1", "ConfigMap"): _config_map,
    ("v1", "Service"): _service,
    ("apps/v1", "Deployment"): _deployment,
}
