"""Names of Envoy resources, as Istio gives them, so that people find what they know in a config dump."""

BLACK_HOLE_CLUSTER = "BlackHoleCluster"
PASSTHROUGH_CLUSTER = "PassthroughCluster"
INBOUND_PASSTHROUGH_CLUSTER = "InboundPassthroughCluster"

VIRTUAL_OUTBOUND = "virtualOutbound"
VIRTUAL_INBOUND = "virtualInbound"
OUTBOUND_PORT = 15001
INBOUND_PORT = 15006

WORKLOAD_CERTIFICATE = "default"
ROOT_CERTIFICATE = "ROOTCA"
CA_SUFFIX = "-cacert"
"""What a Secret with roots is called after the Secret with the certificate."""

AS_MEANT = "*"
"""In place of a subset: the one endpoint of a headless service whose address the client has looked up."""


def outbound_cluster_name(host: str, port: int, subset: str = "") -> str:
    return f"outbound|{port}|{subset}|{host}"


def inbound_cluster_name(port: int) -> str:
    return f"inbound|{port}||"


def detected_route_name(host: str, port: int) -> str:
    """The routes for HTTP that was found on a service's port."""
    return f"{host}:{port}"


def virtual_host_name(route: str, host: str) -> str:
    """VirtualHost.name and the name of its VHDS resource, which must be equal for a removal to work."""
    return f"{route}/{host}"


def gateway_credential(name: str) -> str:
    return f"kubernetes://{name}"


def gateway_credential_ca(name: str) -> str:
    return f"kubernetes://{name.removesuffix(CA_SUFFIX)}{CA_SUFFIX}"


def file_certificate(certificate: str, private_key: str) -> str:
    return f"file-cert:{certificate}~{private_key}"


def file_root(roots: str, crl: str = "") -> str:
    return f"file-root:{roots}~{crl}" if crl else f"file-root:{roots}"
