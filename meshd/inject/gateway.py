"""Gateways: a pod whose author leaves the proxy's container to us, by the image "auto".

Nothing of the pod's traffic is captured: the proxy listens where its Gateway objects say. What the author set in the
container stays.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from meshd.inject.annotations import InjectionError
from meshd.inject.bootstrap import BootstrapInputs
from meshd.inject.labelling import label_pod
from meshd.inject.owner import owner_of
from meshd.inject.proxy_container import build_proxy_container, build_token_volume
from meshd.inject.settings import ADMIN_PORT, CONTAINER, TOKEN_VOLUME, InjectSettings
from meshd.inject.stats_matcher import asked_stats

Json = dict[str, Any]
AUTO_IMAGE = "auto"
DEFAULT_GRACE_SECONDS = 30
LONGEST_DRAIN_SECONDS = 15
_DRAIN = r"POST /drain_listeners?graceful&skip_exit HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_ASK_CLIENTS_TO_LEAVE = f"exec 3<>/dev/tcp/127.0.0.1/{ADMIN_PORT} && printf '{_DRAIN}' >&3 && cat <&3"
_NAMED_LISTS = {"env": "name", "ports": "containerPort", "volumeMounts": "mountPath"}
"""Lists of a container, and the field that tells their entries apart."""


def inject_gateway(pod: Json, namespace: str, ca_pem: str, settings: InjectSettings) -> Json:
    """A copy of `pod` whose container `istio-proxy` is complete. Raises InjectionError."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    given = next((each for each in spec["containers"] if each["name"] == CONTAINER), None)
    if given is None:
        raise InjectionError(f'template gateway: a container named {CONTAINER} with image "auto" is missing')
    owner = owner_of(pod, namespace, settings.mesh)
    annotations = pod["metadata"].get("annotations") or {}
    stats = tuple(asked_stats(annotations))
    inputs = BootstrapInputs(settings.discovery_address, ca_pem, (), stats, settings.mesh.cluster_domain)
    ours = build_proxy_container("router", owner, annotations, inputs, settings)
    ours["lifecycle"] = {"preStop": _drain(spec.get("terminationGracePeriodSeconds", DEFAULT_GRACE_SECONDS))}
    _complete(given, ours)
    spec["volumes"] = [*(spec.get("volumes") or ()), build_token_volume(settings)]
    label_pod(pod, owner, {}, json.dumps({"volumes": [TOKEN_VOLUME], "revision": "default"}))
    return pod


def _complete(given: Json, ours: Json) -> None:
    """Fill in what the author left open; lists such as the environment get our entries after theirs.

    The pull policy of an image "auto" is not the author's: the API server has set it to Always, there being no tag.
    """
    if given.get("image") in (AUTO_IMAGE, "", None):
        given |= {"image": ours["image"], "imagePullPolicy": ours["imagePullPolicy"]}
    for field, value in ours.items():
        key = _NAMED_LISTS.get(field)
        if key:
            theirs = given.get(field) or []
            taken = {entry.get(key) for entry in theirs}
            given[field] = [*theirs, *(entry for entry in value if entry[key] not in taken)]
        elif not given.get(field):
            given[field] = value


def _drain(grace: int) -> Json:
    """Goes on serving while the address spreads out of load balancers, and asks clients to leave meanwhile.

    Without it Envoy would end with its first signal, and all requests in flight with it.
    """
    seconds = max(1, min(LONGEST_DRAIN_SECONDS, grace - 5))
    return {"exec": {"command": ["/bin/bash", "-c", f"{_ASK_CLIENTS_TO_LEAVE}; sleep {seconds}"]}}
