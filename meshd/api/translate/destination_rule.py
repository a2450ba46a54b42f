"""DestinationRule -> DestinationPolicy."""

from dataclasses import replace

from meshd.api.istio import destination_rule as istio
from meshd.api.istio.connection_pool import OutlierDetection as IstioOutlierDetection
from meshd.api.istio.load_balancer import ConsistentHashLB, LoadBalancerSettings
from meshd.api.istio.message import seconds
from meshd.api.istio.tls_settings import ClientTLSSettings
from meshd.api.object import IstioObject
from meshd.api.translate.connection_pool import translate_connection_pool
from meshd.api.translate.locality import translate_preference
from meshd.api.translate.names import created, fqdn, optional_seconds, ref_of, selector_labels
from meshd.model.destination import (
    ClientTls,
    ConsistentHash,
    DestinationPolicy,
    LoadBalancer,
    OutlierDetection,
    RetryBudget,
    SimpleBalancer,
    Subset,
    TlsMode,
    TrafficPolicy,
    Tunnel,
    Warmup,
)
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig

_SIMPLE = {
    "RANDOM": SimpleBalancer.RANDOM,
    "ROUND_ROBIN": SimpleBalancer.ROUND_ROBIN,
    "PASSTHROUGH": SimpleBalancer.PASSTHROUGH,
    "LEAST_REQUEST": SimpleBalancer.LEAST_REQUEST,
    "LEAST_CONN": SimpleBalancer.LEAST_REQUEST,
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
        selector=selector_labels(spec.workload_selector),
    )


def _policy(policy: istio.TrafficPolicy | None) -> TrafficPolicy:
    if policy is None:
        return TrafficPolicy()
    ports = tuple((p.port.number, _parts(p)) for p in policy.port_level_settings if p.port is not None)
    budget, tunnel = policy.retry_budget, policy.tunnel
    return replace(
        _parts(policy),
        tunnel=Tunnel(f"{tunnel.target_host}:{tunnel.target_port}", tunnel.protocol == "POST") if tunnel else None,
        proxy_protocol=policy.proxy_protocol.version if policy.proxy_protocol else None,
        retry_budget=_budget(budget) if budget else None,
        ports=ports,
    )


def _budget(budget: istio.RetryBudget) -> RetryBudget:
    default = RetryBudget()
    percent = default.percent if budget.percent is None else budget.percent
    interval = optional_seconds(budget.budget_interval)
    return RetryBudget(percent, budget.min_retry_concurrency or default.min_concurrency, interval)


def _parts(policy: istio.TrafficPolicy | istio.PortTrafficPolicy) -> TrafficPolicy:
    return TrafficPolicy(
        load_balancer=_load_balancer(policy.load_balancer) if policy.load_balancer else None,
        connection_pool=translate_connection_pool(policy.connection_pool) if policy.connection_pool else None,
        outlier_detection=_outliers(policy.outlier_detection) if policy.outlier_detection else None,
        tls=_tls(policy.tls) if policy.tls else None,
    )


def _load_balancer(settings: LoadBalancerSettings) -> LoadBalancer:
    hashing = settings.consistent_hash
    return LoadBalancer(
        simple=_SIMPLE.get(settings.simple or ""),
        consistent_hash=_hash(hashing) if hashing else None,
        warmup=_warmup(settings),
        locality=translate_preference(settings),
    )


def _warmup(settings: LoadBalancerSettings) -> Warmup | None:
    """`warmupDurationSecs` is the older way to write `warmup.duration`; the newer one goes before it."""
    if settings.warmup is None:
        return Warmup(seconds(settings.warmup_duration_secs)) if settings.warmup_duration_secs else None
    warmup = Warmup(seconds(settings.warmup.duration))
    if settings.warmup.minimum_percent is not None:
        warmup = replace(warmup, minimum_percent=settings.warmup.minimum_percent)
    if settings.warmup.aggression is not None:
        warmup = replace(warmup, aggression=settings.warmup.aggression)
    return warmup


def _hash(hashing: ConsistentHashLB) -> ConsistentHash:
    cookie = hashing.http_cookie
    ring = hashing.ring_hash.minimum_ring_size if hashing.ring_hash else hashing.minimum_ring_size
    return ConsistentHash(
        header=hashing.http_header_name or "",
        cookie=cookie.name if cookie else "",
        cookie_path=cookie.path if cookie else "",
        cookie_ttl=optional_seconds(cookie.ttl) if cookie and cookie.ttl is not None else None,
        cookie_attributes=tuple((a.name, a.value) for a in cookie.attributes) if cookie else (),
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
        http_error_codes=detection.outlier_detection_http_error_codes,
    )


def _tls(tls: ClientTLSSettings) -> ClientTls:
    return ClientTls(
        mode=TlsMode(tls.mode),
        client_certificate=tls.client_certificate,
        private_key=tls.private_key,
        ca_certificates=tls.ca_certificates,
        ca_crl=tls.ca_crl,
        credential_name=tls.credential_name,
        subject_alt_names=tls.subject_alt_names,
        sni=tls.sni,
        insecure_skip_verify=bool(tls.insecure_skip_verify),
    )
