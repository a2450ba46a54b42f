"""The kubeconfig of a cluster in Google's cloud: it holds no credentials, a plugin gets them when asked."""

from __future__ import annotations

import json

PLUGIN = {
    "apiVersion": "client.authentication.k8s.io/v1beta1",
    "command": "gke-gcloud-auth-plugin",
    "installHint": "install it with: gcloud components install gke-gcloud-auth-plugin",
    "provideClusterInfo": True,
}


def gke_kubeconfig(context: str, endpoint: str, certificate: str) -> str:
    """JSON text with one context. `endpoint` is the API's IP address, `certificate` its CA's PEM in base64."""
    cluster = {"server": f"https://{endpoint}", "certificate-authority-data": certificate}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": {"exec": PLUGIN}}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        }
    )
