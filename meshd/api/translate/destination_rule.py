"""DestinationRule -> DestinationPolicy."""

from meshd.api.istio import destination_rule as istio
from meshd.api.istio.connection_pool import OutlierDetection as IstioOutlierDetection
from meshd.api.istio.load_balancer import ConsistentHashLB, LoadBalancerSettings
from meshd.api.istio.tls_settings import ClientTLSSettings
from meshd.api.object import IstioObject
from meshd.api.translate.connection_pool import translate_connection_pool
from meshd.api.translate.names import created, fqdn, optional_seconds, ref_of
from meshd.model.destination import (
    ClientTls,
    ConsistentHash,
    DestinationPolicy,
    LoadBalancer,
    OutlierDetection,
    Subset,
    TlsMode,
    TrafficPolicy,
)
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig

_SIMPLE = {
    "RANDOM": LoadBalancer.RANDOM,
    "ROUND_ROBIN": LoadBalancer.ROUND_ROBIN,
    "PASSTHROUGH": LoadBalancer.PASSTHROUGH,
    "LEAST_REQUEST": LoadBalancer.LEAST_REQUEST,
    "LEAST_CONN": LoadBalancer.LEAST_REQUEST,
}


def translate_destination_rule(istio_object: IstioObject[istio.DestinationRule], mesh: MeshConfig) -> DestinationPolicy:
    spec = istio_object.spec
    return DestinationPolicy(
        ref=ref_of(istio_object),
        host=fqdn(spec.host, istio_object.metadata.namespace, mesh),
        policy=_policy(spec.traffic_policy),
        subsets=tuple(Subset(s.name, labels_of(s.labels), _policy(s.traffic_policy)) for s in spec.subsets),
        export_to=spec.export_to or ("*",),
        created=created(istio_object),
    )


def _policy(policy: istio.TrafficPolicy | None) -> TrafficPolicy:
    if policy is None:
        return TrafficPolicy()
    ports = tuple((p.port.number, _parts(p)) for p in policy.port_level_settings if p.port is not None)
    return _parts(policy, ports)


def _parts(
    policy: istio.TrafficPolicy | istio.PortTrafficPolicy, ports: tuple[tuple[int, TrafficPolicy], ...] = ()
) -> TrafficPolicy:
    balancing = policy.load_balancer or LoadBalancerSettings()
    hashing = balancing.consistent_hash
    return TrafficPolicy(
        load_balancer=_SIMPLE.get(balancing.simple or ""),
        consistent_hash=_hash(hashing) if hashing else None,
        connection_pool=translate_connection_pool(policy.connection_pool) if policy.connection_pool else None,
        outlier_detection=_outliers(policy.outlier_detection) if policy.outlier_detection else None,
        tls=_tls(policy.tls) if policy.tls else None,
        ports=ports,
    )


def _hash(hashing: ConsistentHashLB) -> ConsistentHash:
    cookie = hashing.http_cookie
    ring = hashing.ring_hash.minimum_ring_size if hashing.ring_hash else hashing.minimum_ring_size
    return ConsistentHash(
        header=hashing.http_header_name or "",
        cookie=cookie.name if cookie else "",
        cookie_path=cookie.path if cookie else "",
        cookie_ttl=optional_seconds(cookie.ttl) if cookie and cookie.ttl is not None else None,
        source_ip=bool(hashing.use_source_ip),
        query_parameter=hashing.http_query_parameter_name or "",
        minimum_ring_size=ring or 1024,
        maglev_table_size=(hashing.maglev.table_size or 65537) if hashing.maglev else 0,
    )


def _outliers(detection: IstioOutlierDetection) -> OutlierDetection:
    """Without any count, 5 errors of the 5xx kind eject, as in Istio."""
    errors, gateway = detection.consecutive_5xx_errors, detection.consecutive_gateway_errors
    return OutlierDetection(
        consecutive_gateway_errors=gateway,
        consecutive_5xx_errors=errors if errors is not None else (detection.consecutive_errors or None),
        split_external_local_origin_errors=detection.split_external_local_origin_errors,
        consecutive_local_origin_failures=detection.consecutive_local_origin_failures,
        interval=optional_seconds(detection.interval),
        base_ejection_time=optional_seconds(detection.base_ejection_time),
        max_ejection_percent=detection.max_ejection_percent or None,
        min_health_percent=detection.min_health_percent,
    )


def _tls(tls: ClientTLSSettings) -> ClientTls:
    return ClientTls(
        mode=TlsMode(tls.mode),
        client_certificate=tls.client_certificate,
        private_key=tls.private_key,
        ca_certificates=tls.ca_certificates,
        credential_name=tls.credential_name,
        subject_alt_names=tls.subject_alt_names,
        sni=tls.sni,
        insecure_skip_verify=bool(tls.insecure_skip_verify),
    )
