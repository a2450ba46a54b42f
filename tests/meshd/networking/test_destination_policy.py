"""How parts of a DestinationRule stand in for each other, and what follows from TLS without a name."""

from google.protobuf import duration_pb2
from google.protobuf.unknown_fields import UnknownFieldSet

from meshd.model.destination import (
    ClientTls,
    ConnectionPool,
    LoadBalancer,
    OutlierDetection,
    RetryBudget,
    SimpleBalancer,
    TlsMode,
    TrafficPolicy,
    Warmup,
)
from meshd.networking.clusters.connection_pool import circuit_breakers
from meshd.networking.clusters.policy import effective_policy, load_balancing
from meshd.networking.clusters.tls import behind_proxy_header, follow_request
from meshd.networking.listeners.tcp import policy_settings
from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of

POOL, OTHER_POOL = ConnectionPool(max_connections=1), ConnectionPool(max_connections=2)
OUTLIERS = OutlierDetection(consecutive_5xx_errors=1)
RANDOM = LoadBalancer(SimpleBalancer.RANDOM)


def test_a_subset_overrides_part_by_part() -> None:
    base = TrafficPolicy(load_balancer=RANDOM, connection_pool=POOL)
    subset = TrafficPolicy(connection_pool=OTHER_POOL)
    assert effective_policy(base, 80, subset) == TrafficPolicy(load_balancer=RANDOM, connection_pool=OTHER_POOL)


def test_settings_of_a_port_leave_nothing_of_the_rules_own() -> None:
    budget = RetryBudget()
    base = TrafficPolicy(load_balancer=RANDOM, retry_budget=budget, ports=((80, TrafficPolicy(connection_pool=POOL)),))
    assert effective_policy(base, 80, None) == TrafficPolicy(connection_pool=POOL, retry_budget=budget)
    assert effective_policy(base, 81, None) == TrafficPolicy(load_balancer=RANDOM, retry_budget=budget)


def test_a_port_of_a_subset_leaves_nothing_of_what_the_rule_says() -> None:
    base = TrafficPolicy(load_balancer=RANDOM, connection_pool=POOL)
    subset = TrafficPolicy(connection_pool=OTHER_POOL, ports=((80, TrafficPolicy(outlier_detection=OUTLIERS)),))
    assert effective_policy(base, 80, subset) == TrafficPolicy(outlier_detection=OUTLIERS)
    assert effective_policy(base, 81, subset).connection_pool == OTHER_POOL


def test_a_subsets_balancer_replaces_the_rules_with_its_warmup() -> None:
    base = TrafficPolicy(load_balancer=LoadBalancer(SimpleBalancer.ROUND_ROBIN, warmup=Warmup(30)))
    subset = TrafficPolicy(load_balancer=LoadBalancer(SimpleBalancer.LEAST_REQUEST))
    assert load_balancing(effective_policy(base, 80, subset)) == {"lb_policy": "LEAST_REQUEST"}


def test_only_tls_without_a_name_follows_the_request() -> None:
    assert follow_request(None) == follow_request(ClientTls(TlsMode.ISTIO_MUTUAL)) == {}
    assert follow_request(ClientTls(TlsMode.SIMPLE, sni="a")) == {}
    assert follow_request(ClientTls(TlsMode.SIMPLE)) == {"auto_sni": True, "auto_san_validation": True}
    named = ClientTls(TlsMode.SIMPLE, subject_alt_names=("a",))
    unchecked = ClientTls(TlsMode.SIMPLE, insecure_skip_verify=True)
    for tls in (named, unchecked):
        assert follow_request(tls) == {"auto_sni": True, "auto_san_validation": False}


def test_a_proxy_header_goes_before_plaintext_too() -> None:
    assert (
        behind_proxy_header({}, "V1")["transport_socket"]["name"] == "envoy.transport_sockets.upstream_proxy_protocol"
    )


def test_requests_are_hashed_without_a_virtual_service_too() -> None:
    rule = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}}
"""
    made = resources_of(engine_of(f"{(MESHES / 'shop.yaml').read_text()}\n---\n{rule}"), "shop/frontend-1")
    [route] = made["VirtualHost"]["9080/reviews.shop.svc.cluster.local"]["routes"]
    assert route["route"]["hashPolicy"] == [{"header": {"headerName": "x-user"}}]


def test_tcp_connections_end_when_idle_and_after_a_time_of_their_own() -> None:
    pool = ConnectionPool(tcp_idle_timeout=2.0, max_connection_duration=5.0)
    settings = policy_settings(TrafficPolicy(connection_pool=pool), alone=True)
    assert {name: value.seconds for name, value in settings.items()} == {
        "idle_timeout": 2,
        "max_downstream_connection_duration": 5,
    }


def test_the_interval_of_a_budget_is_the_field_that_envoy_knows() -> None:
    threshold = circuit_breakers(ConnectionPool(), RetryBudget(interval=12.5))["thresholds"][0]
    fields = UnknownFieldSet(threshold["retry_budget"])
    assert len(fields) == 1
    field = fields[0]
    assert field.field_number == 3
    assert duration_pb2.Duration.FromString(field.data) == duration_pb2.Duration(seconds=12, nanos=500_000_000)
    assert not len(UnknownFieldSet(circuit_breakers(ConnectionPool(), RetryBudget())["thresholds"][0]["retry_budget"]))
