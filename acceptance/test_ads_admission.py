"""Who may speak to meshd, and what a proxy that may is told: its own pod's configuration and identity, no other's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from acceptance.cluster import Cluster
from acceptance.control_plane import ADS_PORT, SERVER_NAME
from acceptance.discovery import CLUSTER, SECRET, AdsStream, plaintext_channel, stream, tls_channel
from acceptance.settings import CONTROL_PLANE, SHOP, Settings
from acceptance.workloads import Pod, Workloads, manifest

AUDIENCE = "meshd"


@dataclass(frozen=True)
class Meshd:
    """One replica's ADS port as this machine reaches it."""

    cluster: Cluster
    pod: str
    channel: grpc.Channel

    def token(self, pod: Pod, *, audience: str = AUDIENCE, bound: bool = True) -> str:
        """A token of the pod's service account."""
        binding = ("--bound-object-kind=Pod", f"--bound-object-name={pod.name}") if bound else ()
        words = ("create", "token", pod.account, "-n", pod.namespace, f"--audience={audience}", *binding)
        return self.cluster.kubectl(*words).strip()


@pytest.fixture(scope="module")
def root_pem(cluster: Cluster) -> bytes:
    """The mesh's root certificate, as the API server knows it."""
    configuration = cluster.get("mutatingwebhookconfiguration", "meshd-injector")
    return base64.b64decode(configuration["webhooks"][0]["clientConfig"]["caBundle"])


@pytest.fixture(scope="module")
def meshd(cluster: Cluster, root_pem: bytes) -> Iterator[Meshd]:
    """A replica, over TLS and by its own name."""
    pod = cluster.ready_pods(CONTROL_PLANE, "app=meshd")[0]["metadata"]["name"]
    with (
        cluster.port_forward(CONTROL_PLANE, pod, ADS_PORT) as port,
        tls_channel(port, root_pem, SERVER_NAME) as channel,
    ):
        yield Meshd(cluster, pod, channel)


@pytest.fixture
def own_stream(meshd: Meshd, workloads: Workloads) -> Iterator[AdsStream]:
    """A stream with the token of the pod `web`."""
    with stream(meshd.channel, meshd.token(workloads.web)) as opened:
        yield opened


def must_be_refused(opened: AdsStream, claimed: Pod, code: grpc.StatusCode, reason: str) -> None:
    """Ask for clusters as the proxy of `claimed`: nothing comes but an end with `code` that says why."""
    opened.send(claimed.node_id, CLUSTER)
    ending = opened.ending()
    assert not ending.served
    assert ending.code is code
    assert reason in ending.details


def test_a_stream_without_a_token_is_refused(meshd: Meshd, workloads: Workloads) -> None:
    with stream(meshd.channel, None) as opened:
        must_be_refused(opened, workloads.web, grpc.StatusCode.UNAUTHENTICATED, "no bearer token")


def test_a_token_that_nobody_issued_is_refused(meshd: Meshd, workloads: Workloads) -> None:
    with stream(meshd.channel, "garbage") as opened:
        must_be_refused(opened, workloads.web, grpc.StatusCode.UNAUTHENTICATED, "the token is refused")


def test_a_token_whose_signature_was_changed_is_refused(meshd: Meshd, workloads: Workloads) -> None:
    head, _, signature = meshd.token(workloads.web).rpartition(".")
    with stream(meshd.channel, f"{head}.{signature[::-1]}") as opened:
        must_be_refused(opened, workloads.web, grpc.StatusCode.UNAUTHENTICATED, "the token is refused")


def test_a_token_for_another_audience_is_refused(meshd: Meshd, workloads: Workloads) -> None:
    """Such as the one that every pod has for the API server."""
    token = meshd.token(workloads.web, audience="https://kubernetes.default.svc.cluster.local")
    with stream(meshd.channel, token) as opened:
        must_be_refused(opened, workloads.web, grpc.StatusCode.UNAUTHENTICATED, "the token is refused")


def test_a_token_that_is_not_bound_to_a_pod_is_refused(meshd: Meshd, workloads: Workloads) -> None:
    with stream(meshd.channel, meshd.token(workloads.web, bound=False)) as opened:
        must_be_refused(opened, workloads.web, grpc.StatusCode.UNAUTHENTICATED, "not bound to a pod")


