"""Validation of policies: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from meshd.api.validate import validate

from .samples import errors, object_of, warnings


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("{portLevelMtls: {80: {mode: STRICT}}}", "spec.portLevelMtls: needs a selector"),
        ("{selector: {matchLabels: {a: b}}, portLevelMtls: {0: {}}}", "spec.portLevelMtls.0: must be a port"),
        ("{selector: {matchLabels: {a: 'b*'}}}", "spec.selector.matchLabels.a: a selector knows no wildcards"),
    ],
)
def test_refuses_peer_authentication(spec: str, error: str) -> None:
    found = errors("PeerAuthentication", spec)
    assert any(error in text for text in found), found


AUTHORIZATION_POLICY = [
    ("{action: DENY}", "spec.rules: DENY without rules never applies"),
    ("{action: CUSTOM, rules: [{}]}", "spec.provider.name: is required for CUSTOM"),
    ("{provider: {name: a}}", "spec.provider: goes with CUSTOM only"),
    ("{rules: [{from: [{}]}]}", "from[0].source: must have a condition"),
    ("{rules: [{from: [{source: {}}]}]}", "from[0].source: must have a condition"),
    ("{rules: [{to: [{operation: {}}]}]}", "to[0].operation: must have a condition"),
    ("{rules: [{from: [{source: {principals: ['']}}]}]}", "principals[0]: must not be empty"),
    ("{rules: [{from: [{source: {ipBlocks: [10.0.0]}}]}]}", "ipBlocks[0]: must be an IP address or a range"),
    ("{rules: [{from: [{source: {serviceAccounts: [a/b/c]}}]}]}", "serviceAccounts[0]: must be name or namespace/name"),
    (
        "{rules: [{from: [{source: {serviceAccounts: [a], namespaces: [b]}}]}]}",
        "source: serviceAccounts cannot be combined",
    ),
    ("{rules: [{from: [{source: {trustDomains: ['a*b']}}]}]}", "trustDomains[0]: * is a wildcard at one end"),
    ("{rules: [{to: [{operation: {ports: ['70000']}}]}]}", "ports[0]: must be a port from 1 to 65535 in quotes"),
    ("{rules: [{to: [{operation: {paths: ['/a/{b}']}}]}]}", "paths[0]: a path template holds"),
    ("{rules: [{when: [{key: request.header, values: [a]}]}]}", "when[0].key: must be one of source.ip"),
    ("{rules: [{when: [{key: 'request.headers[a][b]', values: [a]}]}]}", "when[0].key: must be one of source.ip"),
    ("{rules: [{when: [{key: source.ip}]}]}", "when[0]: must have values or notValues"),
    ("{rules: [{when: [{key: source.ip, values: [a]}]}]}", "when[0].values[0]: must be an IP address"),
    ("{rules: [{when: [{key: destination.port, notValues: [a]}]}]}", "notValues[0]: must be a port"),
    (
        "{selector: {matchLabels: {a: b}}, targetRefs: [{kind: Service, name: a}]}",
        "spec: only one of selector or targetRefs may be set",
    ),
    ("{targetRefs: [{kind: Pod, name: a}]}", "spec.targetRefs[0].kind: must be one of Service"),
    (
        "{action: CUSTOM, provider: {name: a}, rules: [{from: [{source: {principals: [a]}}]}]}",
        "source.principals: cannot be used with CUSTOM",
    ),
]


@pytest.mark.parametrize(("spec", "error"), AUTHORIZATION_POLICY)
def test_refuses_authorization_policy(spec: str, error: str) -> None:
    found = errors("AuthorizationPolicy", spec)
    assert any(error in text for text in found), found


@pytest.mark.parametrize(
    "spec",
    [
        "{}",
        "{rules: [{}]}",
        "{action: DENY, rules: [{}]}",
        "{rules: [{to: [{operation: {paths: ['/a/{*}/b', '/c/{**}', '*/d', '/e*']}}]}]}",
        "{rules: [{from: [{source: {principals: ['*'], notNamespaces: ['a*']}}]}]}",
        "{rules: [{when: [{key: 'request.auth.claims[a][b]', values: [c]}]}]}",
    ],
)
def test_accepts_authorization_policy(spec: str) -> None:
    assert errors("AuthorizationPolicy", spec) == []


def test_warns_of_a_wildcard_that_is_none() -> None:
    found = warnings("AuthorizationPolicy", "{rules: [{to: [{operation: {paths: ['/a/*/b']}}]}]}")
    assert found == [
        'spec.rules[0].to[0].operation.paths[0]: * is a wildcard at one end of a value only (got "/a/*/b")'
    ]


@pytest.mark.parametrize(
    ("action", "annotation", "expected"),
    [
        ("action: DENY", "true", []),
        ("action: DENY", "False", []),
        ("action: DENY", "yes", ['metadata.annotations["istio.io/dry-run"]: must be true or false']),
        ("action: AUDIT", "true", ['metadata.annotations["istio.io/dry-run"]: a dry run of AUDIT reports nothing']),
        ("action: AUDIT", "false", []),
    ],
)
def test_warns_of_a_dry_run_that_is_none(action: str, annotation: str, expected: list[str]) -> None:
    policy = object_of("AuthorizationPolicy", f"{{{action}, rules: [{{}}]}}")
    metadata = replace(policy.metadata, annotations={"istio.io/dry-run": annotation})
    found = [str(problem) for problem in validate(replace(policy, metadata=metadata)).warnings]
    assert len(found) == len(expected)
    assert all(text.startswith(start) for text, start in zip(found, expected, strict=True)), found
