"""What the author of an object is told that is right by itself but has no effect."""

import pytest

from meshd.networking.advice import advice, findings
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of

SHOP = (MESHES / "shop.yaml").read_text()
RULES = (MESHES / "rules.yaml").read_text()


def object_of(kind: str, spec: str) -> str:
    group = "security" if kind == "AuthorizationPolicy" else "networking"
    return f"""
apiVersion: {group}.istio.io/v1
kind: {kind}
metadata: {{name: it, namespace: shop}}
spec: {spec}
"""


@pytest.mark.parametrize(
    ("kind", "spec", "expected"),
    [
        (
            "VirtualService",
            "{hosts: [reviews], http: [{route: [{destination: {host: nobody}}]}]}",
            ["there is no service nobody.shop.svc.cluster.local yet: until it comes, what was in force before stays"],
        ),
        (
            "VirtualService",
            "{hosts: [reviews], http: [{route: [{destination: {host: reviews, subset: v9, port: {number: 1}}}]}]}",
            [
                "service reviews.shop.svc.cluster.local has no port 1; it has 9080",
                "no DestinationRule defines subset v9 of reviews.shop.svc.cluster.local yet:"
                " until it comes, what was in force before stays",
            ],
        ),
        (
            "VirtualService",
            "{hosts: [a.b], gateways: [mesh, other],"
            " http: [{mirror: {host: gone}, route: [{destination: {host: reviews}}]}]}",
            [
                "there is no Gateway shop/other yet",
                "there is no service gone.shop.svc.cluster.local yet: until it comes, what was in force before stays",
            ],
        ),
        ("DestinationRule", "{host: nobody}", ["there is no service nobody.shop.svc.cluster.local yet"]),
        ("DestinationRule", "{host: api.example.com}", []),
        (
            "DestinationRule",
            "{host: reviews, subsets: [{name: all}]}",
            ["subset all has no labels: it stands for all endpoints"],
        ),
        (
            "DestinationRule",
            "{host: reviews, trafficPolicy: {portLevelSettings:"
            " [{port: {number: 1}, tls: {}}, {port: {number: 9080}, tls: {}}]}}",
            ["service reviews.shop.svc.cluster.local has no port 1; it has 9080"],
        ),
        (
            "DestinationRule",
            "{host: reviews, subsets: [{name: v1, labels: {version: v1},"
            " trafficPolicy: {tunnel: {targetHost: a.b, targetPort: 1}}}]}",
            ["a tunnel carries TCP, and service reviews.shop.svc.cluster.local speaks HTTP on all its ports"],
        ),
        ("DestinationRule", "{host: database, trafficPolicy: {tunnel: {targetHost: a.b, targetPort: 1}}}", []),
        (
            "Sidecar",
            "{workloadSelector: {labels: {app: reviews}}, ingress: [{port: {number: 9443, protocol: HTTPS, name: a},"
            " tls: {mode: SIMPLE, serverCertificate: /a.crt, privateKey: /a.key}}]}",
            [
                "port 9443 takes mutual TLS of the mesh (PERMISSIVE): TLS of its own has an effect once a"
                " PeerAuthentication says DISABLE for the port"
            ],
        ),
        (
            "VirtualService",
            "{hosts: [reviews], tcp: [{route: [{destination: {host: reviews}}]}]}",
            ["no port that these rules are for speaks TCP"],
        ),
        (
            "VirtualService",
            "{hosts: [database], tls: [{match: [{sniHosts: [database]}], route: [{destination: {host: database}}]}]}",
            ["no port that these rules are for speaks TLS that is passed on"],
        ),
        (
            "VirtualService",
            "{hosts: [database], http: [{directResponse: {status: 200}}]}",
            ["no port that these rules are for speaks HTTP"],
        ),
        ("VirtualService", "{hosts: [a.b, database], http: [{directResponse: {status: 200}}]}", []),
        ("VirtualService", "{hosts: [reviews, database], tcp: [{route: [{destination: {host: reviews}}]}]}", []),
        (
            "Gateway",
            "{selector: {istio: nowhere}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}",
            ["no pod has the labels istio=nowhere: nobody serves it"],
        ),
        ("AuthorizationPolicy", "{}", []),
        (
            "AuthorizationPolicy",
            "{action: CUSTOM, provider: {name: nobody}, rules: [{}]}",
            ["there is no extension provider nobody: until it comes, the workloads selected deny every request"],
        ),
        (
            "AuthorizationPolicy",
            "{action: CUSTOM, provider: {name: authz-grpc}, rules: [{}]}",
            [
                "there is no service authz.shop.svc.cluster.local with port 9000 for extension provider authz-grpc:"
                " until it comes, the workloads selected deny every request"
            ],
        ),
    ],
)
def test_tells_of_what_is_missing(kind: str, spec: str, expected: list[str]) -> None:
    row = changes_of(object_of(kind, spec))[-1][2]
    assert list(advice(engine_of(SHOP).store, row)) == expected


