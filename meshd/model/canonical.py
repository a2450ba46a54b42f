"""What metrics call a workload: one rule for proxies, certificates and endpoints, so that both sides agree.

https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
"""

from collections.abc import Mapping

LATEST = "latest"
"""The version of a workload that names none."""


def app_of(labels: Mapping[str, str], workload_name: str) -> str:
    """The label `app`, else Kubernetes' recommended one, else the workload's own name."""
    return labels.get("app") or labels.get("app.kubernetes.io/name") or workload_name


def version_of(labels: Mapping[str, str]) -> str:
    """The label `version`, else Kubernetes' recommended one, else LATEST."""
    return labels.get("version") or labels.get("app.kubernetes.io/version") or LATEST
