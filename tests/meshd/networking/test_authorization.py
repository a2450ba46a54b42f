"""AuthorizationPolicy in a real Envoy, without certificates: tokens, paths, providers and what is only reported."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.tokens import Issuer
from meshd.model.mesh import PathNormalization
from tests.meshd.networking.mesh_of import AUTHZ, CONFIG, MESHES, engine_of
from tests.meshd.networking.proxied import Answer, Proxy, proxied

SHOP = (MESHES / "shop.yaml").read_text()
ISSUER = Issuer("https://issuer.example/realm", "ES256")
AUTHZ_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: authz, namespace: shop}
spec:
  clusterIP: 10.96.0.9
  selector: {app: authz}
  ports: [{name: http, port: 8000}, {name: grpc, port: 9000}]
"""


def tokens_of(issuer: Issuer) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {{name: tokens, namespace: shop}}
spec: {{jwtRules: [{{issuer: '{issuer.name}', jwks: '{issuer.jwks}', spaceDelimitedClaims: [roles]}}]}}
"""


TOKENS = tokens_of(ISSUER)


def policy(rules: str, action: str = "ALLOW", more: str = "", dry_run: bool = False) -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {action.lower()}, namespace: shop, annotations: {{istio.io/dry-run: "{str(dry_run).lower()}"}}}}
spec: {{action: {action}, rules: {rules}{more}}}
"""


def mesh(*objects: str) -> str:
    return "\n---\n".join((SHOP, *objects))


def with_token(proxy: Proxy, subject: str = "ann", path: str = "/", **claims: Any) -> Answer:
    return proxy.get(path, authorization=f"Bearer {ISSUER.token(subject, **claims)}")


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("https://issuer.example/realm/ann", True),
        ("https://issuer.example/realm/*", True),
        ("https://issuer.example/*", True),
        ("https://issuer*", True),
        ("*", True),
        ("*/ann", True),
        ("*realm/ann", True),
        ("*nn", True),
        ("https://issuer.example/realm", False),
        ("https://issuer.example/realm/an", False),
        ("https://issuer.example/realm/bob", False),
        ("https://issuer.example/ann", False),
        ("*/bob", False),
        ("ann", False),
    ],
)
def test_request_principals(principal: str, allowed: bool, tmp_path: Path) -> None:
    rules = f"[{{from: [{{source: {{requestPrincipals: ['{principal}']}}}}]}}]"
    with proxied(engine_of(mesh(TOKENS, policy(rules))), tmp_path) as proxy:
        assert with_token(proxy).status == (200 if allowed else 403)
        assert proxy.get().status == 403


def test_an_issuer_may_end_with_a_slash(tmp_path: Path) -> None:
    issuer = Issuer("https://tenant.example/")
    rules = "[{from: [{source: {requestPrincipals: ['https://tenant.example//ann']}}]}]"
    with proxied(engine_of(mesh(tokens_of(issuer), policy(rules))), tmp_path) as proxy:
        for subject, status in (("ann", 200), ("bob", 403)):
            assert proxy.get(authorization=f"Bearer {issuer.token(subject)}").status == status


def test_a_subject_may_hold_slashes(tmp_path: Path) -> None:
    rules = "[{from: [{source: {requestPrincipals: ['https://issuer.example/realm/team/ann']}}]}]"
    with proxied(engine_of(mesh(TOKENS, policy(rules))), tmp_path) as proxy:
        assert with_token(proxy, "team/ann").status == 200
        assert with_token(proxy, "team/bob").status == 403


