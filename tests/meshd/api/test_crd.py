"""The definitions the API server gets."""

from __future__ import annotations

import subprocess
import sys
from ast import literal_eval
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from meshd.api.crd import custom_resource_definitions, object_schema
from meshd.api.kinds import KINDS, Kind

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in custom_resource_definitions()}


def _schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from _schemas(inner, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from _schemas(schema[key], f"{path}[]")


def _at(kind: str, path: str) -> dict[str, Any]:
    return dict(_schemas(CRDS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]))[path]


def test_names_and_versions_are_those_of_istio() -> None:
    assert {kind.crd_name: kind.versions for kind in KINDS} == {
        "virtualservices.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "destinationrules.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "gateways.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "serviceentries.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "workloadentries.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "workloadgroups.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "sidecars.networking.istio.io": ("v1", "v1beta1", "v1alpha3"),
        "proxyconfigs.networking.istio.io": ("v1beta1",),
        "peerauthentications.security.istio.io": ("v1", "v1beta1"),
        "requestauthentications.security.istio.io": ("v1", "v1beta1"),
        "authorizationpolicies.security.istio.io": ("v1", "v1beta1"),
        "telemetries.telemetry.istio.io": ("v1", "v1alpha1"),
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_definition_is_whole(kind: Kind) -> None:
    crd = CRDS[kind.kind]
    versions = crd["spec"]["versions"]
    assert crd["metadata"]["name"] == f"{crd['spec']['names']['plural']}.{crd['spec']['group']}"
    assert [v["name"] for v in versions if v["storage"]] == [kind.storage]
    assert all(v["served"] and v["subresources"] == {"status": {}} for v in versions)
    assert versions[0]["additionalPrinterColumns"][-1]["name"] == "Age"
    assert len(msgspec.json.encode(crd)) < 1_000_000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_schema_is_structural(kind: Kind) -> None:
    for path, schema in _schemas(object_schema(kind)):
        assert schema["type"] in ("object", "array", "string", "integer", "number", "boolean"), path
        assert not ("properties" in schema and "additionalProperties" in schema), path
        assert set(schema.get("required", ())) <= set(schema.get("properties", ())), path
        assert "x-kubernetes-int-or-string" not in schema, path
        if schema["type"] == "array":
            assert "items" in schema, path
    assert object_schema(kind)["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] is True


def test_constraints_reach_the_schema() -> None:
    assert _at("DestinationRule", ".spec")["required"] == ["host"]
    assert _at("VirtualService", ".spec.http[].timeout") == {"type": "string", "format": "duration", "nullable": True}
    assert _at("PeerAuthentication", ".spec.mtls.mode")["enum"] == ["DISABLE", "PERMISSIVE", "STRICT", "UNSET"]
    assert _at("PeerAuthentication", ".spec.portLevelMtls[].mode")["type"] == "string"
    weight = _at("VirtualService", ".spec.http[].route[].weight")
    assert weight == {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    assert _at("VirtualService", ".spec.http[].match[].headers[].regex")["type"] == "string"
    assert _at("Telemetry", ".spec.metrics[].providers[].name")["minLength"] == 1
    assert "first route that fits" in _at("VirtualService", ".spec")["description"]


def test_spec_is_required_only_where_it_has_required_fields() -> None:
    schemas = {kind.kind: object_schema(kind) for kind in KINDS}
    assert [kind for kind, schema in schemas.items() if "required" in schema] == [
        *("DestinationRule", "ServiceEntry", "WorkloadGroup")
    ]


def test_module_prints_one_list_and_needs_only_msgspec() -> None:
    run = "import runpy, sys; runpy.run_module('meshd.api.crd', run_name='__main__')"
    seen = "; print(sorted({m.partition('.')[0] for m in sys.modules} - sys.stdlib_module_names), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {run}{seen}"],
        check=True,
        capture_output=True,
    )
    listed = msgspec.json.decode(done.stdout)
    assert listed["kind"] == "List"
    assert len(listed["items"]) == len(KINDS)
    third_party = {name for name in literal_eval(done.stderr.decode().splitlines()[-1]) if not name.startswith("_")}
    assert third_party <= {"meshd", "msgspec", "typing_extensions"}
