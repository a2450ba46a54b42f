"""Pods as the API server shows them to the webhook."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def reviews_pod(**metadata: Any) -> Json:
    """A pod of a Deployment, with an HTTP readiness probe at a named port."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "reviews-v1-5d8f7c9b64-",
            "namespace": "shop",
            "labels": {"app": "reviews", "version": "v1", "pod-template-hash": "5d8f7c9b64"},
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": "reviews-v1-5d8f7c9b64", "controller": True, "uid": "u"}
            ],
            **metadata,
        },
        "spec": {
            "serviceAccountName": "reviews",
            "containers": [
                {
                    "name": "reviews",
                    "image": "mesh-stack/shop:1",
                    "ports": [{"name": "http", "containerPort": 8080}],
                    "readinessProbe": {
                        "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
                        "periodSeconds": 2,
                        "timeoutSeconds": 1,
                    },
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    }


def gateway_pod() -> Json:
    """An ingress gateway as Istio's users write it, with the pull policy that the API server sets."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "istio-ingressgateway-6c7d9-",
            "namespace": "istio-system",
            "labels": {
                "app": "istio-ingressgateway",
                "istio": "ingressgateway",
                "pod-template-hash": "6c7d9",
                "sidecar.istio.io/inject": "true",
            },
            "annotations": {"inject.istio.io/templates": "gateway"},
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": "istio-ingressgateway-6c7d9", "controller": True, "uid": "u"}
            ],
        },
        "spec": {
            "serviceAccountName": "istio-ingressgateway-service-account",
            "terminationGracePeriodSeconds": 30,
            "containers": [
                {
                    "name": "istio-proxy",
                    "image": "auto",
                    "imagePullPolicy": "Always",
                    "env": [{"name": "LANG", "value": "C"}],
                    "ports": [{"name": "http", "containerPort": 80}, {"name": "https", "containerPort": 443}],
                    "resources": {"requests": {"cpu": "50m"}},
                }
            ],
        },
    }


CA_PEM = "-----BEGIN CERTIFICATE-----\nTUVTSA==\n-----END CERTIFICATE-----\n"
