"""The stack's configuration: one frozen object, checked in full before the first resource is declared.

Keys are those of Pulumi's configuration in the namespace `mesh`: `pulumi config set mesh:httpPort 8180`.
Parsing knows nothing of Pulumi, so that `./mesh` can check a configuration before it starts anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast

from mesh_stack.mesh_config_file import read_mesh_config
from toolchain.errors import UserError

ClusterProviderName = Literal["kind", "existing", "gke"]
ServiceType = Literal["NodePort", "LoadBalancer"]
Lookup = Callable[[str], str | None]

NAMESPACE = "mesh"
KINDS_OF_CLUSTER = ("kind", "existing", "gke")
SERVICE_TYPES = ("NodePort", "LoadBalancer")
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")
DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
IMAGE_PREFIX = re.compile(r"[a-z0-9][-a-z0-9._:/]*[a-z0-9]")


@dataclass(frozen=True)
class Settings:
    """Everything that can be chosen about a stack. Ports are TCP ports of 127.0.0.1 on this machine."""

    cluster_provider: ClusterProviderName = "kind"
    """`kind` makes a cluster here, `existing` uses one by its kubeconfig, `gke` makes one at Google."""
    cluster_name: str = "mesh"
    kubeconfig: str | None = None
    """Of the existing cluster: path of its kubeconfig file."""
    context: str | None = None
    """Of the existing cluster: context in its kubeconfig; its current one when absent."""
    http_port: int = 8080
    https_port: int = 8443
    prometheus_port: int = 9090
    zipkin_port: int = 9411
    extra_http_port: int = 8081
    """Spare port of the ingress gateway, for Gateways on another port."""
    extra_https_port: int = 15443
    gateway_service_type: ServiceType = "NodePort"
    node_address: str = "127.0.0.1"
    """Host at which node ports of an existing cluster are reached."""
    trust_domain: str = "cluster.local"
    image_prefix: str = "mesh-stack"
    """Repository that our images are tagged with, such as `registry.example/team/mesh-stack`."""
    tracing_sampling: float = 100.0
    """Percentage of the requests entering the mesh whose spans are reported, 0 to 100."""
    mesh_config: str | None = None
    """Path of a file with further settings of meshd, such as extensionProviders."""
    shop: bool = True
    """Deploy the sample shop."""

    @property
    def host_ports(self) -> dict[str, int]:
        """Configuration key → port that a kind cluster publishes on 127.0.0.1."""
        return {
            "httpPort": self.http_port,
            "httpsPort": self.https_port,
            "prometheusPort": self.prometheus_port,
            "zipkinPort": self.zipkin_port,
            "extraHttpPort": self.extra_http_port,
            "extraHttpsPort": self.extra_https_port,
        }


def known_keys() -> tuple[str, ...]:
    """Configuration keys without their namespace, in the order of the fields."""
    return tuple(_camel_case(field.name) for field in fields(Settings))


def parse(lookup: Lookup, given: Iterable[str] = ()) -> Settings:
    """Settings from `lookup` (key without namespace → text, or None when unset).

    `given` are the keys that are set, to catch misspelt ones. Raises UserError with the key and the way out.
    """
    for key in given:
        if key not in known_keys():
            raise _wrong(key, "is not known", f"use one of {', '.join(known_keys())}")
    standard = Settings()
    settings = Settings(
        cluster_provider=cast(
            ClusterProviderName,
            _choice(lookup, "clusterProvider", KINDS_OF_CLUSTER, standard.cluster_provider),
        ),
        cluster_name=_matching(lookup, "clusterName", NAME, standard.cluster_name),
        kubeconfig=_file(lookup, "kubeconfig"),
        context=lookup("context") or None,
        http_port=_port(lookup, "httpPort", standard.http_port),
        https_port=_port(lookup, "httpsPort", standard.https_port),
        prometheus_port=_port(lookup, "prometheusPort", standard.prometheus_port),
        zipkin_port=_port(lookup, "zipkinPort", standard.zipkin_port),
        extra_http_port=_port(lookup, "extraHttpPort", standard.extra_http_port),
        extra_https_port=_port(lookup, "extraHttpsPort", standard.extra_https_port),
        gateway_service_type=cast(
            ServiceType, _choice(lookup, "gatewayServiceType", SERVICE_TYPES, standard.gateway_service_type)
        ),
        node_address=lookup("nodeAddress") or standard.node_address,
        trust_domain=_matching(lookup, "trustDomain", DOMAIN, standard.trust_domain),
        image_prefix=_matching(lookup, "imagePrefix", IMAGE_PREFIX, standard.image_prefix),
        tracing_sampling=_percentage(lookup, "tracingSampling", standard.tracing_sampling),
        mesh_config=_mesh_config(lookup, "meshConfig"),
        shop=_boolean(lookup, "shop", standard.shop),
    )
    _check_together(settings)
    return settings


def load() -> Settings:
    """Settings of the running Pulumi program. Raises pulumi.RunError on a bad value."""
    import pulumi

    try:
        return parse(pulumi.Config(NAMESPACE).get)
    except UserError as error:
        raise pulumi.RunError(str(error)) from None


def _check_together(settings: Settings) -> None:
    taken: dict[int, str] = {}
    for key, port in settings.host_ports.items():
        if port in taken:
            raise _wrong(key, f"is {port}, as is {NAMESPACE}:{taken[port]}", "give each a port of its own")
        taken[port] = key
    if settings.cluster_provider == "existing" and settings.kubeconfig is None:
        raise _wrong("kubeconfig", "is missing, but clusterProvider is existing", "set it to a kubeconfig file's path")
    if settings.cluster_provider == "gke" and "/" not in settings.image_prefix:
        raise _wrong("imagePrefix", "must name a registry for gke", "such as europe-docker.pkg.dev/PROJECT/REPOSITORY")


def _choice(lookup: Lookup, key: str, allowed: tuple[str, ...], default: str) -> str:
    value = lookup(key)
    if value is None:
        return default
    if value not in allowed:
        raise _wrong(key, f"is {value!r}", f"use one of {', '.join(allowed)}")
    return value


def _matching(lookup: Lookup, key: str, pattern: re.Pattern[str], default: str) -> str:
    value = lookup(key)
    if value is None:
        return default
    if not pattern.fullmatch(value):
        raise _wrong(key, f"is {value!r}", f"use lower-case letters, digits and dashes, such as {default}")
    return value


def _file(lookup: Lookup, key: str) -> str | None:
    value = lookup(key)
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise _wrong(key, f"is {value!r}, which is no file", "set it to a file's path")
    return str(path.absolute())


def _mesh_config(lookup: Lookup, key: str) -> str | None:
    path = _file(lookup, key)
    try:
        read_mesh_config(path)
    except ValueError as error:
        raise _wrong(key, f"is {path!r}, which {error}", "write settings of meshd into it, such as accessLog") from None
    return path


def _port(lookup: Lookup, key: str, default: int) -> int:
    value = lookup(key)
    if value is None:
        return default
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise _wrong(key, f"is {value!r}", "use a TCP port from 1 to 65535")
    return int(value)


def _percentage(lookup: Lookup, key: str, default: float) -> float:
    value = lookup(key)
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 100.0:
        raise _wrong(key, f"is {value!r}", "use a number from 0 to 100")
    return number


def _boolean(lookup: Lookup, key: str, default: bool) -> bool:
    value = lookup(key)
    if value is None:
        return default
    if value.lower() not in ("true", "false"):
        raise _wrong(key, f"is {value!r}", "use true or false")
    return value.lower() == "true"


def _wrong(key: str, what: str, way_out: str) -> UserError:
    return UserError(f"configuration {NAMESPACE}:{key} {what}: {way_out} (pulumi config set {NAMESPACE}:{key} …)")


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
