"""RequestAuthentication in a real Envoy: which tokens pass, where they are looked for, and what is told of them."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from conformance.tokens import Issuer
from meshd.model.tables import ISSUERS
from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of
from tests.meshd.networking.proxied import proxied

SHOP = (MESHES / "shop.yaml").read_text()
RSA, EC, STRANGER = Issuer("https://rsa.example"), Issuer("https://ec.example", "ES256"), Issuer("https://rsa.example")


def authentication(rules: str, name: str = "tokens", namespace: str = "shop", selector: str = "{app: frontend}") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{selector: {{matchLabels: {selector}}}, jwtRules: [{rules}]}}
"""


def rule(issuer: Issuer, more: str = "") -> str:
    return f"{{issuer: '{issuer.name}', jwks: '{issuer.jwks}'{more}}}"


def mesh(*objects: str) -> str:
    return "\n---\n".join((SHOP, *objects))


def test_no_token_passes_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    engine = engine_of(mesh(authentication(rule(RSA, ", audiences: [shop]"))))
    with proxied(engine, tmp_path) as proxy:

        def status(token: str) -> int:
            return proxy.get(authorization=f"Bearer {token}").status

        assert proxy.get().status == 200
        assert status(RSA.token(aud="shop")) == 200
        assert status(RSA.token(aud=["others", "shop"])) == 200
        assert status(RSA.token(aud="others")) == 403  # Envoy's answer for an audience, and Istio's
        assert status(RSA.token(aud="shop", lasts=-600)) == 401
        assert status(STRANGER.token(aud="shop")) == 401
        assert status(EC.token(aud="shop")) == 401
        assert status("not-a-token") == 401


def test_rules_of_several_objects_each_let_their_tokens_in(tmp_path: Path) -> None:
    everywhere = authentication(rule(EC), "all", "istio-system", "{}")
    with proxied(engine_of(mesh(authentication(rule(RSA)), everywhere)), tmp_path) as proxy:
        assert proxy.get().status == 200
        for issuer, status in ((RSA, 200), (EC, 200), (STRANGER, 401), (Issuer("https://else.example"), 401)):
            assert proxy.get(authorization=f"Bearer {issuer.token()}").status == status


def test_tokens_are_looked_for_where_told_and_only_there(tmp_path: Path) -> None:
    places = ", fromHeaders: [{name: x-token, prefix: 'Token '}], fromParams: [tok], fromCookies: [session]"
    with proxied(engine_of(mesh(authentication(rule(RSA, places)))), tmp_path) as proxy:
        good, bad = RSA.token(), STRANGER.token()
        for token, status in ((good, 200), (bad, 401)):
            assert proxy.get(x_token=f"Token {token}").status == status
            assert proxy.get(f"/?tok={token}").status == status
            assert proxy.get(cookie=f"session={token}").status == status
        assert proxy.get(authorization=f"Bearer {bad}").status == 200


def test_what_a_token_says_is_told_the_application(tmp_path: Path) -> None:
    outputs = (
        ", forwardOriginalToken: true, outputPayloadToHeader: x-payload"
        ", outputClaimToHeaders: [{header: x-claim, claim: user.team}]"
    )
    kept, dropped = tmp_path / "kept", tmp_path / "dropped"
    kept.mkdir()
    dropped.mkdir()
    token = RSA.token("ann", user={"team": "blue"})
    with proxied(engine_of(mesh(authentication(rule(RSA, outputs)))), kept) as proxy:
        seen = proxy.get(authorization=f"Bearer {token}").seen
        assert seen["authorization"] == f"Bearer {token}"
        assert json.loads(base64.urlsafe_b64decode(f"{seen['x-payload']}=="))["sub"] == "ann"
        assert seen["x-claim"] == "blue"
        forged = proxy.get(x_claim="red", x_payload="forged").seen
        assert (forged["x-claim"], forged["x-payload"]) == (None, None)
    with proxied(engine_of(mesh(authentication(rule(RSA)))), dropped) as proxy:
        assert not proxy.get(authorization=f"Bearer {token}").seen["authorization"]


