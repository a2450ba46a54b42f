"""What tests judge by: captures, XFCC, spans, Prometheus answers, certificates."""

from __future__ import annotations

import base64
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509

from conformance.certificates import Authority, KeyPair
from conformance.gateway_tls.https import get, tls_context
from conformance.metrics.prometheus import counter_sum, parse_counts
from conformance.mtls.capture import is_tls, parse_capture
from conformance.mtls.xfcc import HEADER, last_caller, parse_xfcc
from conformance.tracing.spans import at, descends_from, parse_spans, unknown_parents


def load_pair(context: ssl.SSLContext, pair: KeyPair, folder: Path) -> ssl.SSLContext:
    (folder / "crt").write_text(pair.certificate)
    (folder / "key").write_text(pair.key)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


def test_a_real_tls_conversation_is_tls_and_hides_its_payload(tmp_path: Path) -> None:
    authority = Authority("test")
    server_context = load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), authority.issue("a.test"), tmp_path)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls_context(authority.certificate).wrap_bio(down, up, server_hostname="a.test")
    server = server_context.wrap_bio(up_in := ssl.MemoryBIO(), down_out := ssl.MemoryBIO(), server_side=True)
    sent = received = b""
    for _ in range(4):
        for side in (client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
            moved, back = up.read(), down_out.read()
            sent, received = sent + moved, received + back
            up_in.write(moved)
            down.write(back)
    client.write(b"marker-123")
    sent += up.read()
    flows = {"a>b": base64.b64encode(sent).decode(), "b>a": base64.b64encode(received).decode()}
    captured = parse_capture({"flows": flows})
    assert captured.plaintext_flows == []
    assert not captured.holds("marker-123")
    assert captured.size == len(sent) + len(received)
    assert is_tls(sent[:-3]), "the last record may be cut short"


@pytest.mark.parametrize(
    "content", [b"", b"GET / HTTP/1.1\r\n", b"\x16\x02\x01\x00\x01a", b"\x17\x03\x03\x00\x01aHTTP/1.1 200"]
)
def test_plaintext_is_not_tls(content: bytes) -> None:
    assert not is_tls(content)


def test_plaintext_capture_shows_the_marker() -> None:
    captured = parse_capture({"flows": {"a>b": base64.b64encode(b"GET /marker HTTP/1.1").decode()}})
    assert captured.holds("marker")
    assert captured.plaintext_flows == ["a>b"]


def test_xfcc_elements_and_quotes() -> None:
    header = (
        'By=spiffe://d/ns/a/sa/b;Hash=12;Subject="CN=a,O=\\"b\\";c";URI=spiffe://d/ns/x/sa/y,By=z;URI=u;DNS=p;DNS=q'
    )
    first, second = parse_xfcc(header)
    assert first["Subject"] == ['CN=a,O="b";c']
    assert first["URI"] == ["spiffe://d/ns/x/sa/y"]
    assert second == {"By": ["z"], "URI": ["u"], "DNS": ["p", "q"]}
    assert last_caller({HEADER: header}) == "u"
    assert last_caller({}) is None
    assert last_caller({HEADER: "By=x"}) is None


SPANS = parse_spans(
    [
        {"traceId": "t", "id": "1", "parentId": "0", "kind": "SERVER", "tags": {"node_id": "router~1~gw"}},
        {"traceId": "t", "id": "2", "parentId": "1", "kind": "SERVER", "tags": {"node_id": "sidecar~2~first"}},
        {"traceId": "t", "id": "3", "parentId": "2", "kind": "CLIENT", "localEndpoint": {"serviceName": "first"}},
        {"traceId": "t", "id": "3", "parentId": "2", "kind": "SERVER", "localEndpoint": {"ipv4": "10.0.0.9"}},
        {"traceId": "t", "id": "9", "parentId": "8", "kind": "SERVER"},
    ]
)


def test_spans_are_found_by_place_and_ancestry() -> None:
    gateway, first, last = at(SPANS, "gw"), at(SPANS, "first"), at(SPANS, "10.0.0.9")
    assert [span.id for span in gateway + first + last] == ["1", "2", "3", "3"]
    assert descends_from(SPANS, last[0], gateway)
    assert descends_from(SPANS, last[0], first)
    assert not descends_from(SPANS, gateway[0], first)
    assert not descends_from(SPANS, SPANS[4], gateway)


def test_missing_parents_are_named() -> None:
    assert [span.id for span in unknown_parents(SPANS, "0")] == ["9"]
    assert [span.id for span in unknown_parents(SPANS)] == ["1", "9"]


def test_prometheus_counts_and_query() -> None:
    answer = {
        "status": "success",
        "data": {"result": [{"metric": {"code": "200"}, "value": [1, "12"]}, {"metric": {}, "value": [1, "3"]}]},
    }
    assert parse_counts(answer, ["code"]) == {("200",): 12, ("",): 3}
    with pytest.raises(AssertionError, match="bad query"):
        parse_counts({"status": "error", "error": "bad query"}, ["code"])
    assert counter_sum("m", ["a", "b"], y="2", x="1") == 'sum by (a,b) (m{x="1",y="2"})'


@contextmanager
def https_server(context: ssl.SSLContext) -> Iterator[str]:
    """Answers every connection with one small HTTP response until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                plain, _ = listener.accept()
            except TimeoutError:
                continue
            plain.settimeout(5)
            with closing(plain):
                try:
                    with context.wrap_socket(plain, server_side=True) as encrypted:
                        encrypted.recv(1000)
                        encrypted.sendall(b"HTTP/1.1 200 OK\r\nx-echo-version: v7\r\ncontent-length: 2\r\n\r\nok")
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        thread.join()
        listener.close()


def test_https_with_made_certificates(tmp_path: Path) -> None:
    servers, clients = Authority("servers"), Authority("clients")
    context = load_pair(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), servers.issue("a.test"), tmp_path)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=clients.certificate)
    known, stranger = clients.issue("c", client=True), Authority("other").issue("c", client=True)
    with https_server(context) as address:
        answer = get(address, "a.test", tls_context(servers.certificate, known), 5)
        assert (answer.status, answer.version, answer.names) == (200, "v7", frozenset({"a.test"}))
        for shown in (None, stranger):
            with pytest.raises(OSError):  # noqa: PT011
                get(address, "a.test", tls_context(servers.certificate, shown), 5)
        with pytest.raises(ssl.SSLCertVerificationError):
            get(address, "b.test", tls_context(servers.certificate, known), 5)


def test_certificates_know_their_pins_and_may_be_revoked() -> None:
    clients = Authority("clients")
    kept, revoked = clients.issue("a", client=True), clients.issue("a", client=True, use_rsa=True)
    assert len(base64.b64decode(kept.spki_pin)) == 32
    assert kept.hash_pin == hashlib.sha256(kept.der).hexdigest()
    listed = x509.load_pem_x509_crl(clients.revoke(revoked).encode())
    numbers = [x509.load_der_x509_certificate(pair.der).serial_number for pair in (kept, revoked)]
    assert [listed.get_revoked_certificate_by_serial_number(number) is not None for number in numbers] == [False, True]
