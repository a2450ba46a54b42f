"""What Envoy would refuse, the webhook refuses: an object that got through would hold up others of its kind."""

from __future__ import annotations

import pytest

from .samples import errors

ROUTE = "route: [{destination: {host: a}}]"
RULE = "{loadBalancer: {consistentHash: {httpHeaderName: x, ringHash: {minimumRingSize: 9000000}}}}"
TLS = "{mode: SIMPLE, credentialName: c, cipherSuites: [NOPE]}"


def of_route(route: str) -> list[str]:
    return errors("VirtualService", "{hosts: [a], http: [" + route.replace("ROUTE", ROUTE) + "]}")


@pytest.mark.parametrize(
    ("route", "problem"),
    [
        ('{ROUTE, headers: {request: {set: {x: "%NOPE%"}}}}', "%NOPE% is no command of Envoy's"),
        ('{redirect: {uri: "/a\\nb"}}', "redirect.uri: must not hold control characters"),
        ('{ROUTE, rewrite: {authority: "a\\rb"}}', "rewrite.authority: must not hold control characters"),
        ("{ROUTE, timeout: 99999999h}", "timeout: is longer than 10,000 years"),
        ('{ROUTE, match: [{queryParams: {"": {exact: a}}}]}', "queryParams: must name the parameter"),
    ],
)
def test_refuses_in_a_route(route: str, problem: str) -> None:
    assert any(problem in found for found in of_route(route)), of_route(route)


@pytest.mark.parametrize(
    "value", ["%REQ(x-a)%", "100%%", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "%START_TIME(%s)%"]
)
def test_accepts_commands_of_envoy_in_header_values(value: str) -> None:
    assert of_route('{ROUTE, headers: {response: {add: {x: "' + value + '"}}}}') == []


def test_refuses_a_ring_larger_than_envoy_makes() -> None:
    found = errors("DestinationRule", "{host: a, trafficPolicy: " + RULE + "}")
    assert found == [f"spec.trafficPolicy.loadBalancer.consistentHash.ringHash.minimumRingSize: {LARGEST}"]


LARGEST = "must be at most 8388608 (got 9000000)"


def test_refuses_a_cipher_suite_that_envoy_does_not_have() -> None:
    server = "{port: {number: 443, name: https, protocol: HTTPS}, hosts: [a.b], tls: " + TLS + "}"
    (found,) = errors("Gateway", "{selector: {a: b}, servers: [" + server + "]}")
    assert found.startswith("spec.servers[0].tls.cipherSuites[0]: must be AES128-GCM-SHA256")
