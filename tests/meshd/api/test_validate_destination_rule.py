"""Validation of DestinationRules: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest

from .samples import errors, warnings

DESTINATION_RULE = [
    ("{host: 'a b'}", "spec.host: must be a DNS name"),
    ("{host: a, subsets: [{name: v1}, {name: v1}]}", "spec.subsets[1].name: is the name of another subset too"),
    ("{host: a, subsets: [{name: V_1}]}", "spec.subsets[0].name: must be a name of"),
    (
        "{host: a, subsets: [{name: v1, labels: {a: '-'}}]}",
        "spec.subsets[0].labels.a: must be a Kubernetes label value",
    ),
    ("{host: a, trafficPolicy: {}}", "spec.trafficPolicy: must set something"),
    (
        "{host: a, trafficPolicy: {loadBalancer: {simple: RANDOM, consistentHash: {useSourceIp: true}}}}",
        "loadBalancer: only one of simple or consistentHash may be set",
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, maglev: {tableSize: 100}}}}}",
        "maglev.tableSize: must be a prime number below 5000011 (got 100)",
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, httpHeaderName: x}}}}",
        "only one of httpHeaderName or useSourceIp may be set",
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: x, to: {y: 50}}]}}}}",
        "distribute[0].to: the shares must make 100 together (got 50)",
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: '', to: {y: 100}}]}}}}",
        'distribute[0].from: must be "region/zone/sub-zone"',
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {'*/b': 100}}]}}}}",
        'distribute[0].to["*/b"]: may have one * only, at its end',
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: a, to: b/c}]}}}}",
        "failover[0].to: must be a region",
    ),
    (
        "{host: a, trafficPolicy: {loadBalancer: {zoneAwareLbSetting: {failoverPriority: [topology.istio.io/subzone]}}"
        "}}",
        "failoverPriority[0]: is weighed in already",
    ),
    ("{host: a, trafficPolicy: {connectionPool: {}}}", "connectionPool: must set tcp or http"),
    ("{host: a, trafficPolicy: {connectionPool: {http: {maxRetries: -1}}}}", "http.maxRetries: must be 0 or more"),
    ("{host: a, trafficPolicy: {connectionPool: {tcp: {connectTimeout: 0s}}}}", "connectTimeout: must be 1ms or more"),
    (
        "{host: a, trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE, useClientProtocol: true}}}}",
        "useClientProtocol: contradicts h2UpgradePolicy UPGRADE",
    ),
    (
        "{host: a, trafficPolicy: {outlierDetection: {maxEjectionPercent: 101}}}",
        "maxEjectionPercent: must be from 0 to 100",
    ),
    (
        "{host: a, trafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 3}}}",
        "consecutiveLocalOriginFailures: counts only with splitExternalLocalOriginErrors",
    ),
    (
        "{host: a, trafficPolicy: {tls: {mode: MUTUAL, privateKey: /k}}}",
        "tls.clientCertificate: is required for MUTUAL",
    ),
    (
        "{host: a, trafficPolicy: {tls: {mode: SIMPLE, credentialName: c, caCertificates: /ca}}}",
        "tls.caCertificates: must be left out: credentialName holds it",
    ),
    (
        "{host: a, trafficPolicy: {portLevelSettings: [{tls: {mode: SIMPLE}}]}}",
        "portLevelSettings[0].port: is required",
    ),
    ("{host: a, trafficPolicy: {portLevelSettings: [{port: {number: 80}}]}}", "must set something for the port"),
    ("{host: a, workloadSelector: {matchLabels: {a: '*'}}}", "matchLabels.a: a selector knows no wildcards"),
    ("{host: a, workloadSelector: {matchLabels: {a: b}}, exportTo: ['*']}", "with a workloadSelector it must be"),
]


@pytest.mark.parametrize(("spec", "error"), DESTINATION_RULE)
def test_refuses_destination_rule(spec: str, error: str) -> None:
    found = errors("DestinationRule", spec)
    assert any(error in text for text in found), found


def test_accepts_an_idle_timeout_of_zero_and_a_wildcard_host() -> None:
    policy = "{connectionPool: {tcp: {idleTimeout: 0s}}}"
    assert errors("DestinationRule", f"{{host: '*.local', trafficPolicy: {policy}}}") == []


def test_a_warm_up_that_cannot_act_is_told() -> None:
    warmup = "warmup: {duration: 10s}"
    [told] = warnings("DestinationRule", f"{{host: a, trafficPolicy: {{loadBalancer: {{simple: RANDOM, {warmup}}}}}}}")
    assert told.startswith("spec.trafficPolicy.loadBalancer: endpoints warm up with ROUND_ROBIN and LEAST_REQUEST only")
    acts = f"{{loadBalancer: {{simple: ROUND_ROBIN, {warmup}}}}}"
    assert warnings("DestinationRule", f"{{host: a, trafficPolicy: {acts}}}") == []


FAILOVER = "loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}"
DETECTION = "outlierDetection: {consecutive5xxErrors: 3}"


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (f"trafficPolicy: {{{FAILOVER}}}", "spec.trafficPolicy."),
        (f"subsets: [{{name: v, labels: {{a: b}}, trafficPolicy: {{{FAILOVER}}}}}]", "spec.subsets[0].trafficPolicy."),
        (
            f"trafficPolicy: {{{DETECTION}, portLevelSettings: [{{port: {{number: 80}}, {FAILOVER}}}]}}",
            "spec.trafficPolicy.portLevelSettings[0].",
        ),
        (f"trafficPolicy: {{{FAILOVER}, {DETECTION}}}", ""),
        ("trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: false}}}", ""),
        ("trafficPolicy: {loadBalancer: {localityLbSetting: {distribute: [{from: a, to: {b: 100}}]}}}", ""),
        (
            f"trafficPolicy: {{{DETECTION}}}, subsets: [{{name: v, labels: {{a: b}}, trafficPolicy: {{{FAILOVER}}}}}]",
            "",
        ),
        (
            f"trafficPolicy: {{{FAILOVER}}}, subsets: [{{name: v, labels: {{a: b}}, trafficPolicy: {{{DETECTION}}}}}]",
            "",
        ),
    ],
)
def test_failover_without_outlier_detection_is_told(policy: str, path: str) -> None:
    found = warnings("DestinationRule", f"{{host: a, {policy}}}")
    if not path:
        assert found == []
    else:
        [told] = found
        assert told.startswith(f"{path}loadBalancer.localityLbSetting: has no effect without outlierDetection")


def test_secrets_are_for_gateways_and_those_that_are_selected() -> None:
    tls = "{tls: {mode: SIMPLE, credentialName: c}}"
    [told] = warnings("DestinationRule", f"{{host: a, subsets: [{{name: v, labels: {{a: b}}, trafficPolicy: {tls}}}]}}")
    assert told.startswith("spec.subsets[0].trafficPolicy.tls.credentialName: has an effect at gateways, whose")
    selected = f"{{host: a, workloadSelector: {{matchLabels: {{a: b}}}}, trafficPolicy: {tls}}}"
    assert warnings("DestinationRule", selected) == []
