"""A request of HTTP/2 by prior knowledge, as text: nothing in it is compressed, so that every byte is ASCII.

https://www.rfc-editor.org/rfc/rfc9113#section-3.3 and https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2
"""

from __future__ import annotations

from collections.abc import Mapping

PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS = 4, 1
END_STREAM, END_HEADERS = 1, 4


def request(authority: str, path: str = "/", method: str = "GET", headers: Mapping[str, str] | None = None) -> str:
    """The client's first words and one request without a body. ValueError for what is too long for this."""
    pseudo = {":method": method, ":scheme": "http", ":path": path, ":authority": authority}
    block = "".join(f"\0{_counted(name)}{_counted(value)}" for name, value in {**pseudo, **(headers or {})}.items())
    return PREFACE + _frame(SETTINGS, 0, 0, "") + _frame(HEADERS, END_STREAM | END_HEADERS, 1, block)


def _frame(kind: int, flags: int, stream: int, payload: str) -> str:
    return f"\0\0{chr(_short(payload))}{chr(kind)}{chr(flags)}\0\0\0{chr(stream)}{payload}"


def _counted(text: str) -> str:
    return chr(_short(text)) + text


def _short(text: str) -> int:
    if len(text) > 126 or not text.isascii():
        raise ValueError(f"not of 126 ASCII characters at most: {text!r}")
    return len(text)
