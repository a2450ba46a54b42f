"""The bootstrap, read by real Envoy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

import toolchain
from meshd.inject.bootstrap import BootstrapInputs, bootstrap_argument, build_bootstrap
from meshd.inject.probes import ProbeKind, ProbeTarget

from .pods import CA_PEM

PROBES = (
    ProbeTarget("/app-health/web/livez", ProbeKind.HTTP, 8080, "/live?deep=$(1)"),
    ProbeTarget("/app-health/web/readyz", ProbeKind.HTTPS, 8443, "/ready"),
    ProbeTarget("/app-health/db/readyz", ProbeKind.TCP, 5432, period=3),
    ProbeTarget("/app-health/rpc/startupz", ProbeKind.GRPC, 9090, service="shop.Reviews", period=1),
)


@pytest.fixture(scope="session")
def envoy() -> Path:
    found = toolchain.find("envoy")
    if found is None:
        pytest.skip("envoy is not in the cache: python -m toolchain ensure envoy")
    return found


def expanded(argument: str, address: str = "127.0.0.1") -> str:
    """What Kubernetes makes of the argument."""
    return argument.replace("$(POD_IP)", address).replace("$$", "$")


@pytest.mark.parametrize("probes", [(), PROBES], ids=["without probes", "with every kind of probe"])
def test_envoy_accepts_it_without_a_warning(envoy: Path, probes: tuple[ProbeTarget, ...], golden_ca: str) -> None:
    inputs = BootstrapInputs("meshd.istio-system.svc:15012", golden_ca, probes)
    command = [
        str(envoy),
        "--mode",
        "validate",
        "--service-node",
        "n",
        "--service-cluster",
        "c",
        "--log-level",
        "warning",
    ]
    done = subprocess.run(
        [*command, "--config-yaml", expanded(bootstrap_argument(inputs))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[warning]" not in done.stderr, done.stderr


REGEX = "^/v4/advisory/[0-9a-z-]{36}/clone$"


@pytest.mark.parametrize(("changed", "accepted"), [({}, True), ({"layered_runtime": {}}, False)])
def test_envoy_takes_regular_expressions_of_some_size(
    envoy: Path, golden_ca: str, changed: dict[str, object], accepted: bool
) -> None:
    """One that Envoy refuses without the setting."""
    bootstrap = build_bootstrap(BootstrapInputs("meshd.istio-system.svc:15012", golden_ca)) | changed
    manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    host = manager["route_config"]["virtual_hosts"][0]
    host["routes"].append({"match": {"safe_regex": {"regex": REGEX}}, "route": {"cluster": "admin"}})
    options = ["--mode", "validate", "--service-node", "n", "--service-cluster", "c", "--log-level", "error"]
    command = [str(envoy), *options, "--config-yaml", json.dumps(bootstrap)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode == 0) is accepted, done.stderr


@pytest.fixture
def golden_ca() -> str:
    return CA_PEM


def test_an_apps_probe_path_is_not_expanded_by_kubernetes() -> None:
    argument = bootstrap_argument(BootstrapInputs("meshd:15012", CA_PEM, PROBES[:1]))
    assert "/live?deep=$$(1)" in argument


def test_first_clusters_and_listeners_are_waited_for_without_end() -> None:
    resources = build_bootstrap(BootstrapInputs("meshd:15012", CA_PEM))["dynamic_resources"]
    assert resources["cds_config"]["initial_fetch_timeout"] == "0s"
    assert resources["lds_config"]["initial_fetch_timeout"] == "0s"


def test_only_the_admin_interface_on_loopback() -> None:
    bootstrap = build_bootstrap(BootstrapInputs("meshd:15012", CA_PEM))
    assert bootstrap["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"
    paths = [
        route["match"]["path"]
        for listener in bootstrap["static_resources"]["listeners"]
        for route in listener["filter_chains"][0]["filters"][0]["typed_config"]["route_config"]["virtual_hosts"][0][
            "routes"
        ]
    ]
    assert paths == ["/healthz/ready", "/stats/prometheus"]
    assert "/quitquitquit" not in json.dumps(bootstrap)