def test_a_pod_may_not_claim_another_pods_node_id(own_stream: AdsStream, workloads: Workloads) -> None:
    must_be_refused(own_stream, workloads.client, grpc.StatusCode.PERMISSION_DENIED, f"not of {workloads.namespace}/")


def test_a_pod_may_not_claim_a_node_id_in_another_namespace(
    own_stream: AdsStream, workloads: Workloads, cluster: Cluster
) -> None:
    reviews = cluster.ready_pods(SHOP, "app=reviews")[0]
    name, ip = reviews["metadata"]["name"], reviews["status"]["podIP"]
    claimed = Pod(cluster, SHOP, name, ip, "reviews", "reviews")
    must_be_refused(own_stream, claimed, grpc.StatusCode.PERMISSION_DENIED, f"not of {SHOP}/{name}")


def test_an_open_stream_may_not_change_its_node_id(own_stream: AdsStream, workloads: Workloads) -> None:
    own_stream.send(workloads.web.node_id, CLUSTER)
    own_stream.read()
    own_stream.send(workloads.client.node_id, SECRET, ["default"])
    ending = own_stream.ending()
    assert ending.code is grpc.StatusCode.PERMISSION_DENIED
    assert f"may not go on as {workloads.client.node_id}" in ending.details
    assert SECRET not in ending.served


def test_a_proxy_that_is_who_it_says_gets_its_configuration(own_stream: AdsStream, workloads: Workloads) -> None:
    own_stream.send(workloads.web.node_id, CLUSTER)
    names = {resource.name for resource in own_stream.read().resources}
    assert f"outbound|80||web.{workloads.namespace}.svc.cluster.local" in names


def test_a_proxy_gets_a_certificate_of_its_own_identity(
    own_stream: AdsStream, workloads: Workloads, settings: Settings, root_pem: bytes
) -> None:
    came, absent = own_stream.secrets(workloads.web.node_id, ["default", "ROOTCA"])
    assert not absent
    pair, roots = came["default"].tls_certificate, came["ROOTCA"].validation_context.trusted_ca
    leaf, *issuers = x509.load_pem_x509_certificates(pair.certificate_chain.inline_bytes)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    web = workloads.web
    own = f"spiffe://{settings.trust_domain}/ns/{web.namespace}/sa/{web.account}"
    assert list(names) == [x509.UniformResourceIdentifier(own)]
    assert load_pem_private_key(pair.private_key.inline_bytes, None).public_key() == leaf.public_key()
    assert roots.inline_bytes.strip() == root_pem.strip()
    verifier = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(root_pem))).build_client_verifier()
    verifier.verify(leaf, issuers)


def test_a_proxy_gets_no_secret_of_others(own_stream: AdsStream, workloads: Workloads, cluster: Cluster) -> None:
    """Neither another identity's certificate nor a key pair that only a gateway shows, though it is there."""
    names = [
        "spiffe://cluster.local/ns/shop/sa/reviews",
        f"default/{workloads.client.account}",
        "kubernetes://meshd-ca",
        f"kubernetes://{CONTROL_PLANE}/meshd-ca",
        "kubernetes://site",
    ]
    with cluster.applied(key_pair(workloads.namespace, "site")):
        came, absent = own_stream.secrets(workloads.web.node_id, names)
    assert (set(came), absent) == (set(), set(names))


def test_plaintext_is_refused(cluster: Cluster, meshd: Meshd, workloads: Workloads, root_pem: bytes) -> None:
    """The same port serves the same request over TLS."""
    token = meshd.token(workloads.web)
    with cluster.port_forward(CONTROL_PLANE, meshd.pod, ADS_PORT) as port:
        with tls_channel(port, root_pem, SERVER_NAME) as channel, stream(channel, token) as opened:
            opened.send(workloads.web.node_id, CLUSTER)
            assert opened.read().resources
        with plaintext_channel(port) as channel, stream(channel, token) as opened:
            must_be_refused(opened, workloads.web, grpc.StatusCode.UNAVAILABLE, "")


def key_pair(namespace: str, name: str) -> str:
    """A Secret of type kubernetes.io/tls; what is in it does not matter."""
    content = {"tls.crt": "not a certificate", "tls.key": "not a key"}
    metadata = {"name": name, "namespace": namespace}
    return manifest(
        {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "stringData": content}
    )