def test_says_nothing_of_rules_that_resolve() -> None:
    engine = engine_of(f"{SHOP}\n---\n{RULES}")
    assert [line for _, _, row in changes_of(RULES) for line in advice(engine.store, row)] == []


DATED = "metadata: {{name: {name}, namespace: shop, creationTimestamp: '{date}'}}"
OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"


def dated(kind: str, name: str, date: str, spec: str) -> str:
    written = object_of(kind, spec).replace("metadata: {name: it, namespace: shop}", DATED.format(name=name, date=date))
    return written.replace("networking.", "security.") if kind == "PeerAuthentication" else written


def told(text: str, *others: str) -> list[str]:
    """What the author of the last object of `text` is told, with `others` in the mesh."""
    row = changes_of(text)[-1][2]
    return [
        f"{finding.field}: {finding.text}" for finding in findings(engine_of("---".join((SHOP, *others))).store, row)
    ]


ANSWER = "{hosts: [%s], gateways: [%s], http: [{%s directResponse: {status: 200}}]}"


def test_of_two_for_one_host_in_the_mesh_both_are_told_which_counts() -> None:
    old = dated("VirtualService", "old", OLD, ANSWER % ("reviews", "mesh", ""))
    new = dated("VirtualService", "new", NEW, ANSWER % ("reviews", "mesh", ""))
    host = "reviews.shop.svc.cluster.local"
    expected = "spec.hosts: VirtualService shop/{} has the host {} too: in the mesh VirtualService shop/old counts"
    assert told(new, old) == [f"{expected.format('old', host)}, being older; make them one"]
    assert told(old, new) == [f"{expected.format('new', host)}, being older; make them one"]
    assert told(old, old) == []
    elsewhere = dated("VirtualService", "far", OLD, ANSWER % ("ratings", "mesh", ""))
    assert told(new, elsewhere) == []


def test_of_two_that_no_namespace_sees_both_none_is_told() -> None:
    private = "{hosts: [reviews], exportTo: [%s], http: [{directResponse: {status: 200}}]}"
    old = dated("VirtualService", "old", OLD, private % "bank")
    assert told(dated("VirtualService", "new", NEW, private % "."), old) == []
    assert len(told(dated("VirtualService", "new", NEW, private % "'*'"), old)) == 1


def test_at_a_gateway_only_two_that_take_every_request_conflict() -> None:
    port = "{number: 80, name: http, protocol: HTTP}"
    servers = f"servers: [{{port: {port}, hosts: [a.b]}}]"
    edge = dated("Gateway", "edge", OLD, f"{{selector: {{istio: ingressgateway}}, {servers}}}")
    old = dated("VirtualService", "old", OLD, ANSWER % ("a.b", "edge", ""))
    narrow = dated("VirtualService", "narrow", NEW, ANSWER % ("a.b", "edge", "match: [{uri: {prefix: /x}}],"))
    wide = dated("VirtualService", "wide", NEW, ANSWER % ("a.b", "edge", ""))
    assert told(narrow, edge, old) == []
    assert told(wide, edge, old) == [
        "spec.hosts: VirtualService shop/old has the host a.b at Gateway shop/edge too, and both take every request:"
        " VirtualService shop/old does, being older; give one of them matches"
    ]
    beside = dated("Gateway", "beside", NEW, f"{{selector: {{istio: ingressgateway}}, {servers}}}")
    assert told(dated("VirtualService", "wide", NEW, ANSWER % ("a.b", "beside", "")), edge, old, beside) == [
        "spec.hosts: VirtualService shop/old has the host a.b at Gateway shop/edge too, and both take every request:"
        " VirtualService shop/old does, being older; give one of them matches"
    ]
    assert told(dated("VirtualService", "c", NEW, ANSWER % ("c.d", "edge", "")), edge) == [
        "spec.hosts: no server of Gateway shop/edge has the host c.d: it lets in a.b"
    ]


def test_rules_at_a_gateway_are_for_what_its_servers_speak() -> None:
    port, secure = "{number: 80, name: http, protocol: HTTP}", "{number: 443, name: tls, protocol: TLS}"
    web = f"{{port: {port}, hosts: [a.b]}}"
    passed = f"{{port: {secure}, hosts: [a.b], tls: {{mode: PASSTHROUGH}}}}"
    opened = f"{{port: {secure}, hosts: [a.b], tls: {{mode: SIMPLE, credentialName: a}}}}"
    tls = "tls: [{match: [{sniHosts: [a.b]}], route: [{destination: {host: database}}]}]"
    rules = dated("VirtualService", "it", NEW, f"{{hosts: [a.b], gateways: [edge], {tls}}}")

    def with_servers(*servers: str) -> list[str]:
        spec = f"{{selector: {{istio: ingressgateway}}, servers: [{', '.join(servers)}]}}"
        return told(rules, dated("Gateway", "edge", OLD, spec))

    nowhere = ["spec.tls: no port that these rules are for speaks TLS that is passed on"]
    assert with_servers(web) == with_servers(opened) == nowhere
    assert with_servers(web, passed) == []


