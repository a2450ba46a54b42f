"""A proxy with files speaks TLS to a server that has files too; each demand of either side is met or refused.

The proxy is a gateway, since its container may mount files. Requests enter it in plain HTTP from outside the mesh; the
server is the same gateway, on its TLS port, or a sidecar with the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.certificates import Authority
from conformance.gateway_tls.secrets import secret
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.tls_origination
HERE = Path(__file__).parent


def made_files() -> dict[str, str]:
    """Certificates, keys, and lists of what is revoked, by file name."""
    authority, other = Authority("conformance files"), Authority("somebody else")
    pairs = {
        "server": authority.issue("simple.serve.test"),
        "client": authority.issue("client.example", client=True),
        "revoked": authority.issue("client.example", client=True),
        "stranger": other.issue("client.example", client=True),
    }
    files = {"ca.crt": authority.certificate, "other.crt": other.certificate}
    for name, pair in pairs.items():
        files |= {f"{name}.crt": pair.certificate, f"{name}.key": pair.key}
    return files | {
        "clients.crl": authority.revoke(pairs["revoked"]),
        "servers.crl": authority.revoke(pairs["server"]),
    }


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return made_files()


@pytest.fixture(scope="module")
def entrance(
    settings: Settings, kubernetes: Kubernetes, manifests: Manifests, backends: Backends, files: dict[str, str]
) -> Iterator[Target]:
    kubernetes.apply(yaml.safe_dump({**secret(settings.namespace, "files"), "stringData": files}))
    with manifests.applied(HERE / "edge.yaml"):
        kubernetes.rollout(settings.namespace, ["files"], TIMEOUTS.pods_ready)
        (pod,) = kubernetes.running_pods(settings.namespace, "app=files")
        address = str(kubernetes.get("pod", pod, "-n", settings.namespace)["status"]["podIP"])
        with manifests.applied(HERE / "servers.yaml", edge_ip=address):
            yield backends.service("files", caller=backends.outside)


def must_be_served(entrance: Target, name: str) -> None:
    target = replace(entrance, host=f"{name}.ask.test")
    target.must_become(lambda r: r.status == 200 and r.version == "v1", f"{name} served over TLS")


@pytest.mark.parametrize("name", ["right", "ported", "several"])
def test_a_server_that_is_what_was_demanded_is_reached(entrance: Target, name: str) -> None:
    must_be_served(entrance, name)


@pytest.mark.parametrize("name", ["named", "rooted", "listed", "unknown"])
def test_a_server_of_another_name_or_root_or_revoked_or_unknown_is_not(entrance: Target, name: str) -> None:
    must_be_served(entrance, "right")
    target = replace(entrance, host=f"{name}.ask.test")
    target.must_become(lambda r: r.status == 503, f"{name} refused")


def test_a_client_shows_its_certificate(entrance: Target) -> None:
    must_be_served(entrance, "mutual")


@pytest.mark.parametrize("name", ["bare", "revoked"])
def test_a_server_refuses_clients_without_or_with_a_revoked_certificate(entrance: Target, name: str) -> None:
    must_be_served(entrance, "mutual")
    target = replace(entrance, host=f"{name}.ask.test")
    target.must_become(lambda r: r.status == 503, f"{name} refused")


def test_roots_beside_one_of_several_certificates_let_nobody_in(entrance: Target) -> None:
    """A server has one list of roots for its clients, its own: what a certificate names is not used, as in Istio."""
    must_be_served(entrance, "checked")
    target = replace(entrance, host="stranger.ask.test")
    target.must_become(lambda r: r.status == 503, "stranger refused")


@pytest.fixture(scope="module")
def sidecar(entrance: Target, settings: Settings, kubernetes: Kubernetes, manifests: Manifests) -> Iterator[str]:
    """The address of a pod whose sidecar ends TLS."""
    with manifests.applied(HERE / "sidecar.yaml"):
        kubernetes.rollout(settings.namespace, ["ended"], TIMEOUTS.pods_ready)
        (pod,) = kubernetes.running_pods(settings.namespace, "app=ended")
        address = str(kubernetes.get("pod", pod, "-n", settings.namespace)["status"]["podIP"])
        with manifests.applied(HERE / "sidecar-clients.yaml", address=address):
            yield address


def must_be_ended(entrance: Target, name: str, *, with_identity: bool) -> None:
    def fits(response: Response) -> bool:
        served = response.status == 200 and response.version == "ended"
        return served and ("x-forwarded-client-cert" in response.seen["headers"]) is with_identity

    replace(entrance, host=f"{name}.ask.test").must_become(fits, f"TLS of {name} ended at the sidecar")


def test_a_sidecar_ends_tls_and_nothing_else_on_its_port(entrance: Target, sidecar: str) -> None:
    must_be_ended(entrance, "ended", with_identity=False)
    plain = Target(entrance.caller, f"http://{sidecar}:9443", timeout=TIMEOUTS.refused_request)
    answer = plain.send()
    assert answer.status is None, f"plaintext got {answer}"


@pytest.mark.parametrize("name", ["ended-bare", "ended-revoked"])
def test_a_sidecar_asks_clients_for_certificates(entrance: Target, sidecar: str, name: str) -> None:
    must_be_ended(entrance, "ended-mutual", with_identity=True)
    replace(entrance, host=f"{name}.ask.test").must_become(lambda r: r.status == 503, f"{name} refused")


def test_a_sidecar_shows_a_certificate_of_a_secret_that_its_account_may_read(
    entrance: Target, backends: Backends, kubernetes: Kubernetes, manifests: Manifests, files: dict[str, str]
) -> None:
    place = backends.settings.namespace
    data = {"tls.crt": files["client.crt"], "tls.key": files["client.key"], "ca.crt": files["ca.crt"]}
    kubernetes.apply(yaml.safe_dump({**secret(place, "sealed"), "stringData": data}))
    (pod,) = kubernetes.running_pods(place, "app=files")
    address = str(kubernetes.get("pod", pod, "-n", place)["status"]["podIP"])
    target = Target(backends.client, backends.service("echo").base, host="sealed.out.test")
    with manifests.applied(HERE / "sealed.yaml", edge_ip=address):
        target.must_become(lambda r: r.status == 503, "503 without the right to the Secret")
        with manifests.applied(HERE / "sealed-role.yaml"):
            target.must_become(
                lambda r: r.status == 200 and r.version == "v1", "the server that asks for a certificate"
            )
