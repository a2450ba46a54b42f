"""Whose pod it is: the names that metrics, traces and canonical labels go by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from meshd.model.canonical import app_of, version_of
from meshd.model.mesh import MeshConfig, spiffe_id

Json = dict[str, Any]
_CRON_RUN = re.compile(r"-\d{8,}$")


@dataclass(frozen=True, slots=True)
class Owner:
    """`app` and `version` are those of metrics; `revision` is the version, or "latest" where there is none."""

    namespace: str
    workload: str
    app: str
    version: str
    service_account: str
    principal: str


def owner_of(pod: Json, namespace: str, mesh: MeshConfig) -> Owner:
    """Names of a pod that is about to be created in `namespace`."""
    labels = pod["metadata"].get("labels") or {}
    workload = workload_name(pod["metadata"])
    account = pod["spec"].get("serviceAccountName") or "default"
    return Owner(
        namespace=namespace,
        workload=workload,
        app=app_of(labels, workload),
        version=version_of(labels),
        service_account=account,
        principal=spiffe_id(mesh.trust_domain, namespace, account),
    )


def workload_name(metadata: Json) -> str:
    """The owner that people know the pod by, told by the same rules as ingest tells it.

    A ReplicaSet's name is its Deployment's with the pod's template hash; a Job's is that of its CronJob with the
    time of the run. A pod without an owner has its own name.
    """
    owners = metadata.get("ownerReferences") or ()
    owner = next((each for each in owners if each.get("controller")), None)
    if owner is None or owner["kind"] == "Node":
        return str(metadata.get("name") or metadata.get("generateName", "").rstrip("-"))
    name = str(owner["name"])
    if owner["kind"] == "ReplicaSet":
        template_hash = (metadata.get("labels") or {}).get("pod-template-hash", "")
        return name.removesuffix(f"-{template_hash}") if template_hash else name
    return _CRON_RUN.sub("", name) if owner["kind"] == "Job" else name
