"""Fields without effect are reported, one by one."""

from __future__ import annotations

from meshd.api.kinds import KINDS
from meshd.api.support import KIND_NOT_SUPPORTED, NO_EFFECT, SUPPORTED, is_supported
from meshd.api.validate import validate
from meshd.api.walk import messages
from meshd.api.why_not import WHY_NOT

from .samples import object_of
from .test_fields import field_names


def warnings(kind: str, spec: str) -> list[tuple[str, object]]:
    return [(p.path, p.value) for p in validate(object_of(kind, spec)).warnings if p.reason.startswith(NO_EFFECT)]


def test_every_entry_names_a_field() -> None:
    known = {name for kind in KINDS for name in field_names(kind)}
    assert {entry.partition("=")[0] for entry in SUPPORTED} - known == set()


def test_every_reason_is_of_a_field_without_effect() -> None:
    known = {name for kind in KINDS for name in field_names(kind)}
    assert {entry.partition("=")[0] for entry in WHY_NOT} - known == set()
    assert WHY_NOT.keys().isdisjoint(SUPPORTED)


def test_says_why_a_field_has_no_effect() -> None:
    spec = "{address: 192.0.2.1, network: a}"
    assert "one network" in validate(object_of("WorkloadEntry", spec)).warnings[0].reason
    spec = "{targetRefs: [{kind: Service, name: a}], rules: [{}]}"
    assert "waypoints" in validate(object_of("AuthorizationPolicy", spec)).warnings[0].reason


def test_reports_each_field_without_effect_with_its_path() -> None:
    spec = """
      hosts: [a]
      http:
      - route: [{destination: {host: a}}]
        fault: {delay: {fixedDelay: 1s, exponentialDelay: 2s}, abort: {http2Error: a}}
    """
    assert warnings("VirtualService", spec) == [
        ("spec.http[0].fault.delay.exponentialDelay", "2s"),
        ("spec.http[0].fault.abort.http2Error", "a"),
    ]


def test_values_without_effect_are_reported_too() -> None:
    conditions = "[{key: 'request.headers[x-a]', values: [b]}, {key: 'experimental.envoy.filters.a[b]', values: [b]}]"
    found = warnings("AuthorizationPolicy", f"{{rules: [{{when: {conditions}}}]}}")
    assert found == [("spec.rules[0].when[1].key", "experimental.envoy.filters.a[b]")]


def test_protocols_are_compared_without_regard_to_case() -> None:
    servers = "[{port: {number: 80, name: a, protocol: http}, hosts: [a.b]}]"
    assert warnings("Gateway", f"{{selector: {{a: b}}, servers: {servers}}}") == []


def test_fields_at_their_default_are_not_reported() -> None:
    assert warnings("AuthorizationPolicy", "{action: ALLOW, targetRefs: []}") == []


def test_kinds_without_any_effect_get_one_warning() -> None:
    verdict = validate(object_of("WorkloadGroup", "{template: {address: 192.0.2.1, network: a}}"))
    assert [(p.path, p.value, p.reason) for p in verdict.warnings] == [("kind", "WorkloadGroup", KIND_NOT_SUPPORTED)]
    assert not is_supported("WorkloadGroup")


def test_walk_finds_messages_in_lists_and_maps_with_their_paths() -> None:
    spec = "{hosts: [a], http: [{match: [{headers: {x.y: {exact: b}}}], route: [{destination: {host: a}}]}]}"
    found = {path: list(present) for path, _, present in messages(object_of("VirtualService", spec).spec, "spec")}
    assert list(found) == [
        *("spec", "spec.http[0]", "spec.http[0].match[0]", 'spec.http[0].match[0].headers["x.y"]'),
        *("spec.http[0].route[0]", "spec.http[0].route[0].destination"),
    ]
    assert found["spec"] == ["hosts", "http"]
    assert found["spec.http[0]"] == ["match", "route"]
