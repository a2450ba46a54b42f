"""The suite's requests of HTTP/2: frames as RFC 9113 has them, headers as RFC 7541 has them."""

from __future__ import annotations

import pytest

from conformance.l4 import http2


def test_a_request_is_preface_settings_and_one_complete_stream() -> None:
    sent = http2.request("a.test", headers={"te": "trailers"}).encode("ascii")
    preface, settings, rest = sent[:24], sent[24:33], sent[33:]
    assert preface == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    assert settings == bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    assert rest[:9] == bytes([0, 0, len(rest) - 9, 1, 5, 0, 0, 0, 1])
    assert rest[9:].startswith(b"\0\7:method\3GET\0\7:scheme\4http\0\5:path\1/\0\x0a:authority\6a.test")
    assert rest.endswith(b"\0\2te\x08trailers")


def test_what_would_need_more_than_one_byte_of_length_is_refused() -> None:
    with pytest.raises(ValueError, match="126 ASCII"):
        http2.request("a" * 127)
    with pytest.raises(ValueError, match="126 ASCII"):
        http2.request("ä.test")
