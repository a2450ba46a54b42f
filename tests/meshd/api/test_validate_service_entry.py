"""What ServiceEntries and WorkloadEntries must and should not say."""

from __future__ import annotations

import pytest

from meshd.api.validate import validate

from .samples import object_of

PORT = "ports: [{number: 80, name: http, protocol: HTTP}]"
TCP = "ports: [{number: 81, name: tcp, protocol: TCP}]"


def test_a_host_may_be_an_address() -> None:
    assert validate(object_of("ServiceEntry", f"{{hosts: [192.0.2.254, 'a.test'], {PORT}}}")).errors == ()


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("hosts: []", "spec.hosts"),
        (f'hosts: ["*"], {PORT}', "spec.hosts[0]"),
        (f'hosts: ["*-a.test"], {PORT}', "spec.hosts[0]"),
        (f'hosts: ["*.a.test"], {PORT}, resolution: DNS', "spec.hosts[0]"),
        (f"hosts: [a.test], addresses: [a.b], {PORT}", "spec.addresses[0]"),
        (f'hosts: [a.test], addresses: ["192.0.2.0/24"], {PORT}, resolution: DNS', "spec.addresses[0]"),
        ("hosts: [a.test], ports: [{number: 0, name: a, protocol: HTTP}]", "spec.ports[0].number"),
        ("hosts: [a.test], ports: [{number: 1, name: a, protocol: SMTP}]", "spec.ports[0].protocol"),
        ("hosts: [a.test], ports: [{number: 1, name: a}, {number: 2, name: a}]", "spec.ports[1].name"),
        ("hosts: [a.test], ports: [{number: 1, name: a}, {number: 1, name: b}]", "spec.ports[1].number"),
        ("hosts: [a.test], ports: [{number: 1, name: a, targetPort: 70000}]", "spec.ports[0].targetPort"),
        (f"hosts: [a.test, b.test], {TCP}, resolution: STATIC", "spec.ports[0].protocol"),
        (f"hosts: [a.test], {PORT}, endpoints: [{{address: 192.0.2.1}}]", "spec.endpoints"),
        (
            f"hosts: [a.test], {PORT}, resolution: STATIC, endpoints: [{{address: 192.0.2.1}}], "
            "workloadSelector: {labels: {a: b}}",
            "spec.endpoints",
        ),
        (
            f"hosts: [a.test], {PORT}, resolution: DNS_ROUND_ROBIN, endpoints: [{{address: a.b}}, {{address: c.d}}]",
            "spec.endpoints",
        ),
        (f"hosts: [a.test], {PORT}, resolution: STATIC, endpoints: [{{address: a.b}}]", "spec.endpoints[0].address"),
        (f"hosts: [a.test], {PORT}, resolution: STATIC, endpoints: [{{}}]", "spec.endpoints[0].address"),
        (
            f"hosts: [a.test], {PORT}, resolution: STATIC, endpoints: [{{address: 192.0.2.1, ports: {{web: 1}}}}]",
            "spec.endpoints[0].ports.web",
        ),
        (f'hosts: [a.test], {PORT}, subjectAltNames: [""]', "spec.subjectAltNames[0]"),
        (f"hosts: [a.test], {PORT}, exportTo: ['*', a]", "spec.exportTo"),
        (f'hosts: ["*.a.test", a.test], {PORT}, resolution: DYNAMIC_DNS', "spec.hosts[1]"),
        (f'hosts: ["*.a.test"], {TCP}, resolution: DYNAMIC_DNS', "spec.ports[0].protocol"),
        (f'hosts: ["*.a.test"], {PORT}, resolution: DYNAMIC_DNS, addresses: [192.0.2.1]', "spec.addresses"),
    ],
)
def test_refuses_service_entries(spec: str, path: str) -> None:
    assert path in [problem.path for problem in validate(object_of("ServiceEntry", f"{{{spec}}}")).errors]


@pytest.mark.parametrize(
    "spec",
    [
        f"hosts: [a.test, b.test], {PORT}, resolution: DNS",
        f'hosts: ["*.a.test"], {PORT}, resolution: NONE',
        f'hosts: ["*.a.test"], {PORT}, resolution: DYNAMIC_DNS',
        f'hosts: [a.test], addresses: ["192.0.2.0/24"], {TCP}, resolution: NONE',
        f"hosts: [a.test], {PORT}, resolution: DNS, endpoints: [{{address: b.test, ports: {{http: 81}}}}]",
        f"hosts: [a.test], {PORT}, location: MESH_INTERNAL, resolution: STATIC, workloadSelector: {{labels: {{a: b}}}}",
    ],
)
def test_accepts_service_entries(spec: str) -> None:
    verdict = validate(object_of("ServiceEntry", f"{{{spec}}}"))
    assert (verdict.errors, verdict.warnings) == ((), ())


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        (f"hosts: [a.test], {TCP}, resolution: DNS", "spec.ports[0]"),
        (f"hosts: [a.test], {PORT}, resolution: STATIC", "spec.endpoints"),
        (f'hosts: [a.test], addresses: ["2001:db8::1"], {PORT}', "spec.addresses[0]"),
        (f"hosts: [a.test], {PORT}, resolution: NONE, addresses: [192.0.2.0/24]", "spec.addresses[0]"),
        (f'hosts: ["*.a.test"], {PORT}, resolution: DYNAMIC_DNS, endpoints: [{{address: b.test}}]', "spec.endpoints"),
        (
            f'hosts: ["*.a.test"], {PORT}, resolution: DYNAMIC_DNS, workloadSelector: {{labels: {{a: b}}}}',
            "spec.workloadSelector",
        ),
        (
            'hosts: ["*.a.b"], resolution: DYNAMIC_DNS, ports: [{number: 8, name: a, protocol: GRPC, targetPort: 9}]',
            "spec.ports[0].targetPort",
        ),
        (
            f"hosts: [a.test], {PORT}, resolution: STATIC, endpoints: [{{address: 'unix:///run/a'}}]",
            "spec.endpoints[0].address",
        ),
        (f"hosts: [a.test], {PORT}, workloadSelector: {{labels: {{a: b}}}}", "spec.workloadSelector"),
    ],
)
def test_warns_of_what_has_no_effect_or_too_much(spec: str, path: str) -> None:
    verdict = validate(object_of("ServiceEntry", f"{{{spec}}}"))
    assert not verdict.errors
    assert path in [problem.path for problem in verdict.warnings]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("", "spec.address"),
        ("address: a_b..", "spec.address"),
        ("address: unix://run", "spec.address"),
        ("address: 192.0.2.1, ports: {http: 0}", "spec.ports.http"),
        ("address: 192.0.2.1, labels: {'a b': c}", "spec.labels"),
    ],
)
def test_refuses_workload_entries(spec: str, path: str) -> None:
    assert path in [problem.path for problem in validate(object_of("WorkloadEntry", f"{{{spec}}}")).errors]
