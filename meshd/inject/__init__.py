"""The webhooks: sidecars and gateways injected into pods, and Istio objects validated on their way in.

Pure functions from pod to pod, with the HTTP application around them. Imports no Kubernetes client.
"""

from meshd.inject.app import build_app
from meshd.inject.settings import InjectSettings

__all__ = ["InjectSettings", "build_app"]
