"""Wires options, cluster, backends and report together. Fixtures only; what they do stands in modules of its own."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from conformance import backends as shared_backends
from conformance.backends import Backends, GatewayEntrance
from conformance.features import FEATURES, reason_to_skip
from conformance.kubernetes import KubectlError, Kubernetes, existing_cluster
from conformance.manifests import Manifests
from conformance.report import MEASUREMENT, ReportPlugin, mark_feature
from conformance.settings import Settings, add_options, read_settings

SETTINGS = pytest.StashKey[Settings]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in FEATURES.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.addinivalue_line("markers", "smoke: a quick subset that touches each basic promise")
    settings = read_settings(config)
    config.stash[SETTINGS] = settings
    if not hasattr(config, "workerinput"):
        told = {"gateway": settings.gateway_url, "features": sorted(settings.features) or "all"}
        config.pluginmanager.register(ReportPlugin(settings.report, told), "mesh-report")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    settings = config.stash[SETTINGS]
    order = list(FEATURES)
    features = {item: mark_feature(item) for item in items}
    items.sort(key=lambda item: order.index(features[item]))
    for item in items:
        reason = reason_to_skip(features[item], settings.features, settings.skip_features)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the run's pods beside a failure."""
    report = yield
    kubernetes = getattr(item, "funcargs", {}).get("kubernetes")
    if report.failed and isinstance(kubernetes, Kubernetes):
        settings = item.config.stash[SETTINGS]
        names = (settings.namespace, settings.far_namespace, settings.outside_namespace)
        with contextlib.suppress(KubectlError, subprocess.TimeoutExpired):
            pods = "".join(kubernetes.kubectl("get", "pods", "-o", "wide", "-n", name) for name in names)
            report.sections.append(("pods", pods))
    return report


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """The --mesh-… options."""
    return pytestconfig.stash[SETTINGS]


@pytest.fixture(scope="session")
def kubernetes(request: pytest.FixtureRequest, settings: Settings) -> Kubernetes:
    """The cluster: the one given, else pytest-kind's."""
    if settings.kubeconfig is None:
        return Kubernetes(request.getfixturevalue("kind_cluster"), settings.context)
    if settings.kubectl is None:
        raise pytest.UsageError("no kubectl: put it on PATH or name it with --mesh-kubectl")
    return Kubernetes(existing_cluster(settings.kubeconfig, settings.kubectl), settings.context)


@pytest.fixture(scope="session")
def manifests(kubernetes: Kubernetes, settings: Settings) -> Manifests:
    """Applies the YAML beside the tests."""
    return Manifests(kubernetes, settings)


@pytest.fixture(scope="session")
def backends(kubernetes: Kubernetes, manifests: Manifests) -> Iterator[Backends]:
    """The workloads that all tests share."""
    with shared_backends.running(kubernetes, manifests) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def without_earlier_rules(request: pytest.FixtureRequest) -> None:
    """What tests of other modules applied is gone from the proxies' connections, not from the API server alone."""
    tests = [each for each in request.session.items if each.getparent(pytest.Module) is request.node]
    if any("backends" in test.fixturenames for test in tests if isinstance(test, pytest.Function)):
        request.getfixturevalue("backends").settle()


@pytest.fixture(scope="session")
def gateway(settings: Settings, manifests: Manifests, backends: Backends) -> GatewayEntrance:
    """The ingress gateway with the suite's hosts on port 80."""
    if settings.gateway_url is None:
        pytest.skip("no --mesh-gateway-url is given")
    manifests.apply(Path(shared_backends.__file__).parent / "gateway.yaml")
    return GatewayEntrance(settings, settings.gateway_url)


@pytest.fixture(scope="session")
def prometheus_url(settings: Settings) -> str:
    """Prometheus' address."""
    if settings.prometheus_url is None:
        pytest.skip("no --mesh-prometheus-url is given")
    return settings.prometheus_url


@pytest.fixture(scope="session")
def zipkin_url(settings: Settings) -> str:
    """Zipkin's address."""
    if settings.zipkin_url is None:
        pytest.skip("no --mesh-zipkin-url is given")
    return settings.zipkin_url


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Note a measured value for the report: `measured("p95", "3 ms")`."""

    def note(name: str, value: object) -> None:
        request.node.user_properties.append((MEASUREMENT + name, value))

    return note
