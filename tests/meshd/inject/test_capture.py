"""The rules of traffic capture: their text, and what a real kernel makes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from meshd.inject.annotations import InjectionError
from meshd.inject.capture import Capture, capture_of, iptables_rules
from meshd.inject.settings import UID

from .network_namespaces import CLIENT, POD, Namespace, client_and_pod, needs_namespaces

Golden = Callable[[str, str], None]
EVERYTHING = Capture(
    include_inbound_ports=None,
    exclude_inbound_ports=(9000,),
    include_outbound_ranges=("10.0.0.0/8",),
    exclude_outbound_ranges=("10.1.0.0/16",),
    include_outbound_ports=(443,),
    exclude_outbound_ports=(5432,),
)
PREFIX = "traffic.sidecar.istio.io"


def test_rules_without_annotations(golden: Golden) -> None:
    golden("capture.iptables", iptables_rules(Capture()))


def test_rules_with_every_annotation(golden: Golden) -> None:
    golden("capture_with_everything.iptables", iptables_rules(EVERYTHING))


def test_rules_for_chosen_inbound_ports(golden: Golden) -> None:
    golden("capture_inbound_ports.iptables", iptables_rules(Capture(include_inbound_ports=(80, 8080))))


def test_annotations_are_read() -> None:
    assert capture_of({}) == Capture()
    assert capture_of({f"{PREFIX}/includeInboundPorts": "*", f"{PREFIX}/includeOutboundIPRanges": "*"}) == Capture()
    assert capture_of({f"{PREFIX}/includeInboundPorts": ""}) == Capture(include_inbound_ports=())
    assert capture_of({f"{PREFIX}/includeInboundPorts": "80, 8080"}) == Capture(include_inbound_ports=(80, 8080))
    assert capture_of({f"{PREFIX}/excludeOutboundIPRanges": "10.1.2.3/16"}) == Capture(
        exclude_outbound_ranges=("10.1.0.0/16",)
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("excludeInboundPorts", "http"),
        ("includeInboundPorts", "80 81"),
        ("excludeOutboundPorts", "0"),
        ("includeOutboundPorts", "70000"),
        ("includeOutboundIPRanges", "10.0.0.0/33"),
        ("excludeOutboundIPRanges", "::/0"),
    ],
)
def test_rejects_a_value_and_names_its_annotation(name: str, value: str) -> None:
    with pytest.raises(InjectionError, match=f"annotation {PREFIX}/{name}: "):
        capture_of({f"{PREFIX}/{name}": value})


def _capture(pod: Namespace, capture: Capture) -> None:
    """Twice, as when the init container is run again: the second time must change nothing."""
    for _ in range(2):
        pod.run("iptables-restore", text=iptables_rules(capture))


@needs_namespaces
def test_a_kernel_captures_all_but_the_proxys_own_connections() -> None:
    with client_and_pod() as (client, pod):
        _capture(pod, Capture())
        assert client.ask(f"{POD}:80") == f"15006 {POD}:80"
        assert client.ask(f"{POD}:15021") == f"15021 {POD}:15021"
        assert pod.ask(f"{CLIENT}:80", user=1000) == f"15001 {CLIENT}:80"
        assert pod.ask(f"{CLIENT}:80") == f"15001 {CLIENT}:80"
        assert pod.ask(f"{CLIENT}:80", user=UID) == f"80 {CLIENT}:80"
        assert pod.ask("127.0.0.1:80", user=1000) == "80 127.0.0.1:80"
        assert pod.ask(f"{POD}:80", user=1000) == f"80 {POD}:80"


@needs_namespaces
def test_a_kernel_lets_the_proxy_reach_its_app_and_its_own_service() -> None:
    with client_and_pod() as (_, pod):
        _capture(pod, Capture())
        assert pod.ask("127.0.0.1:80", user=UID) == "80 127.0.0.1:80"
        assert pod.ask(f"{POD}:80", user=UID, source="127.0.0.6") == f"80 {POD}:80"
        assert pod.ask(f"{POD}:80", user=UID) == f"15006 {POD}:80"


@needs_namespaces
def test_a_kernel_captures_what_annotations_say() -> None:
    capture = Capture(
        include_inbound_ports=(80,),
        include_outbound_ranges=("10.99.0.0/16",),
        include_outbound_ports=(443,),
    )
    with client_and_pod() as (client, pod):
        _capture(pod, capture)
        assert client.ask(f"{POD}:80") == f"15006 {POD}:80"
        assert client.ask(f"{POD}:443") == f"443 {POD}:443"
        assert pod.ask(f"{CLIENT}:80", user=1000) == f"80 {CLIENT}:80"
        assert pod.ask(f"{CLIENT}:443", user=1000) == f"15001 {CLIENT}:443"


@needs_namespaces
def test_a_kernel_leaves_out_what_annotations_exclude() -> None:
    capture = Capture(exclude_inbound_ports=(443,), exclude_outbound_ports=(5432,))
    with client_and_pod() as (client, pod):
        _capture(pod, capture)
        assert client.ask(f"{POD}:443") == f"443 {POD}:443"
        assert client.ask(f"{POD}:80") == f"15006 {POD}:80"
        assert pod.ask(f"{CLIENT}:5432", user=1000) == f"5432 {CLIENT}:5432"
        assert pod.ask(f"{CLIENT}:443", user=1000) == f"15001 {CLIENT}:443"
