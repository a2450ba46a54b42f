"""Settings that a pod's proxy starts with: the mesh's, then those of ProxyConfig objects and of the pod itself.

The narrower goes before the wider: the ProxyConfig that selects the pod, its annotation `proxy.istio.io/config`, the
namespace's ProxyConfig, the mesh's (in the root namespace). Variables add up.
https://istio.io/latest/docs/reference/config/networking/proxy-config/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from meshd.api.validate.proxy_config import check_variables, is_of_istios_agent
from meshd.inject import stats_matcher
from meshd.inject.annotations import CONFIG, proxy_config_of, wrong
from meshd.inject.settings import InjectSettings
from meshd.model.labels import labels_of
from meshd.model.proxy_config import FindProxyConfigs, ProxyConfig, wide_config, workload_config
from meshd.model.reference import ObjectRef

Json = dict[str, Any]
_HEARD = frozenset(("concurrency", "proxyMetadata", "image", "proxyStatsMatcher"))
_HOLD = "holdApplicationUntilProxyStarts"
_ANNOTATION = ObjectRef("Pod", "", "")


def settings_for(pod: Json, namespace: str, settings: InjectSettings, find: FindProxyConfigs) -> InjectSettings:
    """`settings` as they are for one pod. Raises InjectionError."""
    metadata = pod["metadata"]
    own = find(namespace)
    root = settings.mesh.root_namespace
    levels = (
        wide_config(find(root)),
        None if namespace == root else wide_config(own),
        _of_annotation(metadata.get("annotations") or {}),
        workload_config(own, labels_of(metadata.get("labels"))),
    )
    for config in levels:
        settings = _apply(settings, config) if config is not None else settings
    return settings


def warnings_of(pod: Json, settings: InjectSettings) -> list[str]:
    """What of a pod's settings is not heard; `settings` are those for the pod."""
    found = list(_unheard(proxy_config_of(pod["metadata"].get("annotations") or {})))
    if settings.image_type not in ("", "default", *settings.image_types):
        found.append(f'there is no image of type "{settings.image_type}": the proxy runs {settings.proxy_image}')
    return found


def _apply(settings: InjectSettings, config: ProxyConfig) -> InjectSettings:
    return replace(
        settings,
        concurrency=settings.concurrency if config.concurrency is None else config.concurrency,
        environment=tuple((dict(settings.environment) | dict(config.environment)).items()),
        image_type=config.image_type or settings.image_type,
    )


def _of_annotation(annotations: Mapping[str, str]) -> ProxyConfig | None:
    """The part of a pod's annotation that is heard. Raises InjectionError."""
    said = proxy_config_of(annotations)
    if not said:
        return None
    concurrency, variables = said.get("concurrency"), said.get("proxyMetadata") or {}
    image = said.get("image") or {}
    if concurrency is not None and (not isinstance(concurrency, int) or isinstance(concurrency, bool)):
        raise wrong(CONFIG, annotations[CONFIG], "concurrency is a whole number")
    if concurrency is not None and not 0 <= concurrency < 2**31:
        raise wrong(CONFIG, annotations[CONFIG], "concurrency is 0 or more")
    if not isinstance(variables, dict) or not all(isinstance(part, str) for kv in variables.items() for part in kv):
        raise wrong(CONFIG, annotations[CONFIG], "proxyMetadata holds names and values, each a string")
    if not isinstance(image, dict) or not isinstance(image.get("imageType", ""), str):
        raise wrong(CONFIG, annotations[CONFIG], 'image is an object such as {imageType: "default"}')
    for problem in check_variables(variables, "proxyMetadata"):
        raise wrong(CONFIG, annotations[CONFIG], str(problem))
    return ProxyConfig(
        _ANNOTATION,
        concurrency=concurrency,
        environment=tuple(sorted(variables.items())),
        image_type=image.get("imageType", ""),
    )


def _unheard(said: Json) -> Iterator[str]:
    for field in sorted(map(str, said)):
        if field == _HOLD and said[_HOLD] is True:
            continue  # a native sidecar always starts first
        if field not in _HEARD:
            yield f"annotation {CONFIG}: {field} has no effect in this mesh"
    for field in sorted({*map(str, said.get("proxyStatsMatcher") or ())} - stats_matcher.FIELDS):
        yield f"annotation {CONFIG}: proxyStatsMatcher.{field} has no effect in this mesh"
    for name in said.get("proxyMetadata") or {}:
        if is_of_istios_agent(str(name)):
            yield f"annotation {CONFIG}: proxyMetadata.{name} speaks to Istio's agent, which this mesh does without"
