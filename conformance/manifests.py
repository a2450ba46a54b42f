"""The YAML beside each test: filled in, applied, deleted again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import yaml

from conformance.kubernetes import Kubernetes
from conformance.settings import Settings

Object = dict[str, Any]


def values_of(settings: Settings) -> dict[str, str]:
    """What ${…} in a manifest may name."""
    gateway_key, gateway_value = settings.gateway_selector.split("=")
    injection_key, injection_value = settings.injection_label.split("=")
    return {
        "namespace": settings.namespace,
        "far": settings.far_namespace,
        "outside": settings.outside_namespace,
        "image": settings.image,
        "log_provider": settings.log_provider,
        "trace_provider": settings.trace_provider,
        "gateway_selector": f"{{{gateway_key}: {gateway_value}}}",
        "gateway_namespace": settings.gateway_namespace,
        "injection": f"{{{injection_key}: {injection_value}}}",
        "trust_domain": settings.trust_domain,
    }


def render(path: Path, values: Mapping[str, str]) -> list[Object]:
    """The objects of a manifest. `$$` stands for one `$`; KeyError when a value is not given."""
    return [item for item in yaml.safe_load_all(Template(path.read_text()).substitute(values)) if item]


def identity_of(item: Object) -> tuple[str, str, str]:
    """(kind, namespace, name); the namespace is empty when the object does not say."""
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def replace_same(objects: list[Object], replacements: list[Object]) -> list[Object]:
    """`objects` with those exchanged that a replacement shares kind, namespace and name with."""
    by_identity = {identity_of(item): item for item in replacements}
    return [by_identity.get(identity_of(item), item) for item in objects]


@dataclass(frozen=True)
class Manifests:
    """Applies manifests for one run. In a run with sabotage, what reaches the cluster is not what was written."""

    kubernetes: Kubernetes
    settings: Settings

    def objects(self, path: Path, **more: str) -> list[Object]:
        """The objects of `path` with the run's values and `more` filled in, sabotage included."""
        values = {**values_of(self.settings), **more}
        objects = render(path, values)
        if self.settings.sabotage is None:
            return objects
        return replace_same(objects, render(self.settings.sabotage, values))

    def apply(self, path: Path, **more: str) -> None:
        """Apply for good (the namespaces' deletion ends it)."""
        self.kubernetes.apply(yaml.safe_dump_all(self.objects(path, **more)))

    @contextmanager
    def applied(self, path: Path, **more: str) -> Iterator[None]:
        """Apply for the length of a block."""
        text = yaml.safe_dump_all(self.objects(path, **more))
        self.kubernetes.apply(text)
        try:
            yield
        finally:
            self.kubernetes.delete(text)