def test_those_without_a_token_are_kept_out_and_others_are_not(tmp_path: Path) -> None:
    rules = "[{from: [{source: {notRequestPrincipals: ['*']}}], to: [{operation: {paths: [/private]}}]}]"
    with proxied(engine_of(mesh(TOKENS, policy(rules, "DENY"))), tmp_path) as proxy:
        assert proxy.get("/private").status == 403
        assert proxy.get("/").status == 200
        assert with_token(proxy, path="/private").status == 200


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ("key: 'request.auth.claims[team]', values: [blue, 'gr*']", {"team": "blue"}, {"team": "red"}),
        ("key: 'request.auth.claims[team]', values: ['gr*']", {"team": ["red", "green"]}, {"team": ["red", "blue"]}),
        ("key: 'request.auth.claims[team]', values: ['*']", {"team": "x"}, {}),
        ("key: 'request.auth.claims[team]', notValues: [red]", {"team": "blue"}, {"team": "red"}),
        ("key: 'request.auth.claims[user][team]', values: [blue]", {"user": {"team": "blue"}}, {"user.team": "blue"}),
        ("key: 'request.auth.claims[user][teams]', values: [b]", {"user": {"teams": ["a", "b"]}}, {"user": ["b"]}),
        ("key: 'request.auth.claims[scope]', values: [write]", {"scope": "read write"}, {"scope": "read writer"}),
        ("key: 'request.auth.claims[roles]', values: [boss]", {"roles": "boss x"}, {"roles": "bossx"}),
        ("key: request.auth.audiences, values: [shop]", {"aud": ["a", "shop"]}, {"aud": "a"}),
        ("key: request.auth.presenter, values: [app]", {"azp": "app"}, {"azp": "other"}),
        ("key: request.auth.principal, values: ['*/ann']", {}, {"sub": "bob"}),
    ],
)
def test_conditions_on_tokens(condition: str, fits: dict[str, Any], fits_not: dict[str, Any], tmp_path: Path) -> None:
    with proxied(engine_of(mesh(TOKENS, policy(f"[{{when: [{{{condition}}}]}}]"))), tmp_path) as proxy:
        assert with_token(proxy, **fits).status == 200
        assert with_token(proxy, **fits_not).status == 403


def test_claims_count_only_where_a_token_is_read(tmp_path: Path) -> None:
    rules = "[{when: [{key: 'request.auth.claims[team]', values: [blue]}]}]"
    with proxied(engine_of(mesh(policy(rules))), tmp_path) as proxy:
        assert with_token(proxy, team="blue").status == 403


@pytest.mark.parametrize(
    ("kind", "denied", "allowed"),
    [
        (PathNormalization.NONE, ["/admin"], ["/x/../admin", "//admin", "/%61dmin"]),
        (
            PathNormalization.BASE,
            ["/admin", "/x/../admin", "/./admin", r"/x\..\admin", "/%61dmin"],
            ["//admin", "/%2fadmin"],
        ),
        (PathNormalization.MERGE_SLASHES, ["/admin", "//admin", "/x/..///admin"], ["/%2fadmin", "/x%2f..%2fadmin"]),
        (
            PathNormalization.DECODE_AND_MERGE_SLASHES,
            ["/admin", "//admin", "/%2Fadmin", "/x%2f..%2fadmin", "/%5cadmin"],
            ["/administration"],
        ),
    ],
)
def test_a_path_has_one_spelling(
    kind: PathNormalization, denied: list[str], allowed: list[str], tmp_path: Path
) -> None:
    text = mesh(policy("[{to: [{operation: {paths: [/admin]}}]}]", "DENY"))
    with proxied(engine_of(text, replace(CONFIG, path_normalization=kind)), tmp_path) as proxy:
        assert {path: proxy.get(path).status for path in denied} == dict.fromkeys(denied, 403)
        assert {path: proxy.get(path).status for path in allowed} == dict.fromkeys(allowed, 200)
        assert proxy.get("/admin?query=1").status == 403
        assert proxy.get("/admin#fragment").status == 400


def test_hosts_are_compared_without_regard_to_case(tmp_path: Path) -> None:
    rules = "[{to: [{operation: {hosts: ['Secret.example', '*.Hidden.example', 'Open.example:*']}}]}]"
    with proxied(engine_of(mesh(policy(rules, "DENY"))), tmp_path) as proxy:
        for host in ("secret.example", "SECRET.EXAMPLE", "a.hidden.EXAMPLE", "open.example:80"):
            assert proxy.get(host=host).status == 403, host
        for host in ("other.example", "hidden.example", "open.example"):
            assert proxy.get(host=host).status == 200, host


