"""Which of Envoy's own stats a pod's author asks its proxy to keep."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from meshd.inject.annotations import InjectionError
from meshd.inject.gateway import inject_gateway
from meshd.inject.proxy_config import warnings_of
from meshd.inject.settings import InjectSettings
from meshd.inject.sidecar import inject_sidecar
from meshd.inject.stats_matcher import KEPT_STATS

from .pods import CA_PEM, Json, gateway_pod, reviews_pod

SETTINGS = InjectSettings(proxy_image="proxy:1")
Inject = Callable[[Json, str, str, InjectSettings], Json]
PREFIXES = "sidecar.istio.io/statsInclusionPrefixes"
REGEXPS = "sidecar.istio.io/statsInclusionRegexps"
CONFIG = "proxy.istio.io/config"


def kept(inject: Inject, pod: Json, annotations: dict[str, str]) -> list[Json]:
    pod["metadata"].setdefault("annotations", {}).update(annotations)
    spec = inject(pod, "shop", CA_PEM, SETTINGS)["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    (proxy,) = (each for each in containers if each["name"] == "istio-proxy")
    bootstrap = json.loads(proxy["args"][proxy["args"].index("--config-yaml") + 1])
    patterns: list[Json] = bootstrap["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
    assert patterns[: len(KEPT_STATS)] == list(KEPT_STATS), "the mesh's own stay"
    return patterns[len(KEPT_STATS) :]


@pytest.mark.parametrize(("inject", "pod"), [(inject_sidecar, reviews_pod), (inject_gateway, gateway_pod)])
def test_annotations_add_to_what_is_kept(inject: Inject, pod: Callable[[], Json]) -> None:
    asked = {PREFIXES: "http., cluster.outbound", "sidecar.istio.io/statsInclusionSuffixes": "ssl_error"}
    asked[REGEXPS] = r"listener\..*cx_total$,http.*"
    assert kept(inject, pod(), asked) == [
        {"prefix": "http."},
        {"prefix": "cluster.outbound"},
        {"suffix": "ssl_error"},
        {"safe_regex": {"regex": r"listener\..*cx_total$$"}},  # as an argument of a container, $$ is one $
        {"safe_regex": {"regex": "http.*"}},
    ]
    assert kept(inject, pod(), {}) == []


def test_the_proxys_configuration_says_the_same_and_annotations_go_before_it() -> None:
    said = "{proxyStatsMatcher: {inclusionPrefixes: [http., vhost.], inclusionRegexps: ['a|b']}}"
    regex = {"safe_regex": {"regex": "a|b"}}
    assert kept(inject_sidecar, reviews_pod(), {CONFIG: said}) == [{"prefix": "http."}, {"prefix": "vhost."}, regex]
    assert kept(inject_sidecar, reviews_pod(), {CONFIG: said, PREFIXES: "tcp."}) == [{"prefix": "tcp."}, regex]


@pytest.mark.parametrize(
    ("annotations", "way_out"),
    [
        ({REGEXPS: "http(?!s)"}, f"{REGEXPS}: .* is no RE2 regular expression"),
        ({CONFIG: "{proxyStatsMatcher: [http]}"}, "proxyStatsMatcher is an object"),
        ({CONFIG: "{proxyStatsMatcher: {inclusionPrefixes: http}}"}, "proxyStatsMatcher.inclusionPrefixes is a list"),
        ({CONFIG: "{proxyStatsMatcher: {inclusionRegexps: ['[']}}"}, f"{CONFIG}: .* inclusionRegexps: "),
    ],
)
def test_what_cannot_be_used_keeps_the_pod_out(annotations: dict[str, str], way_out: str) -> None:
    with pytest.raises(InjectionError, match=way_out):
        kept(inject_sidecar, reviews_pod(), annotations)


def test_what_is_not_heard_is_said() -> None:
    pod = reviews_pod(annotations={CONFIG: "{proxyStatsMatcher: {inclusionPrefixes: [http.], exclusion: [tcp.]}}"})
    said = "annotation proxy.istio.io/config: proxyStatsMatcher.exclusion has no effect in this mesh"
    assert warnings_of(pod, SETTINGS) == [said]
