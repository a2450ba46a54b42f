"""Settings that proxies start with."""

from collections.abc import Callable
from dataclasses import dataclass

from meshd.model.labels import Labels, selects
from meshd.model.reference import ObjectRef, oldest_first


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """None and empty leave a setting as it is. `concurrency` 0 is one worker thread for each CPU."""

    ref: ObjectRef
    selector: Labels = ()
    concurrency: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    image_type: str = ""
    created: str = ""


FindProxyConfigs = Callable[[str], tuple[ProxyConfig, ...]]
"""Those of a namespace."""


def wide_config(configs: tuple[ProxyConfig, ...]) -> ProxyConfig | None:
    """The one for a whole namespace, or the mesh; of several the oldest."""
    return _oldest([config for config in configs if not config.selector])


def workload_config(configs: tuple[ProxyConfig, ...], labels: Labels) -> ProxyConfig | None:
    """The one that selects a workload; of several the oldest."""
    return _oldest([config for config in configs if config.selector and selects(config.selector, labels)])


def _oldest(configs: list[ProxyConfig]) -> ProxyConfig | None:
    return next(iter(oldest_first(configs)), None)
