"""Proxies of pods that are made later start with what their ProxyConfig and their annotation say."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from conformance.backends import Backends
from conformance.convergence import eventually
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.proxy_config
HERE = Path(__file__).parent
ANNOTATION = '{proxy.istio.io/config: "{concurrency: 2, proxyMetadata: {CONFORMANCE_BOTH: pod, CONFORMANCE_POD: pod}}"}'
PODS = {"configured": ANNOTATION, "annotated": ANNOTATION, "plain": "{}"}
_THREADS = "for each in /proc/[0-9]*/task/[0-9]*/comm; do read name < $each && echo $name; done"
Execute = Callable[[str, str], list[str]]


@pytest.fixture(scope="module")
def started(manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings) -> Iterator[None]:
    def seen_by_the_webhooks() -> None:
        """A pod that is only tried shows what a real one will be given."""
        tried = yaml.safe_dump_all(manifests.objects(HERE / "pod.yaml", name="configured", annotations="{}"))
        answer = kubernetes.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=tried)
        spec = json.loads(answer)["spec"]
        (proxy,) = [
            each
            for each in (*spec["containers"], *spec.get("initContainers", ()))
            if each["name"] == settings.proxy_container
        ]
        assert {"name": "CONFORMANCE_BOTH", "value": "workload"} in proxy["env"], "not yet"

    with manifests.applied(HERE / "proxy-config.yaml"), contextlib.ExitStack() as pods:
        eventually(seen_by_the_webhooks, within=TIMEOUTS.config_takes_effect, what="ProxyConfig", successes=6)
        for name, annotations in PODS.items():
            pods.enter_context(manifests.applied(HERE / "pod.yaml", name=name, annotations=annotations))
        limit = f"--timeout={TIMEOUTS.pods_ready:g}s"
        kubernetes.kubectl(
            "wait", "-n", settings.namespace, "--for=condition=Ready", limit, *(f"pod/{name}" for name in PODS),
            timeout=TIMEOUTS.pods_ready + TIMEOUTS.kubectl,
        )  # fmt: skip
        yield


@pytest.fixture
def execute(kubernetes: Kubernetes, settings: Settings) -> Execute:
    """Run a line of shell in a pod's proxy; what it says, line by line."""

    def run(pod: str, command: str) -> list[str]:
        target = ("-n", settings.namespace, pod, "-c", settings.proxy_container)
        return kubernetes.kubectl("exec", *target, "--", "sh", "-c", command).splitlines()

    return run


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(("pod", "workers"), [("configured", 1), ("annotated", 2), ("plain", 3)])
def test_a_proxy_has_as_many_worker_threads_as_told(pod: str, workers: int, execute: Execute) -> None:
    names = execute(pod, _THREADS)
    assert sum(name.startswith("wrk:worker_") for name in names) == workers, names


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ("configured", {"WIDE": "namespace", "BOTH": "workload", "POD": "pod"}),
        ("annotated", {"WIDE": "namespace", "BOTH": "pod", "POD": "pod"}),
        ("plain", {"WIDE": "namespace", "BOTH": "namespace"}),
    ],
)
def test_variables_add_up_and_the_narrower_wins(pod: str, expected: dict[str, str], execute: Execute) -> None:
    told = dict(line.split("=", 1) for line in execute(pod, "env") if line.startswith("CONFORMANCE_"))
    assert told == {f"CONFORMANCE_{name}": value for name, value in expected.items()}
