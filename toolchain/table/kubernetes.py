"""Kubernetes: the binaries of a node, kind, kubectl, etcd and CoreDNS.

1.34 is the last line that runs on cgroup v1 by default; kubectl may differ from it by one minor. What goes
into images that hold nothing else must be statically linked.
"""

from __future__ import annotations

from toolchain.tool import Download, GoBuild, ModuleFile, OnPath, PartOf, Tool, at_least

VERSION = "1.34.4"
NODE_BINARIES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
    "kubeadm",
    "kubelet",
    "kubectl",
)

_ETCD_RELEASE = "https://github.com/etcd-io/etcd/releases/download/v{version}"
_COREDNS_ARCHIVE = "https://github.com/coredns/coredns/releases/download/v{version}/coredns_{version}_linux_{arch}.tgz"


def _kubernetes_download(binary: str) -> Download:
    url = f"https://dl.k8s.io/release/v{{version}}/bin/linux/{{arch}}/{binary}"
    return Download(url, f"{url}.sha256", save_as=binary)


def _kubernetes_variables() -> dict[str, str]:
    major, minor, _ = VERSION.split(".")
    values = {"gitVersion": f"v{VERSION}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


KIND = Tool(
    name="kind",
    version="0.32.0",
    files=("kind",),
    on_path=OnPath(at_least((0, 32), (1,)), probe=("version",)),
    releases=(
        Download(
            url="https://kind.sigs.k8s.io/dl/v{version}/kind-linux-{arch}",
            checksums="https://kind.sigs.k8s.io/dl/v{version}/kind-linux-{arch}.sha256sum",
            save_as="kind",
        ),
    ),
    recipes=(GoBuild(module="kind", packages={"kind": "sigs.k8s.io/kind"}, disk_gb=0.3),),
)

KIND_BASE = Tool(
    name="kind-base",
    version="0.32.0",
    files=("Dockerfile", "files"),
    is_folder=True,
    recipes=(
        GoBuild(
            module="kind",
            copy=(
                ModuleFile("sigs.k8s.io/kind", "images/base/Dockerfile", "Dockerfile"),
                ModuleFile("sigs.k8s.io/kind", "images/base/files", "files"),
            ),
            disk_gb=0.1,
        ),
    ),
)

KUBERNETES = Tool(
    name="kubernetes",
    version=VERSION,
    files=NODE_BINARIES,
    is_folder=True,
    on_path=OnPath(at_least((1, 34), (1, 35)), kind="static"),
    releases=tuple(_kubernetes_download(binary) for binary in NODE_BINARIES),
    recipes=(
        GoBuild(
            module="kubernetes",
            packages={name: f"k8s.io/kubernetes/cmd/{name}" for name in NODE_BINARIES},
            tags=("selinux", "notest", "grpcnotrace"),
            variables=_kubernetes_variables(),
            disk_gb=6,
        ),
    ),
)

KUBECTL = Tool(
    name="kubectl",
    version=VERSION,
    files=("kubectl",),
    on_path=OnPath(at_least((1, 33), (1, 36)), probe=("version", "--client")),
    releases=(_kubernetes_download("kubectl"),),
    recipes=(PartOf("kubernetes"),),
)

ETCD = Tool(
    name="etcd",
    version="3.6.14",
    files=("etcd", "etcdctl"),
    on_path=OnPath(at_least((3, 6), (3, 7)), kind="static"),
    releases=(
        Download(
            url=_ETCD_RELEASE + "/etcd-v{version}-linux-{arch}.tar.gz",
            checksums=_ETCD_RELEASE + "/SHA256SUMS",
            members={f"etcd-v{{version}}-linux-{{arch}}/{name}": name for name in ("etcd", "etcdctl")},
        ),
    ),
    recipes=(
        GoBuild(
            module="etcd",
            packages={"etcd": "go.etcd.io/etcd/server/v3", "etcdctl": "go.etcd.io/etcd/etcdctl/v3"},
            disk_gb=0.5,
        ),
    ),
)

COREDNS = Tool(
    name="coredns",
    version="1.14.7",
    files=("coredns",),
    on_path=OnPath(at_least((1, 14), (1, 15)), probe=("-version",), kind="static"),
    releases=(
        Download(
            url=_COREDNS_ARCHIVE,
            checksums=_COREDNS_ARCHIVE + ".sha256",
            members={"coredns": "coredns"},
        ),
    ),
    recipes=(GoBuild(module="coredns", packages={"coredns": "github.com/coredns/coredns"}, disk_gb=2),),
)
