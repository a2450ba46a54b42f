"""Whether a pod gets a proxy, and by which template.

The webhook's selectors have chosen namespaces (`istio-injection: enabled`) and pods that ask by label; here the pod
itself decides: https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from meshd.inject import annotations as names
from meshd.inject.gateway import AUTO_IMAGE
from meshd.inject.settings import CONTAINER

SYSTEM_NAMESPACES = frozenset(("kube-system", "kube-public", "kube-node-lease", "local-path-storage"))


class Template(Enum):
    SIDECAR = "sidecar"
    GATEWAY = "gateway"


def template_for(pod: dict[str, Any], namespace: str) -> Template | None:
    """The template to apply, or None to leave the pod alone. Raises InjectionError for a value that is no answer."""
    metadata, spec = pod["metadata"], pod["spec"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if namespace in SYSTEM_NAMESPACES or spec.get("hostNetwork") or names.STATUS in annotations:
        return None
    for kind, source in (("label", labels), ("annotation", annotations)):
        if names.INJECT in source:
            if not names.truth(names.INJECT, source[names.INJECT], kind):
                return None
            break
    template = _template(annotations)
    if template is Template.SIDECAR and _has_proxy(spec):
        return None
    return template


def _template(annotations: dict[str, str]) -> Template:
    value = annotations.get(names.TEMPLATES, Template.SIDECAR.value).strip()
    try:
        return Template(value)
    except ValueError:
        raise names.wrong(names.TEMPLATES, value, "use sidecar or gateway") from None


def _has_proxy(spec: dict[str, Any]) -> bool:
    """A proxy that somebody put there by hand is theirs."""
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    return any(each["name"] == CONTAINER and each.get("image") != AUTO_IMAGE for each in containers)
