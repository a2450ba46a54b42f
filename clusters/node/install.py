"""Turns a Debian root file system into a kind node: run as a program inside a private namespace.

`python -m clusters.node.install` reads what to use as JSON from $MESH_NODE, works in $MESH_WORK and writes
the node's root file system as a tar file. What is done here is what kind's own image build does: its base
files and units, the Kubernetes programs, and the images kubeadm starts, unpacked so that a cluster's first
boot does not have to.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clusters.node import recipe
from clusters.node.archive import InnerImage, digest, write_archive

UNITS = ("containerd.service", "kubelet.service", "undo-mount-hacks.service")
UNWANTED_UNITS = (
    "etc/systemd/system/*.wants/*",
    "lib/systemd/system/basic.target.wants/*",
    "lib/systemd/system/local-fs.target.wants/*",
    "lib/systemd/system/multi-user.target.wants/*",
    "lib/systemd/system/sockets.target.wants/*initctl*",
    "lib/systemd/system/sockets.target.wants/*udev*",
    "lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service",
)
CTR = ("ctr", "--namespace", "k8s.io")


def main() -> None:
    spec = json.loads(os.environ["MESH_NODE"])
    work = Path(os.environ["MESH_WORK"])
    if os.environ["MESH_TMPFS"]:
        _run("mount", "-t", "tmpfs", "-o", "mode=755", "mesh-stack", work)
    root = work / "root"
    root.mkdir()
    _run("tar", "-C", root, "--numeric-owner", "-xf", spec["rootfs"])
    install_kind_files(root, Path(spec["kind_files"]))
    enable_units(root)
    install_kubernetes(root, Path(spec["kubernetes"]))
    configure_containerd(root, sandbox_image=inner_names(root)["pause"])
    preload(root, work, spec)
    with open(spec["out"], "wb") as out:
        words: list[str | Path] = [
            "tar",
            "-C",
            root,
            "--numeric-owner",
            "--sort=name",
            "--one-file-system",
            "-cf",
            "-",
            ".",
        ]
        subprocess.run(words, stdout=out, check=True)


def install_kind_files(root: Path, files: Path) -> None:
    """Copy kind's base files: programs executable, everything else readable."""
    for source in sorted(path for path in files.rglob("*") if path.is_file()):
        name = source.relative_to(files)
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if name.parent.name == "bin" else 0o644)


def enable_units(root: Path) -> None:
    """Boot containerd and the kubelet and little else, as kind's Dockerfile arranges."""
    for pattern in UNWANTED_UNITS:
        for path in root.glob(pattern):
            path.unlink()
    with (root / "etc/systemd/journald.conf").open("a") as journald:
        journald.write("ReadKMsg=no\n")
    for program in ("containerd", "ctr"):
        (root / "usr/local/bin" / program).symlink_to(f"/usr/bin/{program}")
    (root / "etc/kubernetes/manifests").mkdir(parents=True)
    _chroot(root, "systemctl", "enable", *UNITS)
    _chroot(root, "systemctl", "mask", "systemd-binfmt.service")


def install_kubernetes(root: Path, binaries: Path) -> None:
    """The programs kubeadm needs, and the files by which kind knows the version and what to apply."""
    for program in ("kubeadm", "kubectl", "kubelet"):
        shutil.copyfile(binaries / program, root / "usr/bin" / program)
        (root / "usr/bin" / program).chmod(0o755)
    manifests = root / "kind/manifests"
    manifests.mkdir(parents=True)
    (root / "kind/version").write_text(f"v{recipe.KUBERNETES}")
    (manifests / "default-cni.yaml").write_text(recipe.DEFAULT_CNI)
    (manifests / "default-storage.yaml").write_text(recipe.DEFAULT_STORAGE)


