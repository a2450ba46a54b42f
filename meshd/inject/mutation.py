"""The answer of the mutating webhook: a pod, injected, left alone, or refused with the reason."""

from __future__ import annotations

from typing import Any

import msgspec

from meshd.inject.annotations import InjectionError, unsupported
from meshd.inject.decision import Template, template_for
from meshd.inject.gateway import inject_gateway
from meshd.inject.json_patch import json_patch
from meshd.inject.measures import INJECTIONS
from meshd.inject.proxy_config import settings_for, warnings_of
from meshd.inject.review import Request, allow, refuse
from meshd.inject.settings import InjectSettings
from meshd.inject.sidecar import inject_sidecar
from meshd.model.proxy_config import FindProxyConfigs

Json = dict[str, Any]
_INJECT = {Template.SIDECAR: inject_sidecar, Template.GATEWAY: inject_gateway}


def answer_injection(
    request: Request, ca_pem: str, settings: InjectSettings, find: FindProxyConfigs = lambda _: ()
) -> Json:
    """The AdmissionReview for a pod that is about to be created. `find` knows the ProxyConfig objects."""
    pod = msgspec.json.decode(request.object)
    namespace = request.namespace or pod["metadata"].get("namespace", "default")
    try:
        template = template_for(pod, namespace)
        if template is None:
            INJECTIONS.labels("skipped").inc()
            return allow(request)
        settings = settings_for(pod, namespace, settings, find)
        injected = _INJECT[template](pod, namespace, ca_pem, settings)
    except InjectionError as error:
        INJECTIONS.labels("refused").inc()
        return refuse(request, f"pod {namespace}/{_name(pod)}: {error}")
    INJECTIONS.labels("injected").inc()
    warnings = [*unsupported(pod["metadata"].get("annotations") or {}), *warnings_of(pod, settings)]
    return allow(request, tuple(json_patch(pod, injected)), warnings)


def _name(pod: Json) -> str:
    metadata = pod["metadata"]
    return str(metadata.get("name") or f"{metadata.get('generateName', '')}*")
