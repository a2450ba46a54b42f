"""What ProxyConfig objects and a pod's own annotation make of its proxy."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from meshd.inject.annotations import InjectionError
from meshd.inject.mutation import answer_injection
from meshd.inject.proxy_config import settings_for, warnings_of
from meshd.inject.review import Request
from meshd.inject.settings import InjectSettings
from meshd.inject.sidecar import inject_sidecar
from meshd.model.proxy_config import ProxyConfig
from meshd.model.reference import ObjectRef

from .pods import CA_PEM, Json, reviews_pod

SETTINGS = InjectSettings(proxy_image="proxy:1", image_types={"debug": "proxy:1-debug"})


def config(namespace: str, selector: dict[str, str] | None = None, name: str = "it", **said: Any) -> ProxyConfig:
    ref = ObjectRef("ProxyConfig", namespace, name)
    return ProxyConfig(ref, tuple(sorted((selector or {}).items())), **said)


def settings_of(pod: Json, *configs: ProxyConfig) -> InjectSettings:
    def find(namespace: str) -> tuple[ProxyConfig, ...]:
        return tuple(each for each in configs if each.ref.namespace == namespace)

    return settings_for(pod, pod["metadata"]["namespace"], SETTINGS, find)


def proxy_of(settings: InjectSettings) -> Json:
    pod = inject_sidecar(reviews_pod(), "shop", CA_PEM, settings)
    found: Json = next(each for each in pod["spec"]["initContainers"] if each["name"] == "istio-proxy")
    return found


def annotated(value: str) -> Json:
    return reviews_pod(annotations={"proxy.istio.io/config": value})


def test_the_narrower_goes_before_the_wider_and_variables_add_up() -> None:
    mesh = config("istio-system", concurrency=1, environment=(("A", "mesh"), ("B", "mesh")))
    namespace = config("shop", name="b", concurrency=3, environment=(("A", "namespace"),))
    workload = config("shop", {"app": "reviews"}, environment=(("C", "workload"),), image_type="debug")
    found = settings_of(reviews_pod(), mesh, namespace, workload, config("other", concurrency=9))
    assert (found.concurrency, found.image) == (3, "proxy:1-debug")
    assert dict(found.environment) == {"A": "namespace", "B": "mesh", "C": "workload"}
    assert settings_of(reviews_pod(), config("shop", {"app": "ratings"}, concurrency=9)) == SETTINGS
    assert settings_of(reviews_pod(), config("istio-system", {"app": "reviews"}, concurrency=9)) == SETTINGS


def test_the_annotation_goes_before_the_namespace_and_after_the_workload() -> None:
    pod = annotated("{concurrency: 5, proxyMetadata: {A: pod}, image: {imageType: debug}}")
    namespace = config("shop", name="b", concurrency=3, environment=(("A", "namespace"),))
    found = settings_of(pod, namespace)
    assert (found.concurrency, found.environment, found.image) == (5, (("A", "pod"),), "proxy:1-debug")
    assert settings_of(pod, namespace, config("shop", {"app": "reviews"}, concurrency=7)).concurrency == 7


def test_of_several_the_oldest_counts() -> None:
    young = config("shop", name="a", concurrency=1, created="2025-01-01T00:00:00Z")
    assert settings_of(reviews_pod(), young, config("shop", concurrency=2, created="2024-01-01")).concurrency == 2


def test_the_proxy_starts_with_them() -> None:
    proxy = proxy_of(settings_of(reviews_pod(), config("shop", concurrency=3, environment=(("A", "b"),))))
    assert proxy["args"][proxy["args"].index("--concurrency") + 1] == "3"
    assert {"name": "A", "value": "b"} in proxy["env"]
    assert "--concurrency" not in proxy_of(settings_of(reviews_pod(), config("shop", concurrency=0)))["args"]
    assert proxy_of(settings_of(reviews_pod(), config("shop", image_type="debug")))["image"] == "proxy:1-debug"


@pytest.mark.parametrize(
    ("annotation", "way_out"),
    [
        ("{concurrency: many}", "concurrency is a whole number"),
        ("{concurrency: -1}", "concurrency is 0 or more"),
        ("{proxyMetadata: {A: 1}}", "proxyMetadata holds names and values, each a string"),
        ("{proxyMetadata: {POD_IP: '1'}}", "is set by the injector"),
        ("{proxyMetadata: {1A: '1'}}", "must be the name of a variable"),
        ("{image: debug}", "image is an object"),
        ("[", "it must be YAML or JSON"),
        ("5", "it must be an object"),
    ],
)
def test_wrong_annotations_are_refused(annotation: str, way_out: str) -> None:
    with pytest.raises(InjectionError, match=way_out):
        settings_of(annotated(annotation))


def test_what_is_not_heard_is_said() -> None:
    pod = annotated(
        "{holdApplicationUntilProxyStarts: true, drainDuration: 5s, tracing: {}, image: {imageType: distroless},"
        " proxyMetadata: {ISTIO_META_DNS_CAPTURE: 'true', A: b}}"
    )
    assert warnings_of(pod, settings_of(pod)) == [
        "annotation proxy.istio.io/config: drainDuration has no effect in this mesh",
        "annotation proxy.istio.io/config: tracing has no effect in this mesh",
        "annotation proxy.istio.io/config: proxyMetadata.ISTIO_META_DNS_CAPTURE speaks to Istio's agent,"
        " which this mesh does without",
        'there is no image of type "distroless": the proxy runs proxy:1',
    ]


def test_the_webhook_asks_for_the_objects_of_the_pods_namespace() -> None:
    request = Request("1", namespace="shop", object=msgspec.Raw(json.dumps(annotated("{drainDuration: 5s}")).encode()))
    asked: list[str] = []

    def find(namespace: str) -> tuple[ProxyConfig, ...]:
        asked.append(namespace)
        return ()

    response = answer_injection(request, CA_PEM, SETTINGS, find)["response"]
    assert response["warnings"] == ["annotation proxy.istio.io/config: drainDuration has no effect in this mesh"]
    assert set(asked) == {"shop", "istio-system"}