def test_of_two_destination_rules_the_older_counts_part_by_part() -> None:
    subsets = "subsets: [{name: v1, labels: {version: v1}}]"
    old = dated("DestinationRule", "old", OLD, f"{{host: reviews, {subsets}}}")
    policy = "trafficPolicy: {tls: {mode: DISABLE}}"
    assert told(dated("DestinationRule", "new", NEW, f"{{host: reviews, {policy}}}"), old) == []
    assert told(dated("DestinationRule", "new", NEW, f"{{host: reviews, {policy}, {subsets}}}"), old) == [
        "spec.subsets: DestinationRule shop/old defines subset v1 of reviews.shop.svc.cluster.local too:"
        " that of DestinationRule shop/old counts, being older"
    ]
    older = dated("DestinationRule", "old", OLD, f"{{host: reviews, {policy}}}")
    assert told(dated("DestinationRule", "new", NEW, f"{{host: reviews, {policy}}}"), older) == [
        "spec.trafficPolicy: DestinationRule shop/old has a traffic policy for reviews.shop.svc.cluster.local too:"
        " that of DestinationRule shop/old counts, being older"
    ]
    assert told(
        dated("DestinationRule", "x", NEW, "{host: reviews, subsets: [{name: v7, labels: {version: v7}}]}")
    ) == ["spec.subsets.labels: no pod of reviews.shop.svc.cluster.local is in subset v7: version=v7"]


def test_of_two_gateways_at_one_port() -> None:
    server = (
        "{selector: {istio: ingressgateway}, servers: [{port: {number: 81, name: x, protocol: %s}, hosts: ['a.b']%s}]}"
    )
    old = dated("Gateway", "old", OLD, server % ("HTTP", ""))
    assert told(dated("Gateway", "new", NEW, server % ("HTTP2", "")), old) == []
    assert told(dated("Gateway", "new", NEW, server % ("TCP", "")), old) == [
        "spec.servers.port: Gateway shop/old serves HTTP at port 81 too: Gateway shop/old counts, being older"
    ]
    assert told(dated("Gateway", "new", NEW, server % ("HTTP2", ", name: blue")), old) == [
        "spec.servers.name: blue has no effect: Gateway shop/old serves port 81 too, and is older"
    ]
    assert told(dated("Gateway", "older", "2020-01-01T00:00:00Z", server % ("HTTP2", ", name: blue")), old) == []
    tls = ", tls: {mode: SIMPLE, credentialName: %s}"
    assert told(
        dated("Gateway", "new", NEW, server % ("HTTPS", tls % "one")),
        dated("Gateway", "old", OLD, server % ("HTTPS", tls % "two")),
    ) == [
        "spec.servers.tls: Gateway shop/old has other TLS settings for a.b at port 81:"
        " those of Gateway shop/old count, being older"
    ]


def test_two_ports_of_a_gateways_service_that_are_one_of_its_pod() -> None:
    servers = "servers: [{port: {number: 8080, name: b, protocol: HTTP}, hosts: [c.d]}]"
    new = dated("Gateway", "new", NEW, f"{{selector: {{istio: ingressgateway}}, {servers}}}")
    old = dated("Gateway", "old", OLD, f"{{selector: {{istio: ingressgateway}}, {servers.replace('8080', '80')}}}")
    assert told(old, new) == []
    assert told(new, old) == [
        "spec.servers.port: 8080 and 80 are both port 8080 of the pod:"
        " for all hosts only what Gateway shop/old says of 80 counts"
    ]


def test_a_gateway_that_is_being_made_comes_after_those_that_are_there() -> None:
    servers = "servers: [{port: {number: 8080, name: b, protocol: HTTP}, hosts: [c.d]}]"
    old = dated("Gateway", "old", OLD, f"{{selector: {{istio: ingressgateway}}, {servers.replace('8080', '80')}}}")
    assert len(told(object_of("Gateway", f"{{selector: {{istio: ingressgateway}}, {servers}}}"), old)) == 1


def test_policies_that_hold_for_nobody() -> None:
    nobody = "spec.selector: no pod of namespace shop has the labels app=none: it holds for nobody yet"
    assert told(dated("PeerAuthentication", "new", NEW, "{selector: {matchLabels: {app: none}}}")) == [nobody]
    assert told(dated("PeerAuthentication", "new", NEW, "{}"), dated("PeerAuthentication", "old", OLD, "{}")) == [
        "spec.selector: PeerAuthentication shop/old is for the same workloads:"
        " PeerAuthentication shop/old counts, being older"
    ]


def test_a_service_whose_ports_do_not_say_what_they_speak() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: plain, namespace: shop}
spec:
  selector: {app: nobody}
  ports: [{port: 80}, {port: 81, name: web}, {port: 82, name: tcp-x}, {port: 83, name: http-y}]
"""
    first, second = told(service)
    assert first.startswith("spec.ports.name: port 80 does not say what it speaks: whether it is HTTP")
    assert second.startswith("spec.ports.name: port 81 (web) does not say")