def configure_containerd(root: Path, sandbox_image: str) -> None:
    """Debian's containerd under kind's configuration, with Debian's CNI plugins and a pod network."""
    config = root / "etc/containerd/config.toml"
    lines = config.read_text().splitlines()
    config.write_text("\n".join(_containerd_line(line, sandbox_image) for line in lines) + "\n")
    spec = json.loads(_chroot(root, "ctr", "oci", "spec"))
    hook = {"path": "/kind/bin/mount-product-files.sh"}
    spec.setdefault("hooks", {}).setdefault("createContainer", []).append(hook)
    spec["process"].pop("rlimits", None)
    (root / "etc/containerd/cri-base.json").write_text(json.dumps(spec))
    plugins = root / "opt/cni/bin"
    plugins.mkdir(parents=True, exist_ok=True)
    for plugin in recipe.CNI_PLUGINS:
        shutil.copyfile(root / "usr/lib/cni" / plugin, plugins / plugin)
        (plugins / plugin).chmod(0o755)
    network = root / "etc/cni/net.d"
    network.mkdir(parents=True, exist_ok=True)
    (network / "10-pods.conflist").write_text(json.dumps(recipe.CNI_CONFIG, indent=1))


def _containerd_line(line: str, sandbox_image: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    if line.strip().startswith("sandbox_image"):
        return f'{indent}sandbox_image = "{sandbox_image}"'
    if line.strip().startswith("restrict_oom_score_adj"):
        return f"{indent}restrict_oom_score_adj = true"
    return line


def inner_names(root: Path) -> dict[str, str]:
    """References of the images kubeadm will start, by their last path part (`etcd`, `pause`, …)."""
    listed = _chroot(root, "kubeadm", "config", "images", "list", "--kubernetes-version", f"v{recipe.KUBERNETES}")
    return {name.rpartition("/")[2].partition(":")[0]: name for name in listed.split()}


def inner_images(names: Mapping[str, str], spec: Mapping[str, Any], base_layer: Path) -> list[InnerImage]:
    """One image per program. kube-proxy sits on the base image's layer, for its iptables."""
    binaries = Path(spec["kubernetes"])
    programs = {name: binaries / name for name in names if name.startswith("kube-")} | {"etcd": Path(spec["etcd"])}
    images = [
        InnerImage(
            names[name],
            {f"/usr/local/bin/{name}": program},
            base_layers=[base_layer] if name == "kube-proxy" else [],
        )
        for name, program in programs.items()
    ]
    images.append(InnerImage(names["coredns"], {"/coredns": Path(spec["coredns"])}, entrypoint=["/coredns"]))
    images.append(InnerImage(names["pause"], {"/pause": Path(spec["pause"])}, entrypoint=["/pause"]))
    return images


def preload(root: Path, work: Path, spec: Mapping[str, Any]) -> None:
    """Import the inner images into the node's containerd and unpack them; drop the packed layers."""
    layers = work / "layers"
    layers.mkdir()
    archive = root / "inner-images.tar"
    images = inner_images(inner_names(root), spec, Path(spec["base_layer"]))
    write_archive(images, spec["architecture"], archive, layers)
    _run("mount", "-t", "proc", "proc", root / "proc")
    _run("mount", "--rbind", "/sys", root / "sys")
    _run("mount", "--rbind", "/dev", root / "dev")
    (work / "containerd.toml").write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    shutil.copyfile(work / "containerd.toml", root / "preload.toml")
    daemon = subprocess.Popen(["chroot", str(root), "containerd", "--config", "/preload.toml"])
    try:
        _wait_for(root / "run/containerd/containerd.sock")
        _chroot(root, *CTR, "images", "import", "--all-platforms", "/inner-images.tar")
        for path in [*layers.glob("*.tar"), Path(spec["base_layer"])]:
            _chroot(root, *CTR, "content", "rm", f"sha256:{digest(path)}")
        _chroot(root, *CTR, "images", "tag", images[0].reference, "collect:now")
        _chroot(root, *CTR, "images", "rm", "--sync", "collect:now")  # waits for containerd's garbage collection
    finally:
        daemon.terminate()
        daemon.wait(20)
    archive.unlink()
    (root / "preload.toml").unlink()
    shutil.rmtree(root / "run/containerd", ignore_errors=True)
    _run("umount", "-l", root / "proc", root / "sys", root / "dev")


def _wait_for(socket: Path, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not socket.is_socket():
        if time.monotonic() > deadline:
            raise SystemExit("containerd did not start inside the node's root file system")
        time.sleep(0.05)


def _chroot(root: Path, *words: str) -> str:
    env = {
        **os.environ,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
    }
    done = subprocess.run(["chroot", str(root), *words], check=True, stdout=subprocess.PIPE, text=True, env=env)
    return done.stdout


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)


if __name__ == "__main__":
    main()