@contextmanager
def key_server(jwks: str) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/keys"
            self.send_response(200 if found else 404)
            self.send_header("content-length", str(len(jwks)))
            self.end_headers()
            self.wfile.write(jwks.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_keys_are_fetched_from_a_service_of_the_mesh_or_from_elsewhere(tmp_path: Path) -> None:
    """A server that is not there leaves all else alone."""
    gone = "{issuer: 'https://gone.example', jwksUri: 'https://keys.invalid/keys'}"
    in_mesh = f"{{issuer: '{RSA.name}', jwksUri: 'http://reviews:9080/keys'}}"
    with key_server(RSA.jwks) as inside, key_server(EC.jwks) as outside:
        elsewhere = f"{{issuer: '{EC.name}', jwksUri: 'http://127.0.0.1:{outside}/keys'}}"
        engine = engine_of(mesh(authentication(", ".join((gone, in_mesh, elsewhere)))))
        clusters = {"outbound|9080||reviews.shop.svc.cluster.local": inside}
        with proxied(engine, tmp_path, clusters=clusters) as proxy:
            assert proxy.get().status == 200
            for issuer in (RSA, EC):
                deadline = time.monotonic() + 10
                while (status := proxy.get(authorization=f"Bearer {issuer.token()}").status) != 200:
                    assert status == 401
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
            assert proxy.get(authorization=f"Bearer {STRANGER.token()}").status == 401
            assert proxy.get(authorization=f"Bearer {Issuer('https://gone.example').token()}").status == 401
            assert proxy.get().status == 200


def test_an_issuer_without_keys_has_all_its_tokens_refused(tmp_path: Path) -> None:
    with proxied(engine_of(mesh(authentication(f"{{issuer: '{RSA.name}'}}"))), tmp_path) as proxy:
        assert proxy.get().status == 200
        assert proxy.get(authorization=f"Bearer {RSA.token()}").status == 401


def test_keys_are_fetched_where_the_issuer_says() -> None:
    engine = engine_of(mesh(authentication("{issuer: 'https://id.example'}")))
    before = resources_of(engine, "shop/frontend-1")
    engine.apply([(ISSUERS, "https://id.example", "https://keys.example/k")])
    made = resources_of(engine, "shop/frontend-1")
    assert made["Cluster"].keys() - before["Cluster"].keys() == {"jwks|443|tls|keys.example"}
    assert '"https://keys.example/k"' in json.dumps(made["Listener"]["virtualInbound"])


def test_only_key_servers_outside_the_mesh_get_clusters_of_their_own() -> None:
    rules = ", ".join(
        f"{{issuer: '{uri}', jwksUri: '{uri}'}}"
        for uri in (
            "http://reviews.shop:9080/k",
            "https://reviews.shop:9080/k",
            "https://id.example/k",
            "http://id.b/k",
        )
    )
    clusters = resources_of(engine_of(mesh(authentication(rules))), "shop/frontend-1")["Cluster"]
    own = sorted(name for name in clusters if name.startswith("jwks|"))
    assert own == ["jwks|443|tls|id.example", "jwks|80||id.b", "jwks|9080|tls|reviews.shop"]
    other = resources_of(engine_of(mesh(authentication(rules))), "shop/reviews-v1")["Cluster"]
    assert not [name for name in other if name.startswith("jwks|")]


def test_a_destination_rule_may_open_tls_to_a_key_server() -> None:
    opens = """
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec: {host: reviews, trafficPolicy: {tls: {mode: SIMPLE, caCertificates: /etc/ca.pem}}}
"""
    rules = "{issuer: a, jwksUri: 'https://reviews.shop:9080/keys'}"
    clusters = resources_of(engine_of(mesh(authentication(rules), opens)), "shop/frontend-1")["Cluster"]
    assert not [name for name in clusters if name.startswith("jwks|")]


def test_a_sidecar_does_not_cut_its_proxy_off_from_keys() -> None:
    narrow = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: narrow, namespace: shop}
spec: {egress: [{hosts: ["istio-system/*"]}]}
"""
    name = "outbound|9080||reviews.shop.svc.cluster.local"
    assert name not in resources_of(engine_of(mesh(narrow)), "shop/frontend-1")["Cluster"]
    rules = "{issuer: a, jwksUri: 'http://reviews:9080/keys'}"
    made = resources_of(engine_of(mesh(narrow, authentication(rules))), "shop/frontend-1")
    assert name in made["Cluster"]
    assert name in made["ClusterLoadAssignment"]