def test_dry_runs_and_audits_change_no_verdict_and_are_reported(tmp_path: Path) -> None:
    objects = (
        policy("[{to: [{operation: {methods: [GET]}}]}]", "ALLOW", dry_run=True),
        policy("[{to: [{operation: {paths: [/shut]}}]}]", "DENY", dry_run=True),
        policy("[{to: [{operation: {paths: [/watched]}}]}]", "AUDIT"),
    )
    with proxied(engine_of(mesh(*objects)), tmp_path) as proxy:
        for path, method in (("/", "GET"), ("/", "PUT"), ("/shut", "GET"), ("/watched", "GET")):
            assert proxy.get(path, method).status == 200
        deadline = time.monotonic() + 15
        while len(lines := proxy.lines()) < 3:
            assert time.monotonic() < deadline, lines
            time.sleep(0.1)
    put, shut, watched = lines
    assert (put["method"], put["dry_run_allow"], put["audited"]) == ("PUT", "denied", False)
    assert (shut["path"], shut["dry_run_deny"]) == ("/shut", "denied")
    assert shut["dry_run_deny_policy"] == "ns[shop]-policy[deny]-rule[0]"
    assert (watched["path"], watched["audited"], watched["dry_run_allow"]) == ("/watched", True, "allowed")


@contextmanager
def decider() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """An ext_authz service over HTTP: lets in who has a cookie; its port, and what it was sent."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            allowed = self.headers.get("cookie") == "let=me-in"
            self.send_response(200 if allowed else 403)
            for name in ("x-added", "x-allowed", "x-denied", "x-other"):
                self.send_header(name, "from the decider")
            self.send_header("content-length", "0")
            self.end_headers()

        do_PUT = do_GET

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()


def custom(provider: str, rules: str = "[{to: [{operation: {paths: [/asked]}}]}]") -> str:
    return policy(rules, "CUSTOM", f", provider: {{name: {provider}}}")


def test_a_provider_decides_about_what_its_policies_fit(tmp_path: Path) -> None:
    denied = policy("[{to: [{operation: {methods: [PUT]}}]}]", "DENY")
    engine = engine_of(mesh(AUTHZ_SERVICE, custom("authz-http"), denied))
    with decider() as (port, asked), proxied(engine, tmp_path, clusters={f"outbound|8000||{AUTHZ}": port}) as proxy:
        assert proxy.get("/").status == 200
        assert asked == []
        refused = proxy.get("/asked")
        assert (refused.status, refused.headers.get("x-denied"), "x-other" in refused.headers) == (
            403,
            "from the decider",
            False,
        )
        let_in = proxy.get("/asked", cookie="let=me-in", x_secret="kept")
        assert (let_in.status, let_in.headers.get("x-allowed")) == (200, "from the decider")
        assert let_in.seen["x-added"] == "from the decider"
        assert asked[1]["path"] == "/check/asked"
        assert asked[1]["x-checked-by"] == "the mesh"
        assert "x-secret" not in asked[1]
        assert proxy.get("/asked", "PUT", cookie="let=me-in").status == 403


@pytest.mark.parametrize(("provider", "port", "status"), [("authz-http", 8000, 503), ("authz-grpc", 9000, 200)])
def test_a_provider_that_does_not_answer_keeps_out_or_lets_in_as_told(
    provider: str, port: int, status: int, tmp_path: Path
) -> None:
    nobody = {f"outbound|{port}||{AUTHZ}": 1}
    with proxied(engine_of(mesh(AUTHZ_SERVICE, custom(provider))), tmp_path, clusters=nobody) as proxy:
        assert proxy.get("/asked").status == status
        assert proxy.get("/").status == 200


@pytest.mark.parametrize("objects", [(custom("unheard-of"),), (custom("authz-http"),)])
def test_without_the_provider_or_its_service_nobody_is_let_in(objects: tuple[str, ...], tmp_path: Path) -> None:
    with proxied(engine_of(mesh(*objects)), tmp_path) as proxy:
        assert proxy.get("/asked").status == 403
        assert proxy.get("/").status == 403
