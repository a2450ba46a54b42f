"""ProxyConfig: selectors, and variables that a container may have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshd.api.istio.proxy_config import ProxyConfig
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, child

from .target import check_selector, warn_of_empty_selector

_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_OWN = frozenset(
    (
        *("POD_NAME", "POD_NAMESPACE", "POD_IP", "GLIBC_TUNABLES", "ISTIO_META_WORKLOAD_NAME", "ISTIO_META_NAMESPACE"),
        *("ISTIO_META_APP", "ISTIO_META_VERSION", "ISTIO_META_SERVICE_ACCOUNT", "ISTIO_META_PRINCIPAL"),
    )
)
"""What the injector sets: the proxy goes by it."""
_OF_ISTIOS_AGENT = re.compile(r"ISTIO_|PILOT_|BOOTSTRAP_|ENVOY_|PROXY_|CA_|PROV_CERT|OUTPUT_CERTS|EXIT_ON_ZERO_")


def check_proxy_config(config: IstioObject[ProxyConfig]) -> Iterator[Problem]:
    """Why this ProxyConfig must be refused."""
    yield from check_selector(config.spec.selector)
    yield from check_variables(config.spec.environment_variables, "spec.environmentVariables")


def warn_proxy_config(config: IstioObject[ProxyConfig]) -> Iterator[Problem]:
    """What is allowed but has no effect here."""
    yield from warn_of_empty_selector(config.spec.selector)
    for name in config.spec.environment_variables:
        if is_of_istios_agent(name):
            path = child("spec.environmentVariables", name)
            yield Problem(path, None, "is set, but speaks to Istio's agent, which this mesh does without")


def check_variables(variables: Mapping[str, str], path: str) -> Iterator[Problem]:
    """Names that Kubernetes takes and that are not the proxy's own."""
    for name in variables:
        if not _VARIABLE.fullmatch(name):
            yield Problem(path, name, "must be the name of a variable: letters, digits, -, _ and ., no digit first")
        elif name in _OWN:
            yield Problem(child(path, name), None, "is set by the injector; use another name")


def is_of_istios_agent(variable: str) -> bool:
    return _OF_ISTIOS_AGENT.match(variable) is not None
