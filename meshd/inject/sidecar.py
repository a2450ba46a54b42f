"""The sidecar: capture of the pod's traffic, then Envoy, before anything else of the pod runs.

Init containers run in order, so `istio-init` and the proxy come first: the app's own init containers then already
have the network they will be used to. As a native sidecar (an init container that is always restarted) the proxy is
started before the app and stopped after it, and does not keep a Job from ending.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from meshd.inject import annotations as names
from meshd.inject.bootstrap import BootstrapInputs
from meshd.inject.capture import capture_of, iptables_rules
from meshd.inject.labelling import label_pod
from meshd.inject.owner import owner_of
from meshd.inject.probes import ProbeTarget, rewrite_probes
from meshd.inject.proxy_container import build_proxy_container, build_token_volume, security_context
from meshd.inject.settings import CONTAINER, INIT_CONTAINER, TOKEN_VOLUME, UID, InjectSettings
from meshd.inject.stats_matcher import asked_stats
from meshd.inject.user_volumes import user_volume_mounts, user_volumes

Json = dict[str, Any]
TLS_MODE = "security.istio.io/tlsMode"
_APPLY = "printf '%s' \"$IPTABLES_RULES\" | iptables-restore"


def inject_sidecar(pod: Json, namespace: str, ca_pem: str, settings: InjectSettings) -> Json:
    """A copy of `pod` with the sidecar. Raises InjectionError."""
    _check_users(pod["spec"])
    pod = copy.deepcopy(pod)
    annotations = pod["metadata"].get("annotations") or {}
    probes: tuple[ProbeTarget, ...] = ()
    if names.truth(names.REWRITE_PROBES, annotations.get(names.REWRITE_PROBES, "true")):
        pod["spec"], probes = rewrite_probes(pod["spec"])
    owner = owner_of(pod, namespace, settings.mesh)
    stats = tuple(asked_stats(annotations))
    inputs = BootstrapInputs(settings.discovery_address, ca_pem, probes, stats, settings.mesh.cluster_domain)
    proxy = build_proxy_container("sidecar", owner, annotations, inputs, settings)
    proxy["restartPolicy"] = "Always"
    proxy["volumeMounts"] += user_volume_mounts(annotations)
    init = _init_container(iptables_rules(capture_of(annotations)), proxy["image"], settings)
    spec = pod["spec"]
    spec["initContainers"] = [init, proxy, *(spec.get("initContainers") or ())]
    spec["volumes"] = [*(spec.get("volumes") or ()), *user_volumes(annotations), build_token_volume(settings)]
    label_pod(pod, owner, {TLS_MODE: "istio"}, _status())
    return pod


def _init_container(rules: str, image: str, settings: InjectSettings) -> Json:
    """Sets the rules up and exits; the only container with a right over the pod's network."""
    return {
        "name": INIT_CONTAINER,
        "image": image,
        "imagePullPolicy": settings.image_pull_policy,
        "command": ["/bin/sh", "-c", _APPLY],
        "env": [{"name": "IPTABLES_RULES", "value": rules}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": security_context(0, ("NET_ADMIN", "NET_RAW")),
    }


def _status() -> str:
    """What was added, in the form that Istio's tools read."""
    return json.dumps(
        {
            "initContainers": [INIT_CONTAINER, CONTAINER],
            "containers": [],
            "volumes": [TOKEN_VOLUME],
            "revision": "default",
        }
    )


def _check_users(spec: Json) -> None:
    """An app that runs as the proxy's user would not be captured."""
    contexts = [("pod", spec.get("securityContext") or {})]
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        contexts.append((f"container {container['name']}", container.get("securityContext") or {}))
    for owner, context in contexts:
        for field in ("runAsUser", "runAsGroup"):
            if context.get(field) == UID:
                raise names.InjectionError(
                    f"{owner}: securityContext.{field} {UID} is the proxy's own: use another number"
                )
