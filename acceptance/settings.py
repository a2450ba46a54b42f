"""What the suite is told about the stack: the --mesh-… options, named as those of conformance/."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

CONTROL_PLANE = "istio-system"
"""The namespace of meshd and the ingress gateway."""
SHOP = "shop"


@dataclass(frozen=True)
class Settings:
    """The options' values; see `add_options` for what each means."""

    kubeconfig: Path
    kubectl: Path
    image: str
    trust_domain: str


def add_options(parser: pytest.Parser) -> None:
    """Register the --mesh-… options."""
    add = parser.getgroup("mesh", "the stack to look at").addoption
    add("--mesh-kubeconfig", metavar="FILE", default=".mesh/kubeconfig", help="the stack's cluster (.mesh/kubeconfig)")
    add("--mesh-kubectl", metavar="FILE", help="kubectl (the one on PATH)")
    add("--mesh-image", metavar="IMAGE", default="python:3.11-slim", help="any image with python3 3.11 or later")
    add("--mesh-trust-domain", metavar="DOMAIN", default="cluster.local")


def read_settings(config: pytest.Config) -> Settings:
    """The options' values. Raises pytest.UsageError when there is no such file."""
    kubectl = config.getoption("mesh_kubectl") or shutil.which("kubectl")
    if kubectl is None:
        raise pytest.UsageError("no kubectl: put it on PATH or name it with --mesh-kubectl")
    return Settings(
        kubeconfig=_file(config.getoption("mesh_kubeconfig"), "--mesh-kubeconfig"),
        kubectl=_file(kubectl, "--mesh-kubectl"),
        image=config.getoption("mesh_image"),
        trust_domain=config.getoption("mesh_trust_domain"),
    )


def _file(value: str, option: str) -> Path:
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise pytest.UsageError(f"{option}: there is no file {value}")
    return path
