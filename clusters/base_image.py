"""`mesh-stack/base`: the small Debian with Python and iptables that the project's images build on.

Pulled pieces where a registry answers, made by debootstrap where none does; the packages are the same.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from clusters.docker import Engine
from clusters.registry import registry_answers
from clusters.rootfs import images_dir, rootfs
from toolchain.progress import step

BASE_PACKAGES = ("ca-certificates", "curl", "iptables", "libstdc++6", "procps", "python3", "zlib1g")
DEBIAN_IMAGE = "debian:bookworm-slim"
REPOSITORY = "mesh-stack/base"

DOCKERFILE = f"""FROM {DEBIAN_IMAGE}
RUN apt-get update && apt-get install -y --no-install-recommends {" ".join(BASE_PACKAGES)} \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
"""


def base_image(engine: Engine) -> str:
    """Reference of the base image, which `engine` has after this call."""
    existing = (engine.try_docker("images", "-q", tag()) or "").strip()
    if existing:
        return tag()
    if registry_answers(engine, DEBIAN_IMAGE):
        with step("Building the base image"):
            folder = images_dir() / "base"
            folder.mkdir(exist_ok=True)
            (folder / "Dockerfile").write_text(DOCKERFILE)
            engine.docker("build", "--tag", tag(), folder, timeout=900)
        return tag()
    layer = base_layer()
    with step("Importing the base image"):
        engine.docker("import", layer, tag(), timeout=300)
    return tag()


def base_layer() -> Path:
    """The base image's only layer, as a tar file, where it is made without a registry."""
    return rootfs("base", BASE_PACKAGES)


def tag() -> str:
    """The base image's reference: a change of its recipe changes it."""
    return f"{REPOSITORY}:{hashlib.sha256(DOCKERFILE.encode()).hexdigest()[:12]}"
