"""The image of a pod's proxy is of the type that is told, or whoever makes the pod is told that there is none.

Pods are only tried: the API server shows what they would be, and says what the webhooks have to say.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.proxy_config
HERE = Path(__file__).parent
TYPE = "debug"


@pytest.mark.usefixtures("backends")
def test_a_type_of_image_is_used_or_said_to_be_missing(
    manifests: Manifests, kubernetes: Kubernetes, settings: Settings
) -> None:
    def tried(name: str) -> tuple[str, bool]:
        """The image that the proxy of a pod would have, and whether the type is spoken of."""
        pod = yaml.safe_dump_all(manifests.objects(HERE / "pod.yaml", name=name, annotations="{}"))
        kubectl = kubernetes.start("create", "--dry-run=server", "-o", "json", "-f", "-")
        made, said = kubectl.communicate(pod, timeout=TIMEOUTS.kubectl)
        assert kubectl.returncode == 0, said
        spec = json.loads(made)["spec"]
        containers = (*spec["containers"], *spec.get("initContainers", ()))
        (proxy,) = [each for each in containers if each["name"] == settings.proxy_container]
        return str(proxy["image"]), TYPE in said

    usual, _ = tried("usual")

    def check() -> None:
        image, said = tried("another")
        assert image != usual or said, f"{image} for {TYPE}, without a word"
        assert tried("usual") == (usual, False), "the workload's own type is not used"

    with manifests.applied(HERE / "image-type.yaml"):
        eventually(check, within=TIMEOUTS.config_takes_effect, what="an image of the type, or a warning", successes=6)
