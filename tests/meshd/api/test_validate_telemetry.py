"""Validation of Telemetry: each rule once, with the words its author reads."""

from __future__ import annotations

import pytest

from .samples import errors, warnings

OVERRIDE = "{metrics: [{overrides: [{tagOverrides: {TAG}}]}]}"


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("{tracing: [{providers: [{name: a}, {name: b}]}]}", "spec.tracing[0].providers: spans go to one provider"),
        ("{tracing: [{customTags: {a: {}}}]}", "customTags.a: must have one of literal, environment, header"),
        ("{tracing: [{customTags: {'': {literal: {value: a}}}}]}", "a tag's name must not be empty"),
        ("{tracing: [{customTags: {a: {header: {name: 'x y'}}}}]}", "customTags.a.header.name: must be the name of"),
        ("{tracing: [{customTags: {a: {formatter: {value: '%NOPE%'}}}}]}", "formatter.value: %NOPE% is no command"),
        ("{accessLogging: [{filter: {expression: 'a ++'}}]}", "filter.expression: is no CEL expression: it has"),
        (OVERRIDE.replace("TAG", "a: {}"), "tagOverrides.a.value: is required for UPSERT"),
        (OVERRIDE.replace("TAG", "a: {operation: REMOVE, value: b}"), "tagOverrides.a.value: goes with UPSERT only"),
        (OVERRIDE.replace("TAG", "a-b: {operation: REMOVE}"), "tagOverrides.a-b: must be a label of Prometheus"),
        (OVERRIDE.replace("TAG", "a: {value: request.hots}"), "there is no request.hots; did you mean request.host?"),
        (OVERRIDE.replace("TAG", "a: {value: \"''\"}"), "must not be empty; REMOVE leaves the label out"),
        ("{targetRefs: [{kind: Pod, name: a}]}", "spec.targetRefs[0].kind: must be one of"),
    ],
)
def test_refuses(spec: str, error: str) -> None:
    found = errors("Telemetry", spec)
    assert any(error in text for text in found), found


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        ("{metrics: [{reportingInterval: 5s}]}", "spec.metrics[0].reportingInterval: field is accepted but"),
        ("{metrics: [{overrides: [{match: {customMetric: a}}]}]}", "match.customMetric: no proxy counts it"),
        ("{metrics: [{overrides: [{match: {metric: REQUEST_COUNT}}]}]}", "overrides[0]: changes nothing"),
        ("{metrics: [{overrides: [{match: {metric: GRPC_REQUEST_MESSAGES}, disabled: true}]}]}", "match.metric: field"),
        ("{metrics: [{reportingInterval: 10s}]}", "reportingInterval: field is accepted but"),
        ("{targetRefs: [{kind: Service, name: a}]}", "spec.targetRefs[0].kind: field is accepted but"),
        ("{selector: {}}", "spec.selector: has no labels"),
    ],
)
def test_warns(spec: str, warning: str) -> None:
    found = warnings("Telemetry", spec)
    assert any(warning in text for text in found), found


@pytest.mark.parametrize(
    "value",
    [
        "request.host",
        "string(destination.port)",
        "'text'",
        "request.headers['x-a']",
        "request.method == 'GET' ? 'a':'b'",
    ],
)
def test_accepts_values_as_istio_documents_them(value: str) -> None:
    assert errors("Telemetry", OVERRIDE.replace("TAG", f'a: {{value: "{value}"}}')) == []
