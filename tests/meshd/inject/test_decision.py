"""Which pods get a proxy."""

from __future__ import annotations

from typing import Any

import pytest

from meshd.inject.annotations import InjectionError
from meshd.inject.decision import Template, template_for

from .pods import gateway_pod, reviews_pod

INJECT = "sidecar.istio.io/inject"


def _pod(labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None, **spec: Any) -> Any:
    pod = reviews_pod(labels=labels or {}, annotations=annotations or {})
    pod["spec"] |= spec
    return pod


def test_accepts_a_plain_pod() -> None:
    assert template_for(_pod(), "shop") is Template.SIDECAR


@pytest.mark.parametrize("word", ["true", "True", "yes", "on"])
def test_accepts_a_pod_that_asks(word: str) -> None:
    assert template_for(_pod(labels={INJECT: word}), "shop") is Template.SIDECAR


@pytest.mark.parametrize(
    "pod",
    [
        _pod(labels={INJECT: "false"}),
        _pod(annotations={INJECT: "false"}),
        _pod(labels={INJECT: "false"}, annotations={INJECT: "true"}),
        _pod(labels={INJECT: "true"}, hostNetwork=True),
        _pod(annotations={"sidecar.istio.io/status": "{}"}),
        _pod(initContainers=[{"name": "istio-proxy", "image": "own"}]),
    ],
    ids=["label", "annotation", "label wins", "host network", "injected", "own proxy"],
)
def test_leaves_alone(pod: Any) -> None:
    assert template_for(pod, "shop") is None


def test_the_label_wins_over_the_annotation() -> None:
    pod = _pod(labels={INJECT: "true"}, annotations={INJECT: "false"})
    assert template_for(pod, "shop") is Template.SIDECAR


def test_leaves_system_namespaces_alone() -> None:
    assert template_for(_pod(labels={INJECT: "true"}), "kube-system") is None


def test_gateway_by_annotation() -> None:
    assert template_for(gateway_pod(), "istio-system") is Template.GATEWAY


def test_rejects_an_unknown_template() -> None:
    with pytest.raises(InjectionError, match=r'annotation inject\.istio\.io/templates: "grpc-agent"'):
        template_for(_pod(annotations={"inject.istio.io/templates": "grpc-agent"}), "shop")


def test_rejects_a_switch_that_is_none() -> None:
    with pytest.raises(InjectionError, match=r'label sidecar\.istio\.io/inject: "maybe" .* use true or false'):
        template_for(_pod(labels={INJECT: "maybe"}), "shop")
