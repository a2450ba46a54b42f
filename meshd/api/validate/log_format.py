"""Formats of access logs: text with Envoy's command operators."""

from __future__ import annotations

import re

from .http_header import COMMANDS

_FORMAT = re.compile(r"(?:[^%]|%%|%[A-Z0-9_]+(?:\([^)]*\))?(?::[0-9]+)?%)*")
_COMMAND = re.compile(r"%([A-Z0-9_]+)(?:\([^)]*\))?(?::[0-9]+)?%")
_OF_LOGS = COMMANDS | {
    *("CONNECTION_TERMINATION_DETAILS", "UPSTREAM_TRANSPORT_FAILURE_REASON", "UPSTREAM_CLUSTER_RAW"),
    *("REQUEST_DURATION", "RESPONSE_DURATION", "RESPONSE_TX_DURATION", "REQUEST_HEADERS_BYTES"),
    *("RESPONSE_HEADERS_BYTES", "RESPONSE_TRAILERS_BYTES", "UPSTREAM_PEER_URI_SAN", "UPSTREAM_PEER_SUBJECT"),
    *("UPSTREAM_TLS_VERSION", "UPSTREAM_TLS_CIPHER", "ACCESS_LOG_TYPE", "UPSTREAM_WIRE_BYTES_SENT"),
    *("UPSTREAM_WIRE_BYTES_RECEIVED", "DOWNSTREAM_WIRE_BYTES_SENT", "DOWNSTREAM_WIRE_BYTES_RECEIVED"),
}


def log_format_problem(text: str) -> str:
    """Why Envoy would not take `text` as a format; empty when it does."""
    if not _FORMAT.fullmatch(text):
        return f'"{text.strip()}" has an unfinished %COMMAND%; write %% for a percent sign'
    for command in _COMMAND.findall(text.replace("%%", "")):
        if command not in _OF_LOGS:
            return f"%{command}% is no command of Envoy's that is known here; write %% for a percent sign"
    return ""
