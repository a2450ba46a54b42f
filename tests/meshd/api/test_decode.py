"""Decoding: what is read, what is refused, and in which words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.api import KINDS, DecodeError, decode, encode
from meshd.api.diagnose import diagnose
from meshd.api.istio import DestinationRule, Message, PeerAuthentication, VirtualService, seconds

from .samples import documents
from .strategies import JUNK, objects, specs

SAMPLES = {document["kind"]: document for document in documents()}


def _refusal(kind: str, **changes: Any) -> list[str]:
    document = {**SAMPLES[kind], "spec": {**SAMPLES[kind]["spec"], **changes}}
    with pytest.raises(DecodeError) as of_mapping:
        decode(document)
    with pytest.raises(DecodeError) as of_text:
        decode(json.dumps(document).encode())
    assert str(of_mapping.value) == str(of_text.value)
    assert of_text.value.object == f"{kind} shop/{document['metadata']['name']}"
    return [str(problem) for problem in of_text.value.problems]


def test_there_is_a_sample_of_every_kind() -> None:
    assert SAMPLES.keys() == {kind.kind for kind in KINDS}


@pytest.mark.parametrize("kind", SAMPLES)
def test_sample_decodes_alike_from_text_and_mapping_and_comes_back_from_its_encoding(kind: str) -> None:
    decoded = decode(SAMPLES[kind])
    assert decode(json.dumps(SAMPLES[kind]).encode()) == decoded
    assert decode(encode(decoded)) == decoded
    assert str(decoded) == f"{kind} shop/{decoded.metadata.name}"


def test_virtual_service_is_typed() -> None:
    decoded = decode(SAMPLES["VirtualService"])
    spec = decoded.spec
    assert isinstance(spec, VirtualService)
    assert decoded.metadata.generation == 3
    assert spec.http[0].match[0].headers["end-user"].exact == "jason"
    assert [d.weight for d in spec.http[1].route] == [90, 10]
    assert spec.http[0].timeout is not None
    assert seconds(spec.http[0].timeout) == 1.5
    assert spec.http[1].timeout is None


def test_names_with_digits_are_those_of_protobuf() -> None:
    spec = decode(SAMPLES["DestinationRule"]).spec
    assert isinstance(spec, DestinationRule)
    assert spec.traffic_policy is not None
    assert spec.traffic_policy.outlier_detection is not None
    assert spec.traffic_policy.outlier_detection.consecutive_5xx_errors == 7


def test_ports_of_a_map_are_numbers() -> None:
    spec = decode(SAMPLES["PeerAuthentication"]).spec
    assert isinstance(spec, PeerAuthentication)
    assert spec.port_level_mtls[8080].mode == "DISABLE"


def test_object_without_a_spec_has_an_empty_one() -> None:
    raw = b'{"apiVersion":"security.istio.io/v1","kind":"PeerAuthentication","metadata":{"name":"default"}}'
    assert decode(raw).spec == PeerAuthentication()


@pytest.mark.parametrize(
    ("text", "length"), [("1.5s", 1.5), ("100ms", 0.1), ("1h30m", 5400.0), ("250us", 0.00025), ("0", 0.0)]
)
def test_seconds_reads_every_unit(text: str, length: float) -> None:
    assert seconds(text) == pytest.approx(length)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"htttp": []}, "spec.htttp: unknown field; did you mean http?"),
        ({"export_to": []}, "spec.export_to: unknown field; did you mean exportTo?"),
        ({"hosts": "reviews"}, 'spec.hosts: must be a list (got "reviews")'),
        ({"hosts": [7]}, "spec.hosts[0]: must be a string: put it in quotes (got 7)"),
        ({"http": None}, "spec.http: is empty; give it a list or leave the field out"),
        (
            {"http": [{"timeout": "5"}]},
            'spec.http[0].timeout: must be a duration such as "1.5s", "100ms" or "1h30m" (got "5")',
        ),
        ({"http": [{"route": [{}]}]}, "spec.http[0].route[0].destination: is required"),
        (
            {"http": [{"route": [{"destination": {"host": "a"}, "weight": "10"}]}]},
            'spec.http[0].route[0].weight: must be a whole number, without quotes (got "10")',
        ),
        (
            {"http": [{"route": [{"destination": {"host": "a"}, "weight": 10.0}]}]},
            "spec.http[0].route[0].weight: must be a whole number, written without a point (got 10.0)",
        ),
        (
            {"http": [{"match": [{"headers": {"x.y": {"exat": ""}}}]}]},
            'spec.http[0].match[0].headers["x.y"].exat: unknown field; did you mean exact?',
        ),
        ({"http": [{"match": [{"port": -1}]}]}, "spec.http[0].match[0].port: must be 0 or more (got -1)"),
        (
            {"http": [{"match": [{"ignoreUriCase": 1}]}]},
            "spec.http[0].match[0].ignoreUriCase: must be true or false (got 1)",
        ),
        (
            {"http": [{"redirect": {"derivePort": "X"}}]},
            'spec.http[0].redirect.derivePort: must be FROM_PROTOCOL_DEFAULT or FROM_REQUEST_PORT (got "X")',
        ),
        ({"hosts": {}, "tcp": 1}, "spec.tcp: must be a list (got 1)"),
    ],
)
def test_refusal_names_path_value_and_way_out(changes: dict[str, Any], problem: str) -> None:
    assert problem in _refusal("VirtualService", **changes)


def test_all_problems_are_found_at_once() -> None:
    assert len(_refusal("VirtualService", hosts=1, http=[{"timeout": 5, "retries": {"attempts": "x"}}], x=1)) == 4


def test_key_of_a_port_map_must_be_a_number() -> None:
    assert _refusal("PeerAuthentication", portLevelMtls={"http": {}}) == [
        'spec.portLevelMtls: each key must be a number (got "http")'
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "not valid JSON"),
        (b'{"kind":3}', "type or metadata"),
        (b"{}", "object without a name: kind: not a kind of this mesh"),
        (b'{"apiVersion":"networking.istio.io/v1alpha3","kind":"EnvoyFilter","metadata":{"name":"a"}}', "not a kind"),
        (
            b'{"apiVersion":"networking.istio.io/v2","kind":"Gateway","metadata":{"generateName":"a-","namespace":"n"}}',
            "Gateway n/a-*: apiVersion: Gateway is served as networking.istio.io/v1, networking.istio.io/v1beta1 or",
        ),
    ],
)
def test_other_input_is_refused_in_words(raw: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match="(?s)" + words.replace("*", r"\*")):
        decode(raw)


@given(objects())
@settings(deadline=None, max_examples=100)
def test_any_object_round_trips(document: dict[str, Any]) -> None:
    decoded = decode(document)
    assert decode(encode(decoded)) == decoded
    assert decode(msgspec.json.encode(document)) == decoded


@given(st.sampled_from(KINDS).flatmap(lambda k: st.tuples(st.just(k.spec), specs(k.spec))), st.data())
@settings(deadline=None, max_examples=200)
def test_diagnosis_finds_problems_exactly_where_decoding_refuses(
    pair: tuple[type[Message], dict[str, Any]], data: st.DataObject
) -> None:
    spec_type, spec = pair
    spoilt = _spoil(spec, data) if data.draw(st.booleans()) else spec
    raw = msgspec.json.encode(spoilt)
    try:
        msgspec.json.decode(raw, type=spec_type)
    except msgspec.ValidationError:
        refused = True
    else:
        refused = False
    assert bool(diagnose(spec_type, msgspec.json.decode(raw), "spec")) == refused


def _spoil(value: Any, data: st.DataObject) -> Any:
    """`value` with junk somewhere in it."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(value)))
        return {**value, name: _spoil(value[name], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [_spoil(value[0], data), *value[1:]]
    return data.draw(JUNK)
