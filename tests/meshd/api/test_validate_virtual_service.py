"""Validation of VirtualServices: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest

from .samples import errors, warnings

TO_A = "route: [{destination: {host: a}}]"


def refusals(spec: str) -> list[str]:
    """Errors of a VirtualService; TO_A in its text is a route to service a."""
    return errors("VirtualService", spec.replace("TO_A", TO_A))


def refusals_of_route(route: str) -> list[str]:
    return refusals("{hosts: [a], http: [" + route + "]}")


VIRTUAL_SERVICE = [
    ("{hosts: [a]}", "spec: at least one of http, tls and tcp must have a route"),
    ('{hosts: ["a b"], http: [{TO_A}]}', "spec.hosts[0]: must be a DNS name"),
    ('{hosts: ["a.*.b"], http: [{TO_A}]}', "spec.hosts[0]: must be a DNS name"),
    ('{hosts: ["*"], http: [{TO_A}]}', "spec.hosts[0]: every host can be matched at gateways only"),
    ('{hosts: ["*.b.c", a.b.c], http: [{TO_A}]}', "spec.hosts[1]: overlaps with *.b.c"),
    (
        "{hosts: [a], gateways: [n/g/x], http: [{TO_A}]}",
        "spec.gateways[0]: must be mesh, name or namespace/name",
    ),
    ("{gateways: [g], http: [{TO_A}]}", "spec.gateways: a VirtualService without hosts is a delegate"),
    ('{hosts: [a], exportTo: [".", shop], http: [{TO_A}]}', "spec.exportTo[1]: is in the list already"),
    ('{hosts: [a], exportTo: ["*", b], http: [{TO_A}]}', 'spec.exportTo: "*" stands for all namespaces'),
    (
        "{hosts: [a], tcp: [{match: [{port: 70000}], route: [{destination: {host: a}}]}]}",
        "match[0].port: must be a port",
    ),
    ("{hosts: [a], tcp: [{}]}", "spec.tcp[0].route: must have a destination"),
    (
        "{hosts: [a], tls: [{match: [], route: [{destination: {host: a}}]}]}",
        "spec.tls[0].match: must have at least one",
    ),
    (
        "{hosts: [a.b], tls: [{match: [{sniHosts: [c.d]}], route: [{destination: {host: a}}]}]}",
        "spec.tls[0].match[0].sniHosts[0]: must be one of this object's hosts (a.b)",
    ),
    (
        "{hosts: [a], tcp: [{match: [{destinationSubnets: [10.0.0.0/99]}], route: [{destination: {host: a}}]}]}",
        "spec.tcp[0].match[0].destinationSubnets[0]: must be an IP address or a range",
    ),
]


@pytest.mark.parametrize(("spec", "error"), VIRTUAL_SERVICE)
def test_refuses_virtual_service(spec: str, error: str) -> None:
    found = refusals(spec)
    assert any(error in text for text in found), found


HTTP_ROUTE = [
    ("{}", "spec.http[0]: one of route, redirect, directResponse or delegate must say"),
    ("{TO_A, redirect: {uri: /b}}", "spec.http[0]: only one of route or redirect must say"),
    ("{redirect: {uri: /b}, rewrite: {uri: /c}}", "spec.http[0].rewrite: has no meaning with redirect"),
    ("{redirect: {redirectCode: 301}}", "spec.http[0].redirect: must change something"),
    ("{redirect: {uri: /b, redirectCode: 304}}", "redirectCode: must be 301, 302, 303, 307 or 308 (got 304)"),
    ("{redirect: {uri: /b, port: 80, derivePort: FROM_REQUEST_PORT}}", "only one of port or derivePort may be set"),
    ("{redirect: {uri: /b, scheme: ftp}}", "scheme: must be http or https"),
    ("{match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /b}}", "prefixRewrite: needs matches by uri.prefix"),
    ("{directResponse: {status: 99}}", "directResponse.status: must be an HTTP status from 200 to 599"),
    ("{directResponse: {status: 200, body: {bytes: '#'}}}", "body.bytes: must be base64"),
    ("{directResponse: {status: 200, body: {bytes: aGk=, string: a}}}", "only one of string or bytes"),
    ("{route: [{destination: {host: '*'}}]}", "destination.host: must be the DNS name of a service"),
    ("{route: [{destination: {host: a, subset: v_1}}]}", "destination.subset: must be a name of"),
    (
        "{route: [{destination: {host: a, port: {number: 0}}}]}",
        "destination.port.number: must be a port from 1 to 65535",
    ),
    ("{route: [{destination: {host: a}}, {destination: {host: b}}]}", "route: the weights of several destinations"),
    ("{route: [{destination: {host: a}, weight: -1}]}", "route[0].weight: must be 0 or more (got -1)"),
    ("{TO_A, mirror: {host: b}, mirrors: [{destination: {host: b}}]}", "only one of mirror and mirrors"),
    (
        "{TO_A, mirror: {host: b}, mirrorPercentage: {value: 101}}",
        "mirrorPercentage.value: must be 0, or from",
    ),
    ("{TO_A, mirror: {host: b}, mirror_percent: 101}", "http[0].mirror_percent: must be from 0 to 100"),
    ("{TO_A, match: [{uri: {exact: a, prefix: b}}]}", "match[0].uri: only one of exact or prefix may be set"),
    (
        "{TO_A, match: [{uri: {regex: '(?=a)'}}]}",
        "match[0].uri.regex: is no RE2 regular expression: lookahead",
    ),
    ("{TO_A, match: [{method: {prefix: ''}}]}", "match[0].method.prefix: must not be empty"),
    (
        "{TO_A, match: [{headers: {'a b': {}}}]}",
        'match[0].headers["a b"]: must be the name of an HTTP header',
    ),
    ("{TO_A, match: [{sourceLabels: {'-a': b}}]}", "must be a Kubernetes label key"),
    ("{TO_A, timeout: 0s}", "spec.http[0].timeout: must be 1ms or more"),
    ("{TO_A, timeout: 1500us}", "spec.http[0].timeout: must be whole milliseconds"),
    ("{TO_A, retries: {attempts: -1}}", "retries.attempts: must be 0 or more"),
    ("{TO_A, retries: {retryOn: 5xx}}", "retries.attempts: 0 turns retries off"),
    (
        "{TO_A, retries: {attempts: 1, retryOn: '5xx,505x'}}",
        "retries.retryOn: must be HTTP status codes or any of",
    ),
    ("{TO_A, fault: {}}", "fault: must have an abort or a delay"),
    ("{TO_A, fault: {abort: {httpStatus: 600}}}", "abort.httpStatus: must be an HTTP status from 200 to 599"),
    ("{TO_A, fault: {abort: {grpcStatus: BAD}}}", "abort.grpcStatus: must be OK, CANCELLED"),
    ("{TO_A, fault: {delay: {fixedDelay: 1s, percent: 101}}}", "delay.percent: must be from 0 to 100"),
    ("{TO_A, rewrite: {}}", "rewrite: must set uri, uriRegexRewrite or authority"),
    ("{TO_A, rewrite: {uriRegexRewrite: {match: '(', rewrite: a}}}", "1 group(s) are not closed"),
    (
        "{TO_A, rewrite: {authority: b}, headers: {request: {set: {Host: c}}}}",
        "rewrite.authority: headers.request changes the host too",
    ),
    (
        "{TO_A, headers: {response: {set: {host: a}}}}",
        "headers.response.set.host: Host and headers that start",
    ),
    ("{TO_A, headers: {request: {add: {':path': a}}}}", "cannot be changed; use rewrite"),
    ("{TO_A, headers: {request: {set: {a: '50%'}}}}", "set.a: has an unfinished %COMMAND%"),
    ('{TO_A, headers: {request: {set: {a: "b\\nc"}}}}', "must not hold control characters"),
    ("{TO_A, corsPolicy: {allowOrigins: [{}]}}", "allowOrigins[0]: must have an exact, prefix or regex"),
    ("{TO_A, corsPolicy: {maxAge: 1500ms}}", "corsPolicy.maxAge: must be whole seconds"),
    ("{TO_A, corsPolicy: {allowMethods: [get]}}", "allowMethods[0]: must be GET, HEAD"),
]


@pytest.mark.parametrize(("route", "error"), HTTP_ROUTE)
def test_refuses_http_route(route: str, error: str) -> None:
    found = refusals_of_route(route)
    assert any(error in text for text in found), found


@pytest.mark.parametrize(
    "route",
    [
        "{TO_A, headers: {request: {set: {Host: b, x: '%REQ(a?b):10% 100%%'}}}}",
        "{TO_A, match: [{uri: {prefix: ''}, withoutHeaders: {a: {regex: '*'}}, headers: {':method': {}}}]}",
        "{TO_A, retries: {attempts: 2, retryOn: '503,gateway-error,unavailable'}}",
        "{TO_A, retries: {attempts: 0}}",
        "{route: [{destination: {host: a}, weight: 0}, {destination: {host: b}, weight: 1}]}",
        "{delegate: {name: b}}",
        "{directResponse: {status: 503, body: {string: closed}}}",
        "{TO_A, fault: {delay: {fixedDelay: 1ms, percentage: {value: 0.0001}}}}",
    ],
)
def test_accepts_http_route(route: str) -> None:
    assert refusals_of_route(route) == []


def test_delegate_cannot_delegate() -> None:
    found = refusals("{http: [{delegate: {name: b}}]}")
    assert found == ["spec.http[0].delegate: a delegate cannot delegate further"]


def test_warns_of_routes_behind_one_that_takes_all() -> None:
    found = warnings("VirtualService", "{hosts: [a], http: [{TO_A}, {name: late, TO_A}]}".replace("TO_A", TO_A))
    assert found == [
        'spec.http[1]: is never used: http[0] before it takes every request; put that one last (got "late")'
    ]
