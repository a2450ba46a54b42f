"""Meshes to measure ours against. No part of the stack: only benchmarks ask for them."""

from __future__ import annotations

from toolchain.tool import GoBuild, ModuleFile, Tool

_ISTIO = "istio.io/istio"

# No vendor's release: Istio publishes pilot-discovery inside images only.
ISTIOD = Tool(
    name="istiod",
    version="1.31-dev-eed52ebb66ad",
    files=("pilot-discovery", "crds.yaml"),
    is_folder=True,
    recipes=(
        GoBuild(
            module="istiod",
            packages={"pilot-discovery": f"{_ISTIO}/pilot/cmd/pilot-discovery"},
            variables={f"{_ISTIO}/pkg/version.buildVersion": "1.31-dev"},
            copy=(ModuleFile(_ISTIO, "manifests/charts/base/files/crd-all.gen.yaml", "crds.yaml"),),
            disk_gb=4,
        ),
    ),
)
