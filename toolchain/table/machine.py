"""What the machine itself needs: a Docker engine, debootstrap for a base image, uv for Python packages."""

from __future__ import annotations

from toolchain import arrange
from toolchain.tool import DebianPackages, OnPath, Tool, Wheel, at_least

# No vendor's release: Docker publishes no checksums beside its static binaries.
DOCKERD = Tool(
    name="dockerd",
    version="20.10",
    files=arrange.ENGINE_BINARIES,
    is_folder=True,
    on_path=OnPath(at_least((20, 10), (100,))),
    recipes=(
        DebianPackages(
            ("docker.io", "containerd", "runc", "tini", "libdevmapper1.02.1", "libseccomp2"),
            arrange.docker_engine,
            system={"iptables": "iptables"},
        ),
    ),
)

DEBOOTSTRAP = Tool(
    name="debootstrap",
    version="1.0",
    files=("debootstrap",),
    on_path=OnPath(at_least((1, 0), (2,))),
    recipes=(DebianPackages(("debootstrap",), arrange.debootstrap, system={"wget": "wget"}),),
)

UV = Tool(
    name="uv",
    version="0.13.9",
    files=("uv",),
    on_path=OnPath(at_least((0, 5), (1,))),
    recipes=(
        Wheel(
            project="uv",
            sha256={
                "amd64": "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
                "arm64": "ecb6028d79dc96fbeafffe5c8af62a7099487ebc05a701e76714eebcffd06375",
            },
            member="uv-0.13.9.data/scripts/uv",
            save_as="uv",
        ),
    ),
)
