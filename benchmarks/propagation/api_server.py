"""A fresh API server on loopback: etcd and kube-apiserver as plain processes, gone with the block.

etcd does not wait for the disk, which is not what is measured. Every request is allowed, with one token.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from benchmarks.propagation.certificates import self_signed
from benchmarks.propagation.child import free_port, started
from toolchain import ensure_all


@dataclass(frozen=True)
class ApiServer:
    """`ca` is the certificate file that its TLS is checked with."""

    url: str
    token: str
    ca: Path
    kubeconfig: Path

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


@asynccontextmanager
async def api_server(folder: Path) -> AsyncIterator[ApiServer]:
    """`folder` gets data, keys and logs. Raises BenchmarkError, and UserError where a program cannot be had."""
    tools = ensure_all(["etcd", "kubernetes"])
    folder.mkdir(parents=True)
    etcd_port, peer_port, port = free_port(), free_port(), free_port()
    certificate, key, token = folder / "tls.crt", folder / "tls.key", token_hex(16)
    for path, content in zip((certificate, key), self_signed("kube-apiserver"), strict=True):
        path.write_bytes(content)
    (folder / "tokens.csv").write_text(f"{token},benchmark,benchmark,system:masters\n")
    etcd_url = f"http://127.0.0.1:{etcd_port}"
    peer_url = f"http://127.0.0.1:{peer_port}"
    etcd: list[str | Path] = [
        tools["etcd"],
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={etcd_url}",
        f"--advertise-client-urls={etcd_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]
    kube_apiserver: list[str | Path] = [
        tools["kubernetes"] / "kube-apiserver",
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=AlwaysAllow",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={certificate}",
        "--endpoint-reconciler-type=none",
        "--disable-admission-plugins=ServiceAccount",
        f"--cert-dir={folder}",
    ]
    server = ApiServer(f"https://127.0.0.1:{port}", token, certificate, folder / "kubeconfig")
    server.kubeconfig.write_text(json.dumps(_kubeconfig(server), indent=2))
    async with started("etcd", etcd, folder / "etcd.log") as store:
        await store.ready(f"{etcd_url}/health")
        async with started("kube-apiserver", kube_apiserver, folder / "kube-apiserver.log") as process:
            await process.ready(f"{server.url}/readyz", server.headers)
            yield server


def _kubeconfig(server: ApiServer) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "benchmark",
        "clusters": [{"name": "benchmark", "cluster": {"server": server.url, "certificate-authority": str(server.ca)}}],
        "users": [{"name": "benchmark", "user": {"token": server.token}}],
        "contexts": [{"name": "benchmark", "context": {"cluster": "benchmark", "user": "benchmark"}}],
    }
