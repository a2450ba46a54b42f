"""Fixtures only; what they do stands in modules of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from acceptance import control_plane as replicas
from acceptance import workloads as pods
from acceptance.cluster import Cluster
from acceptance.control_plane import ControlPlane
from acceptance.settings import Settings, add_options, read_settings
from acceptance.workloads import Workloads

SETTINGS = pytest.StashKey[Settings]()


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SETTINGS] = read_settings(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != "test_memory.py")


@pytest.fixture(scope="session")
def settings(pytestconfig: pytest.Config) -> Settings:
    """The --mesh-… options."""
    return pytestconfig.stash[SETTINGS]


@pytest.fixture(scope="session")
def cluster(settings: Settings) -> Cluster:
    """The stack's cluster."""
    return Cluster(settings.kubectl, settings.kubeconfig)


@pytest.fixture(scope="session")
def workloads(cluster: Cluster, settings: Settings) -> Iterator[Workloads]:
    """The pods that all tests share."""
    with pods.running(cluster, settings) as running:
        yield running


@pytest.fixture(scope="session")
def control_plane(cluster: Cluster) -> Iterator[ControlPlane]:
    """meshd's replicas."""
    with replicas.reached(cluster) as reached:
        yield reached
