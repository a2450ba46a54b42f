"""The image kind's nodes run: the official one where a registry answers, else one made here from packages and
modules.
"""

from __future__ import annotations

import json
import platform
import tempfile
from pathlib import Path

from clusters.base_image import base_layer
from clusters.docker import Engine
from clusters.node import recipe
from clusters.registry import registry_answers
from clusters.rootfs import images_dir, need_root, python, rootfs, run_private
from toolchain import ensure
from toolchain.progress import step
from toolchain.run import run

TOOLS = ("kubernetes", "etcd", "coredns", "kind-base", "debootstrap")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

# systemd ends on SIGRTMIN+3; `container` tells it that it is in one.
DOCKERFILE = """FROM {rootfs}
ENV container=docker
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
"""


def node_image(engine: Engine) -> str:
    """Reference of a node image that `engine` has after this call.

    Raises UserError where no registry answers and the image cannot be made (no root, a tool that does not
    build).
    """
    if found := _present(engine):
        return found
    if registry_answers(engine, recipe.OFFICIAL_IMAGE):
        with step(f"Pulling {recipe.OFFICIAL_IMAGE}"):
            engine.docker("pull", "--quiet", recipe.OFFICIAL_IMAGE, timeout=1800)
        return recipe.OFFICIAL_IMAGE
    with step("Making a Kubernetes node image"):
        tar = node_rootfs()
        _import(engine, tar)
        tar.unlink()  # the engine keeps the image
    return recipe.image()


def missing_tools(engine: Engine) -> tuple[str, ...]:
    """Tools that `node_image` would make; none where it has the image or can pull it."""
    finished = images_dir() / f"node-{recipe.key()}.tar"
    if _present(engine) or finished.exists() or registry_answers(engine, recipe.OFFICIAL_IMAGE):
        return ()
    return TOOLS


def make_file_systems() -> None:
    """The two Debian systems that `node_rootfs` starts from: they need no tool but debootstrap."""
    need_root("making a Kubernetes node image")
    base_layer()
    rootfs("node", recipe.PACKAGES)


def _present(engine: Engine) -> str | None:
    images = (recipe.OFFICIAL_IMAGE, recipe.image())
    return next((image for image in images if (engine.try_docker("images", "-q", image) or "").strip()), None)


def _import(engine: Engine, tar: Path) -> None:
    rootfs_image = f"{recipe.REPOSITORY}:rootfs"
    engine.docker("import", tar, rootfs_image, timeout=600)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(DOCKERFILE.format(rootfs=rootfs_image))
        engine.docker("build", "--quiet", "--tag", recipe.image(), folder)
    engine.docker("rmi", "--no-prune", rootfs_image)


def is_official(image: str) -> bool:
    """Whether a node image brings kind's own pod network, or the one configured in ours."""
    return image == recipe.OFFICIAL_IMAGE


def node_rootfs() -> Path:
    """Tar file of the node's root file system. Needs root; half-made ones are never left under this name."""
    finished = images_dir() / f"node-{recipe.key()}.tar"
    if finished.exists():
        return finished
    need_root("making a Kubernetes node image")
    spec = {
        "architecture": ARCHITECTURES[platform.machine()],
        "base_layer": str(base_layer()),
        "coredns": str(ensure("coredns")),
        "etcd": str(ensure("etcd")),
        "kind_files": str(ensure("kind-base") / "files"),
        "kubernetes": str(ensure("kubernetes")),
        "out": str(finished.with_suffix(".new")),
        "pause": str(pause()),
        "rootfs": str(rootfs("node", recipe.PACKAGES)),
    }
    with step("Installing Kubernetes into the node"):
        words = [python(), "-m", "clusters.node.install"]
        work, log = images_dir() / "work-install", images_dir() / "node.log"
        run_private(words, work, {"MESH_NODE": json.dumps(spec)}, log)
    finished.with_suffix(".new").replace(finished)
    return finished


def pause() -> Path:
    """The program that holds a pod's namespaces, built from `pause/main.go`."""
    finished = images_dir() / f"pause-{recipe.key()}"
    if not finished.exists():
        source = Path(__file__).parent / "pause/main.go"
        env = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GO111MODULE": "off"}
        fresh = finished.with_suffix(".new")
        run(["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", fresh, source], env=env)
        fresh.replace(finished)
    return finished
