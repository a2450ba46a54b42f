"""Istio's pod annotations: read with care, so that a wrong value is an answer to its author and not a surprise.

https://istio.io/latest/docs/reference/config/annotations/
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

INJECT = "sidecar.istio.io/inject"
STATUS = "sidecar.istio.io/status"
TEMPLATES = "inject.istio.io/templates"
REWRITE_PROBES = "sidecar.istio.io/rewriteAppHTTPProbers"
PROXY_IMAGE = "sidecar.istio.io/proxyImage"
PROXY_CPU = "sidecar.istio.io/proxyCPU"
PROXY_MEMORY = "sidecar.istio.io/proxyMemory"
PROXY_CPU_LIMIT = "sidecar.istio.io/proxyCPULimit"
PROXY_MEMORY_LIMIT = "sidecar.istio.io/proxyMemoryLimit"
USER_VOLUME = "sidecar.istio.io/userVolume"
USER_VOLUME_MOUNT = "sidecar.istio.io/userVolumeMount"
CONFIG = "proxy.istio.io/config"
LOG_LEVEL = "sidecar.istio.io/logLevel"
COMPONENT_LOG_LEVEL = "sidecar.istio.io/componentLogLevel"
STATS_PREFIXES = "sidecar.istio.io/statsInclusionPrefixes"
STATS_SUFFIXES = "sidecar.istio.io/statsInclusionSuffixes"
STATS_REGEXPS = "sidecar.istio.io/statsInclusionRegexps"
_TRAFFIC = "traffic.sidecar.istio.io"
INCLUDE_INBOUND_PORTS = f"{_TRAFFIC}/includeInboundPorts"
EXCLUDE_INBOUND_PORTS = f"{_TRAFFIC}/excludeInboundPorts"
INCLUDE_OUTBOUND_IP_RANGES = f"{_TRAFFIC}/includeOutboundIPRanges"
EXCLUDE_OUTBOUND_IP_RANGES = f"{_TRAFFIC}/excludeOutboundIPRanges"
INCLUDE_OUTBOUND_PORTS = f"{_TRAFFIC}/includeOutboundPorts"
EXCLUDE_OUTBOUND_PORTS = f"{_TRAFFIC}/excludeOutboundPorts"

SUPPORTED = frozenset(
    value for name, value in globals().items() if name.isupper() and isinstance(value, str) and "/" in value
)
_PREFIXES = ("sidecar.istio.io/", "traffic.sidecar.istio.io/", "proxy.istio.io/", "inject.istio.io/")

_TRUE = frozenset(("true", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "no", "n", "off", "0"))
_QUANTITY = re.compile(r"\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?")
_LOG_LEVELS = ("trace", "debug", "info", "warning", "error", "critical", "off")
_COMPONENT_LEVELS = re.compile(r"[a-z0-9_]+:[a-z]+(,[a-z0-9_]+:[a-z]+)*")


class InjectionError(Exception):
    """Why a pod cannot be injected, and the way out, for the author of the pod."""


def wrong(name: str, value: str, way_out: str, kind: str = "annotation") -> InjectionError:
    return InjectionError(f'{kind} {name}: "{value}" cannot be used: {way_out}')


def unsupported(annotations: Mapping[str, str]) -> list[str]:
    """One warning for each annotation that asks something of the proxy and is not heard."""
    return [
        f"annotation {name} has no effect in this mesh"
        for name in sorted(annotations)
        if name.startswith(_PREFIXES) and name not in SUPPORTED
    ]


def truth(name: str, value: str, kind: str = "annotation") -> bool:
    """A switch, in any of YAML's spellings."""
    word = value.strip().lower()
    if word not in _TRUE | _FALSE:
        raise wrong(name, value, "use true or false", kind)
    return word in _TRUE


def ports(annotations: Mapping[str, str], name: str) -> tuple[int, ...]:
    """Port numbers separated by commas; absent or empty: none."""
    found = []
    for word in words(annotations.get(name, "")):
        if not word.isdecimal() or not 1 <= int(word) <= 65535:
            raise wrong(name, annotations[name], "use ports from 1 to 65535 separated by commas")
        found.append(int(word))
    return tuple(dict.fromkeys(found))


def ports_or_all(annotations: Mapping[str, str], name: str) -> tuple[int, ...] | None:
    """Like `ports`; None stands for all: absent or "*"."""
    return None if annotations.get(name, "*").strip() == "*" else ports(annotations, name)


def ranges(annotations: Mapping[str, str], name: str) -> tuple[str, ...]:
    """IPv4 ranges separated by commas, normalised to CIDR; absent or empty: none."""
    found = []
    for word in words(annotations.get(name, "")):
        try:
            found.append(str(ipaddress.IPv4Network(word, strict=False)))
        except ValueError:
            way_out = "use IPv4 ranges such as 10.0.0.0/8 separated by commas"
            raise wrong(name, annotations[name], way_out) from None
    return tuple(dict.fromkeys(found))


def ranges_or_all(annotations: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    """Like `ranges`; None stands for all: absent or "*"."""
    return None if annotations.get(name, "*").strip() == "*" else ranges(annotations, name)


def quantity(annotations: Mapping[str, str], name: str, default: str) -> str:
    """An amount of CPU or memory."""
    value = annotations.get(name, default).strip()
    if value and not _QUANTITY.fullmatch(value):
        raise wrong(name, value, "use a Kubernetes quantity such as 100m or 128Mi")
    return value


def log_level(annotations: Mapping[str, str], default: str) -> str:
    """One of Envoy's log levels."""
    value = annotations.get(LOG_LEVEL, default)
    if value not in _LOG_LEVELS:
        raise wrong(LOG_LEVEL, value, f"use one of {', '.join(_LOG_LEVELS)}")
    return value


def component_log_level(annotations: Mapping[str, str]) -> str:
    """Envoy's "component:level,…"; empty when absent."""
    value = annotations.get(COMPONENT_LOG_LEVEL, "")
    if value and not _COMPONENT_LEVELS.fullmatch(value):
        raise wrong(COMPONENT_LOG_LEVEL, value, "use component:level pairs such as http:debug,upstream:info")
    return value


def proxy_config_of(annotations: Mapping[str, str]) -> dict[str, Any]:
    """What `proxy.istio.io/config` says, as an object; empty when absent."""
    text = annotations.get(CONFIG, "")
    if not text:
        return {}
    import yaml  # only for the pods that have it

    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError:
        raise wrong(CONFIG, text, "it must be YAML or JSON") from None
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise wrong(CONFIG, text, "it must be an object such as {concurrency: 2}")
    return said


def words(value: str) -> list[str]:
    """What commas separate."""
    return [word.strip() for word in value.split(",") if word.strip()]
